/* SPDX-License-Identifier: BSD-3-Clause */
/* A server to play with: a stock one (the fake, without a RAM socket), or our own. */
#ifndef BED_H
#define BED_H

#include "fake-server.h"
#include "peer.h"

#define MEMORY 0x400000u /* what QEMU's server gives by default */

struct bed {
	struct fake_server fake;
	char spec[128];
	pid_t real; /* or 0 */
};

void bed_make(struct bed *bed, bool real);
void server_kill(struct bed *bed);
void server_restart(struct bed *bed);
void bed_end(struct bed *bed);

/* For main(): run the tests with the programs from the command line, or those of them that a filter names. */
#define BED_MAIN(tests, argc, argv)                                                                                    \
	((argc) < 3 ? (print_error("usage: %s PEER SERVER [TEST]\n", (argv)[0]), 2)                                    \
		    : (peer_program = (argv)[1], server_program = (argv)[2], cmocka_set_test_filter((argv)[3]),        \
		       cmocka_run_group_tests(tests, NULL, NULL)))

#endif
