/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS 24

const char *server_program;

int server_setup(void **state)
{
	struct server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	snprintf(server->folder, sizeof(server->folder), "/tmp/idtntb-vfu-XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->paths[0], sizeof(server->paths[0]), "%s/p0", server->folder);
	snprintf(server->paths[1], sizeof(server->paths[1]), "%s/p2", server->folder);
	*state = server;
	server_start(server, "local:test", NULL);
	return 0;
}

int server_teardown(void **state)
{
	struct server *server = *state;
	DIR *folder;

	if (server->pid > 0)
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
	char *argv[ARGUMENTS + 1] = {
		(char *)server_program, "--switch", (char *)spec, "--port", ports[0], "--port", ports[1]
	};
	unsigned count = 7;
	int errors[2];

	for (unsigned i = 0; more && more[i]; i++) {
		assert_true(count < ARGUMENTS);
		argv[count++] = (char *)more[i];
	}
	snprintf(ports[0], sizeof(ports[0]), "0=%s", server->paths[0]);
	snprintf(ports[1], sizeof(ports[1]), "2=%s", server->paths[1]);
	assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
	server->logged = 0;
	server->log[0] = '\0';
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (!server->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nothing running */
		dup2(errors[1], STDERR_FILENO);
		execv(server_program, argv);
		_exit(126);
	}
	close(errors[1]);
	server->errors = errors[0];
	server_says(server, "port 2: listening on");
}

/* Take what the log has for at most ms. @return false at its end. */
static bool read_log(struct server *server, int ms)
{
	struct pollfd state = { .fd = server->errors, .events = POLLIN };
	ssize_t got;

	if (poll(&state, 1, ms) <= 0)
		return true;
	/* Nobody waits for what is that old. */
	if (server->logged > sizeof(server->log) / 2) {
		memmove(server->log, server->log + server->logged / 2, server->logged - server->logged / 2);
		server->logged -= server->logged / 2;
	}
	got = read(server->errors, server->log + server->logged, sizeof(server->log) - 1 - server->logged);
	if (got <= 0)
		return false;
	server->logged += (size_t)got;
	server->log[server->logged] = '\0';
	return true;
}

void server_says(struct server *server, const char *text)
{
	const int64_t until = now_ms() + PATIENCE_MS;
	const char *found;

	while (!(found = strstr(server->log, text))) {
		if (!read_log(server, 10) || now_ms() > until) {
			print_error("the server never said \"%s\" but: %s\n", text, server->log);
			fail();
		}
	}
	found += strlen(text);
	server->logged -= (size_t)(found - server->log);
	memmove(server->log, found, server->logged + 1);
}

void server_drain(struct server *server)
{
	size_t before;

	do {
		before = server->logged = 0;
		if (!read_log(server, 0))
			return;
	} while (server->logged != before);
	server->log[0] = '\0';
}

int server_end(struct server *server, int signal)
{
	const int64_t until = now_ms() + PATIENCE_MS;
	int status;

	kill(server->pid, signal);
	while (read_log(server, 10)) {
		if (now_ms() > until)
			kill(server->pid, SIGKILL); /* and the test fails by the status */
	}
	close(server->errors);
	assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
	server->pid = 0;
	return status;
}

unsigned server_descriptors(const struct server *server)
{
	unsigned count = 0;
	char path[32];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
	folder = opendir(path);
	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
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

	snprintf(path, sizeof(path), "/proc/%d/status", (int)server->pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) && sscanf(line, "VmRSS: %lu", &kib) != 1)
		;
	fclose(file);
	return kib;
}
