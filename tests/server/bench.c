/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS 16

const char *server_program;

void nap_ms(unsigned ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/idtntb-server-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->socket, sizeof(fixture->socket), "%s/s", fixture->folder);
	snprintf(fixture->ram, sizeof(fixture->ram), "%s/s.ram", fixture->folder);
	snprintf(fixture->memory, sizeof(fixture->memory), "%s/s.shm", fixture->folder);
	snprintf(fixture->lock, sizeof(fixture->lock), "%s/s.lock", fixture->folder);
	fixture->server.errors = -1;
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	DIR *folder;

	if (fixture->server.pid > 0)
		program_end(&fixture->server, SIGKILL);
	folder = opendir(fixture->folder);
	if (folder) {
		for (struct dirent *entry; (entry = readdir(folder));)
			unlinkat(dirfd(folder), entry->d_name, 0);
		closedir(folder);
	}
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

void server_start(struct fixture *fixture, const char *const more[])
{
	const char *arguments[ARGUMENTS + 1] = { "--socket", fixture->socket };
	unsigned count = 2;

	for (unsigned a = 0; more && more[a]; a++)
		arguments[count++] = more[a];
	program_start(&fixture->server, server_program, arguments);
	program_says(&fixture->server, "listening on ");
}

int server_fails(struct fixture *fixture, const char *const arguments[])
{
	struct program other = { .errors = -1 };
	int status;

	program_start(&other, server_program, arguments);
	status = program_wait(&other);
	memcpy(fixture->server.log, other.log, sizeof(other.log));
	fixture->server.logged = other.logged;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

unsigned long server_work(const struct program *server)
{
	unsigned long total = 0, value;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)server->pid);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &total), 1); /* nanoseconds */
	fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)server->pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &value) == 1)
			total += value;
	}
	fclose(file);
	return total;
}

unsigned lines_of(const char *text)
{
	unsigned lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

bool there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

ino_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

int hold_port(int memory, unsigned slot)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1 };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	return fd;
}

void must_not_start(struct fixture *fixture, const char *text)
{
	const char *const arguments[] = { "--socket", fixture->socket, NULL };

	assert_int_equal(server_fails(fixture, arguments), 1);
	assert_non_null(strstr(fixture->server.log, text));
	assert_int_equal(lines_of(fixture->server.log), 1);
}
