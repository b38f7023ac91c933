/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
		server_end(&fixture->server, SIGKILL);
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

static void run(struct server *server, const char *const arguments[])
{
	char *argv[ARGUMENTS + 2] = { (char *)server_program };
	int errors[2];

	for (unsigned a = 0; arguments[a]; a++) {
		assert_true(a < ARGUMENTS);
		argv[a + 1] = (char *)arguments[a];
	}
	assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
	server->logged = 0;
	server->log[0] = '\0';
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (!server->pid) {
		dup2(errors[1], STDERR_FILENO);
		execv(server_program, argv);
		_exit(126);
	}
	close(errors[1]);
	server->errors = errors[0];
}

/* Take what the log has for at most ms. @return false at its end. */
static bool read_log(struct server *server, int ms)
{
	struct pollfd state = { .fd = server->errors, .events = POLLIN };
	ssize_t n;

	if (poll(&state, 1, ms) <= 0)
		return true;
	assert_true(server->logged + 1 < sizeof(server->log));
	n = read(server->errors, server->log + server->logged, sizeof(server->log) - 1 - server->logged);
	if (n <= 0)
		return false;
	server->logged += (size_t)n;
	server->log[server->logged] = '\0';
	return true;
}

void server_says(struct server *server, const char *text)
{
	for (int waited = 0; !strstr(server->log, text); waited += 10) {
		if (!read_log(server, 10) || waited > PATIENCE_MS) {
			print_error("the server never said \"%s\" but: %s\n", text, server->log);
			fail();
		}
	}
}

void server_start(struct fixture *fixture, const char *const more[])
{
	const char *arguments[ARGUMENTS + 1] = { "--socket", fixture->socket };
	unsigned count = 2;

	for (unsigned a = 0; more && more[a]; a++)
		arguments[count++] = more[a];
	run(&fixture->server, arguments);
	server_says(&fixture->server, "listening on ");
}

static int wait_for(struct server *server)
{
	int status;

	for (int waited = 0; read_log(server, 10); waited += 10) {
		if (waited > PATIENCE_MS)
			kill(server->pid, SIGKILL); /* and the test fails by the status */
	}
	close(server->errors);
	server->errors = -1;
	assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
	server->pid = 0;
	return status;
}

int server_fails(struct fixture *fixture, const char *const arguments[])
{
	struct server other = { .errors = -1 };
	int status;

	run(&other, arguments);
	status = wait_for(&other);
	memcpy(fixture->server.log, other.log, sizeof(other.log));
	fixture->server.logged = other.logged;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

int server_end(struct server *server, int signal)
{
	kill(server->pid, signal);
	return wait_for(server);
}

static unsigned entries(const char *path)
{
	DIR *folder = opendir(path);
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

unsigned server_descriptors(const struct server *server)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
	return entries(path);
}

unsigned own_descriptors(void)
{
	return entries("/proc/self/fd");
}

unsigned long server_work(const struct server *server)
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
