/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of hostile clients share: an attack on port 0, while port 2 is watched. */
#ifndef TESTS_VFIO_USER_ATTACK_H
#define TESTS_VFIO_USER_ATTACK_H

#include "client.h"

/* Longer than the server's patience with a client. */
#define LONG_MS 15000

typedef void attack_run(struct server *server, struct client *client);

/*
 * Run one attack on port 0, by a client that is set up (connected) or has said nothing yet, and see that it is over
 * without a trace: the other port is served meanwhile, the next client of the same port too, and no descriptor stays.
 * @param line what the server says when it ends the connection; NULL: it goes on.
 */
void attack(struct server *server, attack_run *run, bool connected, const char *line);

int attack_teardown(void **state);
#define ATTACK(name) cmocka_unit_test_setup_teardown(name, server_setup, attack_teardown)

#endif
