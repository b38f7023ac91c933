/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS 24

const char *server_program;

int server_folder(void **state)
{
	struct server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	snprintf(server->folder, sizeof(server->folder), "/tmp/idtntb-vfu-XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->paths[0], sizeof(server->paths[0]), "%s/p0", server->folder);
	snprintf(server->paths[1], sizeof(server->paths[1]), "%s/p2", server->folder);
	*state = server;
	return 0;
}

int server_setup(void **state)
{
	server_folder(state);
	server_start(*state, "local:test", NULL);
	return 0;
}

int server_teardown(void **state)
{
	struct server *server = *state;
	DIR *folder;

	if (server->program.pid > 0)
		server_end(server, SIGKILL);
	folder = opendir(server->folder);
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	rmdir(server->folder);
	free(server);
	return 0;
}

void server_start(struct server *server, const char *spec, const char *const more[])
{
	char ports[2][64];
	const char *arguments[ARGUMENTS + 1] = { "--switch", spec, "--port", ports[0], "--port", ports[1] };
	unsigned count = 6;

	for (unsigned i = 0; more && more[i]; i++) {
		assert_true(count < ARGUMENTS);
		arguments[count++] = more[i];
	}
	snprintf(ports[0], sizeof(ports[0]), "0=%s", server->paths[0]);
	snprintf(ports[1], sizeof(ports[1]), "2=%s", server->paths[1]);
	program_start(&server->program, server_program, arguments);
	server_says(server, "port 2: listening on");
}

void server_says(struct server *server, const char *text)
{
	struct program *program = &server->program;
	const char *end = program_says(program, text);

	program->logged -= (size_t)(end - program->log);
	memmove(program->log, end, program->logged + 1);
}

void server_drain(struct server *server)
{
	struct program *program = &server->program;
	size_t before;

	do {
		before = program->logged = 0;
		if (!program_read(program, 0))
			return;
	} while (program->logged != before);
	program->log[0] = '\0';
}

int server_end(struct server *server, int signal)
{
	return program_end(&server->program, signal);
}

unsigned server_descriptors(const struct server *server)
{
	return program_descriptors(&server->program);
}

unsigned settled_descriptors(const struct server *server)
{
	unsigned before, now = server_descriptors(server);

	do {
		before = now;
		usleep(100000);
		now = server_descriptors(server);
	} while (now != before);
	return now;
}

unsigned long server_memory(const struct server *server)
{
	unsigned long kib = 0;
	char path[32], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)server->program.pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) && sscanf(line, "VmRSS: %lu", &kib) != 1)
		;
	fclose(file);
	return kib;
}
