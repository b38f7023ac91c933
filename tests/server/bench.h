/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs the real server and plays its clients.
 */
#ifndef SERVER_BENCH_H
#define SERVER_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "program.h"

#define VECTORS 2 /* the server's default */

/* The program under test, from the command line of each test. */
extern const char *server_program;

/* A folder of the test's own; the paths in it are the fixture's. */
struct fixture {
	char folder[64];
	char socket[96], ram[96], memory[96], lock[96];
	struct program server;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Run it with --socket and more arguments (NULL-ended), until it listens. */
void server_start(struct fixture *fixture, const char *const more[]);
/* Run it with exactly these arguments until it ends. @return its exit status; what it said is in fixture->server.log. */
int server_fails(struct fixture *fixture, const char *const arguments[]);
/* Clock ticks it has run, and context switches. */
unsigned long server_work(const struct program *server);

/* The server must not start, with status 1 and one line that has this text. */
void must_not_start(struct fixture *fixture, const char *text);

/* Whether there is something of that name, be it a link to nowhere; and the file that it leads to. */
bool there(const char *path);
ino_t inode(const char *path);
/* Hold a port as a client does: a lock on its byte by a description of the client's own. */
int hold_port(int memory, unsigned slot);

unsigned lines_of(const char *text);
void nap_ms(unsigned ms);

/* Connect to a socket; -1 when refused. */
int try_connect(const char *path, int type);
int connect_to(const char *path, int type);

/* Whether there is something to read, or the end, within that time. */
bool readable(int fd, int ms);

/* One message. @return its word; *fd is the descriptor that came with it, or -1. Fails the test at the end of file. */
int64_t message(int client, int *fd);
/* A message that must come with (@return it) or without a descriptor (-1). */
int expect(int client, int64_t word, bool with_fd);
void expect_vectors(int client, int64_t id, int bells[VECTORS]);
/* The connection must be ended by the server, whatever comes before. */
void expect_end(int client);
void expect_silence(int client);

struct member {
	int socket, memory;
	int64_t id;
	int bells[VECTORS];
};

/* Join as the one of that id, with those ids there already. */
struct member join(const char *path, int64_t id, const int64_t *others, unsigned count);
void leave(struct member *member);

/* Ring a bell and take a ring. */
void ring(int bell);
bool rung(int bell);

/* For main(): takes the program from the command line. */
#define RUN(tests, argc, argv)                                                                                         \
	(server_program = (argc) > 1 ? (argv)[1] : NULL, server_program                                                \
								 ? cmocka_run_group_tests(tests, NULL, NULL)           \
								 : (print_error("usage: %s PROGRAM\n", (argv)[0]), 2))
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
