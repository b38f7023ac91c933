/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bad command lines: status 2, one line that names the value, nothing left behind.
 */
#include "bench.h"

#include <string.h>
#include <unistd.h>

struct bad {
	const char *option, *value; /* value may be NULL */
	const char *text; /* that the line must have */
};

static const struct bad bad[] = {
	{ "--bogus", NULL, "--bogus: not an option" },
	{ "-x", NULL, "-x: not an option" },
	{ "--vectors", NULL, "--vectors: not an option, or its value is missing" },
	{ "stray", NULL, "stray: an argument is not expected" },
	{ "--verbose=3", NULL, "--verbose=3: not an option" },
	{ "--vectors", "0", "--vectors 0: not a number of vectors; 1 to 64" },
	{ "--vectors", "65", "--vectors 65" },
	{ "--vectors", "-1", "--vectors -1" },
	{ "--vectors", "two", "--vectors two" },
	{ "--vectors", "2x", "--vectors 2x" },
	{ "--vectors", "99999999999999999999", "--vectors 99999999999999999999" },
	{ "--size", "3M", "--size 3M: not a power of two, as a PCI BAR must be; 4194304 is the next" },
	{ "--size", "64K", "too little for 2 ports" },
	{ "--size", "0", "--size 0: out of range" },
	{ "--size", "2048G", "--size 2048G: out of range" },
	{ "--size", "99999999999999999999", "--size 99999999999999999999: not a number" },
	{ "--size", "4MB", "--size 4MB: 'MB' is no unit" },
	{ "--size", "big", "--size big: not a number" },
	{ "--mode", "0400", "--mode 0400" },
	{ "--mode", "0700", "--mode 0700" },
	{ "--mode", "rw", "--mode rw" },
	{ "--mode", "0690", "--mode 0690" },
	{ "--chip", "89HPES99", "89HPES99" },
	{ "--ports", "9", "9" },
	{ "--ports", "0,3", "3" },
	{ "--ports", "0=1,2=1", "1" },
	{ "--ports", "", "" },
	{ "--bars", "lut12", "lut12" },
	{ "--bars", "1,2,3", "1,2,3" },
};

static void bad_options(void **state)
{
	struct fixture *fixture = *state;

	for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
		const char *const arguments[] = { "--socket", fixture->socket, bad[b].option, bad[b].value, NULL };
		int status = server_fails(fixture, arguments);

		if (status != 2 || !strstr(fixture->server.log, bad[b].text) || lines_of(fixture->server.log) != 1) {
			print_error("%s %s: status %d, %s\n", bad[b].option, bad[b].value ? bad[b].value : "", status,
				    fixture->server.log);
			fail();
		}
	}
	assert_int_equal(rmdir(fixture->folder), 0);
}

static void bad_sockets(void **state)
{
	static const char *const missing[] = { "-v", NULL }, *const empty[] = { "--socket", "", NULL };
	char path[128] = "/tmp/";
	const char *const longest[] = { "--socket", path, NULL };
	const char *const nowhere[] = { "--socket", "/nonexistent/s", NULL };
	struct fixture *fixture = *state;

	assert_int_equal(server_fails(fixture, missing), 2);
	assert_non_null(strstr(fixture->server.log, "--socket is missing"));
	assert_int_equal(server_fails(fixture, empty), 2);
	assert_non_null(strstr(fixture->server.log, "path is empty"));
	memset(path + 5, 'x', 104 - 5);
	assert_int_equal(server_fails(fixture, longest), 2);
	assert_non_null(strstr(fixture->server.log, "104 characters are too long for a Unix socket; 103 at most"));
	assert_int_equal(server_fails(fixture, nowhere), 1);
	assert_non_null(strstr(fixture->server.log, "/nonexistent/s.lock: cannot make the lock file: No such file"));
	assert_int_equal(lines_of(fixture->server.log), 1);
}

static void help_and_version(void **state)
{
	static const char *const help[] = { "--help", NULL }, *const version[] = { "--version", NULL };

	assert_int_equal(server_fails(*state, help), 0);
	assert_int_equal(server_fails(*state, version), 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = { TEST(bad_options), TEST(bad_sockets), TEST(help_and_version) };

	return RUN(tests, argc, argv);
}
