/* SPDX-License-Identifier: BSD-3-Clause */
/* Saved states looked into, and what is refused before a switch is looked for. */
#include "host.h"

#include <idtntb-view.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NTSDATA 0x40Cu

struct folder {
	char path[48], spec[96];
	const char *file;
};

static void folder_make(struct folder *folder)
{
	strcpy(folder->path, "/tmp/idtntb-view-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->spec, sizeof(folder->spec), "file:%s/state", folder->path);
	folder->file = strchr(folder->spec, ':') + 1;
}

static void folder_end(struct folder *folder)
{
	unlink(folder->file);
	assert_int_equal(rmdir(folder->path), 0);
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* A switch with something in it, saved; NTSDATA of port 0 tells which. */
static void *state_with(uint32_t data)
{
	void *image = malloc(idtntb_save_size());
	struct idtntb_error error = { "" };
	struct idtntb_view *view;
	struct host a;

	host_open(&a, "local:saved", 0, 0);
	nt_write(&a, NTSDATA, data);
	if (idtntb_view_open(&view, "local:saved", &error))
		fail_msg("%s", error.text);
	assert_int_equal(idtntb_switch_save(idtntb_view_switch(view), image, idtntb_save_size()), 0);
	idtntb_view_close(view);
	host_close(&a);
	return image;
}

static uint32_t data_of(struct idtntb_view *view)
{
	return idtntb_switch_peek(idtntb_view_switch(view), 0x1000 + NTSDATA);
}

static void test_file(void **state)
{
	const unsigned before = open_descriptors();
	struct idtntb_error error = { "" };
	struct idtntb_member owner;
	struct idtntb_view *view;
	struct folder folder;
	void *image;

	(void)state;
	folder_make(&folder);
	image = state_with(0xCAFE);
	write_file(folder.file, image, idtntb_save_size());
	if (idtntb_view_open(&view, folder.spec, &error))
		fail_msg("%s", error.text);
	assert_int_equal(data_of(view), 0xCAFE);
	/* Who held it, as it was. */
	assert_int_equal(idtntb_switch_member(idtntb_view_switch(view), 0, &owner), 0);
	assert_true(owner.owner && owner.up);
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		assert_null(idtntb_view_counters(view, slot));
	assert_false(idtntb_view_writable(view));
	assert_int_equal(idtntb_view_poke(view, 0, NTSDATA, 1, &error), -EROFS);
	assert_int_equal(idtntb_view_link_force(view, 0, true, &error), -EROFS);
	assert_int_equal(idtntb_view_load(view, image, idtntb_save_size(), &error), -EROFS);
	free(image);
	/* Another one in its place; one that is none; nothing. */
	image = state_with(0xF00D);
	write_file(folder.file, image, idtntb_save_size());
	assert_int_equal(idtntb_view_refresh(view, &error), 0);
	assert_int_equal(data_of(view), 0xF00D);
	write_file(folder.file, image, idtntb_save_size() / 2);
	assert_int_equal(idtntb_view_refresh(view, &error), -EINVAL);
	assert_non_null(strstr(error.text, "cut off"));
	unlink(folder.file);
	assert_int_equal(idtntb_view_refresh(view, &error), -ENODEV);
	assert_int_equal(data_of(view), 0xF00D);
	idtntb_view_close(view);
	free(image);
	folder_end(&folder);
	assert_int_equal(open_descriptors(), before);
}

static void refused(const char *spec, int code, const char *words)
{
	const unsigned before = open_descriptors();
	struct idtntb_error error = { "" };
	struct idtntb_view *view = (void *)&error;

	assert_int_equal(idtntb_view_open(&view, spec, &error), code);
	assert_null(view);
	if (!strstr(error.text, words))
		fail_msg("'%s' does not say '%s'", error.text, words);
	assert_null(strchr(error.text, '\n'));
	assert_int_equal(open_descriptors(), before);
}

static void test_refused(void **state)
{
	static const char text[] = "a text that somebody has written, and no switch";
	struct idtntb_error error;
	struct folder folder;
	struct host host;

	(void)state;
	folder_make(&folder);
	refused(NULL, -EINVAL, "file:PATH");
	refused("", -EINVAL, "local:NAME");
	refused("ntb", -EINVAL, "ivshmem:PATH");
	refused("smoke:signals", -EINVAL, "no transport 'smoke'");
	refused("local:nobody", -ENODEV, "local:nobody");
	refused("ivshmem:/no/such/socket", -ENOENT, "/no/such/socket");
	refused("file:", -ENOENT, "");
	refused(folder.spec, -ENOENT, folder.file);
	write_file(folder.file, "", 0);
	refused(folder.spec, -EINVAL, "no saved state");
	write_file(folder.file, text, sizeof(text));
	refused(folder.spec, -EINVAL, "no saved state");
	unlink(folder.file);
	/* What has no end, or another one, is not waited for. */
	assert_int_equal(mkfifo(folder.file, 0600), 0);
	refused(folder.spec, -EINVAL, "no regular file");
	refused("file:/dev/zero", -EINVAL, "no regular file");
	refused("file:/tmp", -EINVAL, "no regular file");
	/* A port of one cannot be taken. */
	assert_int_equal(host_try(&host, folder.spec, 0, NULL, HOST_BARE, &error), -EINVAL);
	assert_non_null(strstr(error.text, "cannot be attached to"));
	folder_end(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
