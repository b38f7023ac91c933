/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon as a program: where io_uring is forbidden, whom --user admits, and what it does not take. */
#include "program.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ONE_USER 65533 /* no other process has it */
#define ANOTHER_USER 65532
#define NO_FILTER 78 /* what a program ends with where filters are not to be had */

static const char *own_program;

/* A socket of its own. */
struct place {
	char directory[32], path[64], where[72];
};

static void place_prepare(struct place *place)
{
	strcpy(place->directory, "/tmp/idtntb-place-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->path, sizeof(place->path), "%s/socket", place->directory);
	snprintf(place->where, sizeof(place->where), "unix:%s", place->path);
}

/* ---------------------------------------------------------------- io_uring */

/* Become another program, for which io_uring_setup() fails so: what a container's profile does. */
static int forbid(int error, char *const argv[])
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return NO_FILTER;
	execv(argv[0], argv);
	return NO_FILTER;
}

/* Whether something else than the filter decides what the daemon says. */
static bool switched_off(void)
{
	FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "r");
	int disabled = 0;

	if (file && fscanf(file, "%d", &disabled) != 1)
		disabled = 0;
	if (file)
		fclose(file);
	return disabled;
}

static void test_forbidden(void **state)
{
	static const struct {
		int error;
		const char *words;
	} cases[] = {
		{ EPERM, "idtntbd: io_uring is not to be had: Operation not permitted; a container's seccomp profile" },
		{ ENOSYS,
		  "idtntbd: io_uring is not to be had: Function not implemented; a container's seccomp profile" },
		{ ENOMEM, "idtntbd: io_uring cannot be set up: Cannot allocate memory; raise the limit of locked" },
	};

	(void)state;
	if (switched_off()) {
		print_message("skipped: sysctl kernel.io_uring_disabled is set, and the daemon says that instead\n");
		skip();
	}
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct program program;
		struct place place;
		char number[12];
		const char *const arguments[] = { "forbid", number, IDTNTBD, "--listen", place.where, NULL };
		int status;

		place_prepare(&place);
		snprintf(number, sizeof(number), "%d", cases[i].error);
		program_start(&program, own_program, arguments);
		status = program_wait(&program);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == NO_FILTER) {
			rmdir(place.directory);
			print_message("skipped: seccomp filters are not to be had here\n");
			skip();
		}
		assert_int_equal(WEXITSTATUS(status), 1);
		/* One line, and no socket that nobody listens to. */
		if (strncmp(program.log, cases[i].words, strlen(cases[i].words)))
			fail_msg("it says '%s', not '%s'", program.log, cases[i].words);
		assert_ptr_equal(strchr(program.log, '\n'), program.log + program.logged - 1);
		assert_int_equal(rmdir(place.directory), 0);
	}
}

/* ---------------------------------------------------------------- the socket */

static void end(struct program *program, struct place *place)
{
	const int status = program_end(program, SIGTERM);

	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_int_equal(rmdir(place->directory), 0);
}

static void must_not_start(const struct place *place, const char *words)
{
	const char *const arguments[] = { "--listen", place->where, NULL };
	struct program program;
	int status;

	program_start(&program, IDTNTBD, arguments);
	status = program_wait(&program);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	if (!strstr(program.log, words))
		fail_msg("it says '%s', not '%s'", program.log, words);
}

/* A socket that is served is left alone, one that a killed daemon left is replaced, and of several one gets it. */
static void test_socket(void **state)
{
	enum { DAEMONS = 5 };
	struct program programs[DAEMONS];
	struct place place;
	const char *const arguments[] = { "--listen", place.where, NULL };
	unsigned serving = DAEMONS, at_it = 0;
	FILE *file;

	(void)state;
	place_prepare(&place);
	program_start(&programs[0], IDTNTBD, arguments);
	program_says(&programs[0], "listening on ");
	must_not_start(&place, "a server is running on it already; stop it or give another path");
	program_end(&programs[0], SIGKILL);
	for (unsigned i = 0; i < DAEMONS; i++)
		program_start(&programs[i], IDTNTBD, arguments);
	for (unsigned i = 0; i < DAEMONS; i++) {
		while (!strchr(programs[i].log, '\n') && program_read(&programs[i], PATIENCE_MS))
			;
		if (strstr(programs[i].log, "listening on ")) {
			serving = i;
			at_it++;
		} else {
			if (!strstr(programs[i].log, "a server is running on it already"))
				fail_msg("it says '%s'", programs[i].log);
			program_wait(&programs[i]);
		}
	}
	assert_int_equal(at_it, 1);
	end(&programs[serving], &place);
	assert_int_equal(mkdir(place.directory, 0700), 0);
	file = fopen(place.path, "w");
	assert_non_null(file);
	fclose(file);
	must_not_start(&place, "is there and is not a socket; not touched");
	assert_int_equal(unlink(place.path), 0);
	assert_int_equal(rmdir(place.directory), 0);
}

/* ---------------------------------------------------------------- --user */

