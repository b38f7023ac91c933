/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idtntb-ivshmem-server: what its parts share.
 *
 * server.c           start and end, in which order
 * server-options.c   the command line
 * server-loop.c      waiting, signals, log lines
 * server-listener.c  the listening sockets
 * server-memory.c    the shared memory
 * server-keeper.c    a process that holds it when the server is killed
 * server-clients.c   ivshmem protocol version 0
 * server-ram.c       relay of guest-RAM descriptors (ram-protocol.h);
 *                    its packets: server-ram-packet.c
 *
 * One thread, no timer, nothing blocks: a client that does not read costs a bounded queue and nothing else. The shared
 * memory is sealed against truncation, and not mapped here.
 */
#ifndef IDTNTB_SERVER_H
#define IDTNTB_SERVER_H

#include "../common/ram-protocol.h"
#include "../listen/listen.h"

#include <idtntb.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVER_CLIENTS 64 /* at once, on each socket */
#define SERVER_VECTORS 64 /* per client at most */

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct server_options {
	const char *socket;
	struct idtntb_topology topology;
	uint64_t size;
	unsigned vectors;
	mode_t mode;
	bool verbose;
};

/* Fill from the command line. A bad one ends the process with one line and status 2. */
void options_parse(struct server_options *options, int argc, char **argv);

/* ------------------------------------------------------------------ server-loop.c */

/* A descriptor that is waited for. */
struct source {
	int fd;
	void (*ready)(struct source *source, uint32_t events);
};

struct loop {
	int epoll;
	struct source signals;
	int stopped_by; /* signal number, or 0 while running */
};

/* Signals that end the server are caught from here on. */
int loop_open(struct loop *loop);
/* Until a signal ends it or waiting fails (-errno). */
int loop_run(struct loop *loop);
void loop_close(struct loop *loop);
int loop_add(struct loop *loop, struct source *source, uint32_t events);
void loop_change(struct loop *loop, struct source *source, uint32_t events);
/* Also closes the descriptor. */
void loop_remove(struct loop *loop, struct source *source);

/* One line to stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Whether one more event of a kind is worth a line: the 1st to 4th, 8th, 16th, ... so that nobody can flood the log. */
bool worth_a_line(unsigned *count);

/* ------------------------------------------------------------------ server-listener.c */

struct listener {
	struct ntb_listener socket;
	struct source source; /* with the same descriptor */
	struct loop *loop;
	unsigned refused;
	void (*accepted)(void *opaque, int fd); /* the descriptor is the callee's */
	void *opaque;
};

/* @return 0, or -errno after a line. */
int listener_open(struct listener *listener, struct loop *loop, const char *path, int type, mode_t mode);
void listener_close(struct listener *listener);

/* ------------------------------------------------------------------ server-memory.c */

struct memory {
	char path[PATH_MAX];
	int fd;
	bool kept; /* from an earlier server, its clients may be alive */
};

/* Make it, or take over what a server that was killed has left. @return 0, or -errno after a line. */
int memory_open(struct memory *memory, const struct server_options *options);
/*
 * A description of its own for each client: a lock that one takes on it dies with that client, and is not everybody's.
 * @return a descriptor or -1 with errno.
 */
int memory_open_again(const struct memory *memory);
/* Removes PATH.shm unless a client still holds a port of it. */
void memory_close(struct memory *memory);

/* ------------------------------------------------------------------ server-keeper.c */

/* Start the process that keeps a memory, under the number its descriptor has here. @return its id, or -errno. */
int keeper_start(int memory);

/* ------------------------------------------------------------------ server-clients.c */

struct client;

struct clients {
	struct loop *loop;
	struct client *first;
	unsigned count;
	unsigned vectors;
	uint16_t next_id;
	const struct memory *memory;
	bool verbose;
	unsigned refused, dropped;
};

/* For struct listener. */
void clients_accepted(void *clients, int fd);
void clients_close(struct clients *clients);

/* ------------------------------------------------------------------ server-ram.c */

struct ram_connection;

/* The newest offer of a slot. */
struct ram_offer {
	struct ram_message message;
	int fds[RAM_RANGES]; /* message.count of them */
	struct ram_connection *from; /* NULL: none */
};

struct ram_relay {
	struct loop *loop;
	struct ram_connection *first;
	unsigned count;
	unsigned slots;
	bool verbose;
	unsigned refused;
	struct ram_offer offers[IDTNTB_PORTS];
};

/* For struct listener. */
void ram_accepted(void *relay, int fd);
void ram_close(struct ram_relay *relay);

/* server-ram-packet.c */

/*
 * Take one packet and check it. @return 1; 0 nothing there; negative: end of the connection, *why says for what.
 * On 1 message->count descriptors are the caller's, otherwise none.
 */
int ram_receive(int socket, unsigned slots, struct ram_message *message, int fds[RAM_RANGES], const char **why);
/* @return 0, or -errno (-EAGAIN: later). */
int ram_send(int socket, const struct ram_message *message, const int fds[RAM_RANGES]);

#endif
