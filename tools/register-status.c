/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes docs/registers.md: what the library does of each register of the chip, from the public register table.
 * With --check FILE it writes nothing and says whether that file is what it would write.
 *
 * What depends on the topology is not in the table. It is taken from two switches with the default topology: reset values
 * by peeking at one that nobody has touched, writable bits by writing to the other as the host of its first port.
 */
#include "register-page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void no_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)opaque;
	(void)address;
	(void)data;
}

static void no_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

static void no_kick(void *opaque, uint32_t slots)
{
	(void)opaque;
	(void)slots;
}

static int model_open(struct model *model, struct idtntb_error *error)
{
	size_t size = (idtntb_block_size() + 63) & ~(size_t)63;
	struct idtntb_topology topology;
	int result;

	model->block = aligned_alloc(64, size);
	if (!model->block) {
		snprintf(error->text, sizeof(error->text), "no memory for a switch of %zu bytes", size);
		return -ENOMEM;
	}
	result = idtntb_topology_parse(&topology, NULL, NULL, NULL, error);
	if (!result)
		result = idtntb_block_format(model->block, size, &topology, error);
	if (!result)
		result = idtntb_switch_open(&model->sw, model->block, size, error);
	return result;
}

static int model_attach(struct model *model, struct idtntb_error *error)
{
	static const struct idtntb_port_ops ops = {
		.size = sizeof(ops), .msi = no_msi, .intx = no_intx, .kick = no_kick
	};

	return idtntb_port_attach(&model->port, model->sw, idtntb_switch_topology(model->sw)->ports[0].port, 1, &ops,
				  NULL, error);
}

static void model_close(struct model *model)
{
	idtntb_port_detach(model->port);
	idtntb_switch_close(model->sw);
	free(model->block);
}

/* The number of the first line that differs, or 0. */
static unsigned first_difference(FILE *file, const char *text)
{
	unsigned line = 1;
	int c;

	for (; (c = fgetc(file)) != EOF; text++) {
		if (c != (unsigned char)*text)
			return line;
		line += c == '\n';
	}
	return *text ? line : 0;
}

static int check(const char *path, const char *text)
{
	FILE *file = fopen(path, "re");
	unsigned line;

	if (!file) {
		fprintf(stderr, "register-status: %s: %s\n", path, strerror(errno));
		return 1;
	}
	line = first_difference(file, text);
	fclose(file);
	if (!line)
		return 0;
	fprintf(stderr,
		"register-status: %s differs from the register table at line %u: write it anew with the output of "
		"this program\n",
		path, line);
	return 1;
}

int main(int argc, char **argv)
{
	struct idtntb_error error = { "" };
	struct page page = { 0 };
	char *text = NULL;
	size_t length = 0;
	int result = 1;

	if (argc != 1 && !(argc == 3 && !strcmp(argv[1], "--check"))) {
		fputs("usage: register-status [--check FILE]\n", stderr);
		return 2;
	}
	page.out = open_memstream(&text, &length);
	if (!page.out || model_open(&page.fresh, &error) || model_open(&page.used, &error) ||
	    model_attach(&page.used, &error)) {
		fprintf(stderr, "register-status: %s\n", *error.text ? error.text : strerror(errno));
	} else {
		page_print(&page);
		if (fflush(page.out))
			fprintf(stderr, "register-status: %s\n", strerror(errno));
		else
			result = argc == 3 ? check(argv[2], text) : fputs(text, stdout) == EOF;
	}
	model_close(&page.used);
	model_close(&page.fresh);
	if (page.out)
		fclose(page.out);
	free(text);
	return result;
}