/* In a process of its own: is a greeting answered, or hung up on? Nothing of cmocka's here. */
static int greet_as(const struct place *place, uid_t user)
{
	const struct {
		struct wire_frame frame;
		struct wire_hello hello;
		uint8_t filled_up[8];
	} greeting = { .frame = { .length = (uint32_t)ntb_wire_round(sizeof(struct wire_frame) +
								     sizeof(struct wire_hello)),
				  .type = WIRE_HELLO },
		       .hello = { WIRE_MAGIC, WIRE_VERSION, 0 } };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct wire_frame frame;

	memcpy(address.sun_path, place->path, sizeof(place->path));
	if (user != geteuid() && setresuid(user, user, user))
		return 2;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return 3;
	if (send(fd, &greeting, greeting.frame.length, MSG_NOSIGNAL) < 0)
		return 1; /* refused already */
	return recv(fd, &frame, sizeof(frame), MSG_WAITALL) == sizeof(frame) && frame.type == WIRE_WELCOME ? 0 : 1;
}

static bool admitted(const struct place *place, uid_t user)
{
	const pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(greet_as(place, user));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 0, 1);
	return !WEXITSTATUS(status);
}

/* A daemon for one user, on a socket that the file's mode opens to all. */
static void start_for(struct program *program, struct place *place, uid_t user)
{
	char number[12];
	const char *const arguments[] = { "--listen", place->where, "--mode", "0666", "--user", number, NULL };

	place_prepare(place);
	assert_int_equal(chmod(place->directory, 0711), 0);
	snprintf(number, sizeof(number), "%u", user);
	program_start(program, IDTNTBD, arguments);
	program_says(program, "listening on ");
}

/* Who is refused takes nobody's place, as many as there may be. */
static void refused_in_a_crowd(const struct place *place)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct pollfd crowd[64];

	memcpy(address.sun_path, place->path, sizeof(place->path));
	for (unsigned i = 0; i < 64; i++) {
		crowd[i] = (struct pollfd){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .events = POLLIN };
		assert_int_equal(connect(crowd[i].fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	}
	for (unsigned i = 0; i < 8; i++)
		assert_false(admitted(place, ANOTHER_USER));
	assert_int_equal(poll(crowd, 64, 200), 0);
	for (unsigned i = 0; i < 64; i++)
		close(crowd[i].fd);
}

/* Root takes the place of both; who is not root is one of them itself. */
static void test_user(void **state)
{
	const uid_t self = geteuid(), one = self ? self : ONE_USER;
	struct program program;
	struct place place;

	(void)state;
	start_for(&program, &place, one);
	assert_true(admitted(&place, one));
	if (!self) {
		assert_true(admitted(&place, 0));
		assert_null(strstr(program.log, "refused"));
		assert_false(admitted(&place, ANOTHER_USER));
		program_says(&program, "a client is refused: it is of another user than --user names");
		/* Who has been refused is in nobody's way. */
		assert_true(admitted(&place, one));
		refused_in_a_crowd(&place);
	}
	end(&program, &place);
	if (self) {
		start_for(&program, &place, self == ANOTHER_USER ? ONE_USER : ANOTHER_USER);
		assert_false(admitted(&place, self));
		program_says(&program, "a client is refused: it is of another user than --user names");
		end(&program, &place);
	}
}

/* Refused with one line that says so. */
static void refused(const char *where, const char *option, const char *value, const char *words)
{
	const char *const arguments[] = { "--listen", where, option, value, NULL };
	struct program program;
	int status;

	program_start(&program, IDTNTBD, arguments);
	status = program_wait(&program);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	if (!strstr(program.log, words))
		fail_msg("it says '%s', not '%s'", program.log, words);
	assert_ptr_equal(strchr(program.log, '\n'), program.log + program.logged - 1);
}

static void test_user_unknown(void **state)
{
	static const char *const bad[] = { "no-such-user", "-1", "4294967295", "12x", "" };
	char words[80];

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(words, sizeof(words), "--user %s: there is no such user; a name or a number", bad[i]);
		refused("unix:/nonexistent/socket", "--user", bad[i], words);
	}
}

/* What would keep nobody out, and ports that there are not: 70000 is no name for 4464. */
static void test_tcp_options(void **state)
{
	static const char *const bad[] = {
		"tcp:70000", "tcp:127.0.0.1:65536", "tcp:", "tcp:x", "tcp:-1", "tcp:123456"
	};

	(void)state;
	refused("tcp:0", "--user", "0", "--user: of a TCP connection nobody knows the user");
	refused("tcp:0", "--mode", "0660", "--mode: a TCP port has none");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i], NULL, NULL, "a port being a number up to 65535");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),    cmocka_unit_test(test_socket),      cmocka_unit_test(test_user),
		cmocka_unit_test(test_user_unknown), cmocka_unit_test(test_tcp_options),
	};

	own_program = argv[0];
	if (argc > 3 && !strcmp(argv[1], "forbid"))
		return forbid(atoi(argv[2]), argv + 3);
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
