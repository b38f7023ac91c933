/* SPDX-License-Identifier: BSD-3-Clause */
/* Bad command lines of the server: a status, one line that says what, why and what would be right, nothing left behind. */
#include "client.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 7

/* "@" stands for the path of a socket that could be. */
static const struct bad {
	const char *words[WORDS];
	int status;
	const char *text; /* that the line must have */
} bad[] = {
	{ { NULL }, 2, "--switch is missing; it names the switch: --switch local:ntb" },
	{ { "--switch", "local:x" }, 2, "--port is missing" },
	{ { "--port", "0=@" }, 2, "--switch is missing" },
	{ { "--switch", "local:x", "--port", "0" }, 2, "--port 0: not a port number from 0 to 23 and a path" },
	{ { "--switch", "local:x", "--port", "0=" }, 2, "--port 0=: the path is empty" },
	{ { "--switch", "local:x", "--port", "a=@" }, 2, "not a port number from 0 to 23" },
	{ { "--switch", "local:x", "--port", "99999999999=@" }, 2, "not a port number from 0 to 23" },
	{ { "--switch", "local:x", "--port", "0=@", "--port", "0=@2" }, 2, "--port 0: given twice" },
	{ { "--switch", "local:x", "--port", "0=@", "--port", "2=@" }, 2, "port 0 has that socket" },
	{ { "--switch", "local:x", "--port", "0=@", "--colour" }, 2, "--colour: not an option" },
	{ { "--switch", "local:x", "--port", "0=@", "stray" }, 2, "stray: an argument is not expected" },
	{ { "--switch", "local:x", "--port", "0=@", "--log", "loud" }, 2, "--log loud: not a level; error, warning" },
	{ { "--switch", "local:x", "--port", "0=@", "--chip", "89HPES99" }, 2, "89HPES24NT6AG2" },
	{ { "--switch", "local:x", "--port", "0=@", "--bars", "lut99" }, 2, "lut24[:SIZE], lut12x2[:SIZE]" },
	{ { "--switch", "local:x", "--port", "0=@", "--mode", "0700" }, 2, "--mode 0700" },
	{ { "--switch", "local:x", "--port", "3=@" }, 1, "port 3 is no NT port of this 89HPES24NT6AG2: 0, 2 are" },
	{ { "--switch", "pigeon:x", "--port", "0=@" }, 1, "there is no transport 'pigeon'; local:NAME, ivshmem:PATH" },
	{ { "--switch", "ivshmem:/nonexistent", "--port", "0=@" }, 1, "no socket '/nonexistent'" },
	{ { "--switch", "local:x", "--port", "0=/nonexistent/s" },
	  1,
	  "/nonexistent/s.lock: cannot make the lock file" },
};

/* Run it with the words, "@" filled in, to its end. @return its exit status. */
static int run(struct server *server, const struct bad *line)
{
	char filled[WORDS][160];
	const char *arguments[WORDS + 1] = { NULL };
	int status;

	for (unsigned i = 0; i < WORDS && line->words[i]; i++) {
		const char *at = strchr(line->words[i], '@');

		snprintf(filled[i], sizeof(filled[i]), "%.*s%s%s",
			 at ? (int)(at - line->words[i]) : (int)sizeof(filled[i]) - 1, line->words[i],
			 at ? server->paths[0] : "", at ? at + 1 : "");
		arguments[i] = filled[i];
	}
	program_start(&server->program, server_program, arguments);
	status = program_wait(&server->program);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void bad_command_lines(void **state)
{
	struct server *server = *state;
	const char *log = server->program.log;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const int status = run(server, &bad[i]);

		if (status != bad[i].status || !strstr(log, bad[i].text) || strchr(log, '\n') != strrchr(log, '\n') ||
		    access(server->paths[0], F_OK) == 0) {
			print_error("line %zu: status %d, %s\n", i, status, log);
			fail();
		}
	}
}

static void path_too_long(void **state)
{
	char path[140] = "0=/tmp/";
	const struct bad line = { { "--switch", "local:x", "--port", path }, 2, NULL };
	struct server *server = *state;

	memset(path + strlen(path), 'x', sizeof(path) - 1 - strlen(path));
	assert_int_equal(run(server, &line), 2);
	assert_non_null(strstr(server->program.log, "are too long for a Unix socket; 10"));
}

static void help_and_version(void **state)
{
	static const struct bad lines[] = { { { "--help" }, 0, NULL }, { { "--version" }, 0, NULL } };

	assert_int_equal(run(*state, &lines[0]), 0);
	assert_int_equal(run(*state, &lines[1]), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bad_command_lines, server_folder, server_teardown),
		cmocka_unit_test_setup_teardown(path_too_long, server_folder, server_teardown),
		cmocka_unit_test_setup_teardown(help_and_version, server_folder, server_teardown),
	};

	return RUN(tests, argc, argv);
}
