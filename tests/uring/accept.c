/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon as a program: when it lets nobody in any more, and when it does again. */
#include "program.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAITING 40 /* clients that nobody has accepted yet */

static struct scene {
	char directory[32], path[64], where[72];
	struct program program;
} scene;

static int set_up(void **state)
{
	const char *const arguments[] = { "--listen", scene.where, "--silence", "60", NULL };

	(void)state;
	strcpy(scene.directory, "/tmp/idtntb-place-XXXXXX");
	assert_non_null(mkdtemp(scene.directory));
	snprintf(scene.path, sizeof(scene.path), "%s/socket", scene.directory);
	snprintf(scene.where, sizeof(scene.where), "unix:%s", scene.path);
	program_start(&scene.program, IDTNTBD, arguments);
	program_says(&scene.program, "listening on ");
	return 0;
}

static int connect_to_it(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, scene.path, sizeof(scene.path));
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Whether somebody answers a greeting. */
static bool greeted(int fd, int ms)
{
	const struct {
		struct wire_frame frame;
		struct wire_hello hello;
	} greeting = { .frame = { .length = sizeof(greeting), .type = WIRE_HELLO },
		       .hello = { WIRE_MAGIC, WIRE_VERSION, 0 } };
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct wire_frame frame;

	assert_int_equal(send(fd, &greeting, sizeof(greeting), MSG_NOSIGNAL), sizeof(greeting));
	return poll(&pollfd, 1, ms) == 1 && recv(fd, &frame, sizeof(frame), MSG_WAITALL) == sizeof(frame) &&
	       frame.type == WIRE_WELCOME;
}

/* Those who come while it ends, as all do who are hung up on, do not keep it. */
static void test_end(void **state)
{
	int fds[WAITING], status;

	(void)state;
	fds[0] = connect_to_it();
	assert_true(greeted(fds[0], PATIENCE_MS));
	kill(scene.program.pid, SIGSTOP);
	for (unsigned i = 1; i < WAITING; i++)
		fds[i] = connect_to_it();
	kill(scene.program.pid, SIGTERM);
	kill(scene.program.pid, SIGCONT);
	status = program_wait(&scene.program);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	for (unsigned i = 0; i < WAITING; i++)
		close(fds[i]);
	assert_int_equal(rmdir(scene.directory), 0);
}

/* The lowest number that no descriptor of the daemon has. */
static unsigned lowest_free(void)
{
	char path[64];
	unsigned number = 0;

	do
		snprintf(path, sizeof(path), "/proc/%d/fd/%u", scene.program.pid, number++);
	while (!access(path, F_OK) || number < 3);
	return number - 1;
}

static void wait_until_gone(unsigned descriptors)
{
	while (program_descriptors(&scene.program) > descriptors)
		usleep(20000);
}

/* After this the daemon has asked for the next client. */
static void come_and_go(unsigned descriptors)
{
	int fd = connect_to_it();

	assert_true(greeted(fd, PATIENCE_MS));
	close(fd);
	wait_until_gone(descriptors);
}

/* For want of descriptors nobody is let in; as soon as there are some, the next one is, though nobody has been there meanwhile. */
static void test_no_descriptors(void **state)
{
	const unsigned before = program_descriptors(&scene.program);
	struct rlimit old, none;
	int fd, status;

	(void)state;
	come_and_go(before);
	assert_int_equal(prlimit(scene.program.pid, RLIMIT_NOFILE, NULL, &old), 0);
	none = (struct rlimit){ lowest_free(), old.rlim_max };
	assert_int_equal(prlimit(scene.program.pid, RLIMIT_NOFILE, &none, NULL), 0);
	/* One more is let in by the old limit. */
	fd = connect_to_it();
	assert_true(greeted(fd, PATIENCE_MS));
	program_says(&scene.program, "a client must wait");
	close(fd);
	wait_until_gone(before);
	/* Longer than it takes to look again once. */
	for (unsigned i = 0; i < 125; i++)
		program_read(&scene.program, 20);
	assert_int_equal(prlimit(scene.program.pid, RLIMIT_NOFILE, &old, NULL), 0);
	fd = connect_to_it();
	assert_true(greeted(fd, 5000));
	close(fd);
	status = program_end(&scene.program, SIGTERM);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_int_equal(rmdir(scene.directory), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_end, set_up),
		cmocka_unit_test_setup(test_no_descriptors, set_up),
	};

	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
