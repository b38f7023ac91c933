/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A switch to play with, of every kind there is: inside the process; in the memory of a stock ivshmem server (the fake,
 * without a RAM socket) or of our own; in a plain file; in a
 * daemon behind a socket. What all have in common is tested over this list.
 */
#ifndef BED_H
#define BED_H

#include "fake-server.h"
#include "peer.h"

#define MEMORY 0x400000u /* what QEMU's server gives by default */

struct bed {
	const struct bed_kind *kind;
	char spec[256];
	char directory[64]; /* of a file, or "" */
	struct fake_server fake;
	pid_t real; /* or 0 */
};

struct bed_kind {
	const char *name;
	void (*make)(struct bed *bed); /* fills spec */
	void (*end)(struct bed *bed);
	/* A server that can be killed and started again; NULL where there is none. */
	void (*kill_server)(struct bed *bed);
	void (*start_server)(struct bed *bed);
	bool maps; /* RAM is handed over, so windows can be mapped */
	bool processes; /* other processes can attach */
};

extern const struct bed_kind bed_local, bed_stock, bed_ours, bed_shm, bed_unix, bed_tcp;
extern const struct bed_kind *const bed_kinds[]; /* all, ending with NULL */

void bed_make(struct bed *bed, const struct bed_kind *kind);
void server_kill(struct bed *bed);
void server_restart(struct bed *bed);
void bed_end(struct bed *bed);
/* A file of the bed's own to put a switch in; removed with the bed. */
const char *bed_file(const struct bed *bed);
/* Open it for reading and writing, and with these flags. */
int bed_open_file(const struct bed *bed, int flags);

/* A test, for cmocka itself, before which a bed of a switch in a file is made, and ended after it. */
#define BED_SHM_TEST(bed, test) cmocka_unit_test_prestate_setup_teardown(test, bed_shm_set_up, bed_tear_down, &(bed))
int bed_shm_set_up(void **bed);
int bed_tear_down(void **bed);

/* A test of a behaviour; its state is the kind of switch, if set_up, when there is one, does not change it. */
struct bed_test {
	const char *name;
	CMUnitTestFunction run;
	CMFixtureFunction set_up, tear_down;
};
#define BED_TEST(function)                                                                                             \
	{                                                                                                              \
		.name = #function, .run = (function)                                                                   \
	}
#define BED_TEST_WITHIN(function, before, after)                                                                       \
	{                                                                                                              \
		.name = #function, .run = (function), .set_up = (before), .tear_down = (after)                         \
	}

/*
 * For main(): run them over one kind of switch. The command line has the peer's program, the server's, the kind's name and
 * optionally a filter of tests.
 */
int bed_run(int argc, char **argv, const struct bed_test *tests, size_t count);

/* For main(): run the tests with the programs from the command line, or those of them that a filter names. */
#define BED_MAIN(tests, argc, argv)                                                                                    \
	((argc) < 3 ? (print_error("usage: %s PEER SERVER [TEST]\n", (argv)[0]), 2)                                    \
		    : (peer_program = (argv)[1], server_program = (argv)[2], cmocka_set_test_filter((argv)[3]),        \
		       cmocka_run_group_tests(tests, NULL, NULL)))

#endif
