/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idtntbd: what its parts share.
 *
 * idtntbd.c             start and end
 * daemon-options.c      the command line
 * daemon-listen.c       the socket that clients connect to
 * daemon-loop.c         io_uring: waiting, submitting, once a second looking for the dead
 * daemon-connection.c   a client's life
 * daemon-stream.c       its input and output
 * daemon-requests.c     what clients ask for
 * daemon-port.c         the ports, and what the switch tells their owners
 * daemon-reads.c        reads of other hosts' RAM
 * daemon-view.c         clients that look into the switch
 *
 * One thread. It waits for nobody: what a client does not read stays in its queue, which is bounded; who makes a queue of
 * another long, by whatever he does, is not read from until it is short; who takes nothing for a while is dropped. The switch is in private memory,
 * so that a client can do no more to it than a guest can, and what it may order.
 */
#ifndef IDTNTBD_H
#define IDTNTBD_H

#include "../listen/listen.h"
#include "address.h"
#include "box.h"

#include <liburing.h>
#include <stdint.h>
#include <sys/types.h>

#define CONNECTIONS 64 /* from here on who has no port makes room for who comes */
#define CONNECTIONS_MOST 80 /* with those that are going */
#define QUEUE_LIMIT (1u << 20) /* bytes for one client; reached only by what is not held back below */
#define QUEUE_HIGH (256u << 10) /* from here on those who fill it are not read from... */
#define QUEUE_LOW (128u << 10) /* ...until it is down to this */
#define QUEUE_HIGH_FDS 256 /* the same for the descriptors in it */
#define QUEUE_LOW_FDS 128
#define SECOND INT64_C(1000000000)

struct daemon_options {
	struct ntb_address address;
	const char *listen; /* as it was given */
	struct idtntb_topology topology;
	mode_t mode;
	bool user_given;
	uid_t user; /* besides root, who may connect to a Unix socket */
	bool insecure; /* TCP from other machines */
	unsigned silence; /* seconds */
	bool verbose;
};

/* Fill from the command line. A bad one ends the process with one line and status 2. */
void options_parse(struct daemon_options *options, int argc, char **argv);

/* One thing that the kernel does for us; its address is the completion's user data. */
struct operation {
	void (*done)(struct operation *operation, int result);
	bool busy;
};

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* A read of one client that goes to other hosts' RAM. */
#define SEGMENTS 8
struct pending_read {
	bool active;
	uint32_t tag; /* the client's */
	uint32_t size;
	int64_t since;
	unsigned waiting; /* segments without an answer */
	unsigned segment_count;
	struct segment {
		uint32_t tag; /* ours */
		unsigned slot;
		size_t at, size;
		bool answered;
	} segments[SEGMENTS];
	uint8_t data[WIRE_DATA];
};

enum connection_state { GREETING, WELCOMED, ATTACHED, CLOSING };

struct connection {
	struct daemon *daemon;
	int fd;
	bool local; /* a Unix socket */
	enum connection_state state;
	char doom[160]; /* why it is to be closed, or empty */
	char name[64];

	struct operation receiving, sending;
	struct msghdr in, out;
	struct iovec in_bytes, out_bytes;
	union ntb_control in_control, out_control;
	struct ntb_inbox inbox;
	struct ntb_outbox outbox;
	int64_t heard; /* when the last byte came; of one who has not greeted: when it came itself */
	int64_t moved; /* when its queue was empty or got shorter */
	uint32_t waits_for; /* indices of ports whose queues must get shorter before the next frame is looked at */

	uint32_t capabilities;
	struct idtntb_port *port; /* ATTACHED */
	unsigned number, slot;
	uint32_t owner;
	uint64_t identity;
	struct pending_read read;
	uint8_t *upload; /* a saved state that comes in pieces, or NULL */
	size_t uploaded;
	bool late; /* it owes an answer for which nobody waits any more */
};

struct daemon {
	const struct daemon_options *options;
	struct io_uring ring;
	bool stop;
	bool poll_first; /* the kernel can be told to wait before it looks for input */
	int signals; /* that end it */
	struct ntb_place place; /* of a Unix socket, as is the next */
	struct ntb_listener socket;
	int listener; /* the descriptor, of either kind */
	char where[128]; /* that is */
	struct operation accepting, ticking, stopping;
	struct __kernel_timespec second;
	int64_t now;

	void *block;
	struct idtntb_switch *sw;
	uint8_t *counters; /* of each port, idtntb_counters_size() apart */
	uint8_t *image; /* for a snapshot */
	const struct idtntb_topology *topology;
	uint32_t owners; /* the last number given to one */
	uint32_t read_tag;
	uint32_t service; /* slots to service */
	uint32_t filled; /* slots whose holders have got something into a queue that is long already */
	struct idtntb_member members[IDTNTB_PORTS]; /* as last told */
	struct connection *holders[IDTNTB_PORTS];
	struct offer {
		unsigned count;
		struct wire_range ranges[WIRE_RANGES];
		int fds[WIRE_RANGES];
	} offers[IDTNTB_PORTS];

	struct connection *connections[CONNECTIONS_MOST];
	unsigned connection_count;
	bool more; /* there may be more to do before anything comes */
	_Alignas(8) uint8_t scratch[WIRE_BIGGEST + 8]; /* for frames to those who get none any more */
};

/* A line on stderr. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* daemon-listen.c: the listening socket. 0, or -errno with the line said; listen_close() after either. */
int listen_open(struct daemon *daemon);
void listen_close(struct daemon *daemon);

/* daemon-loop.c. 0 or -errno with the line said. */
int loop_open(struct daemon *daemon);
int loop_run(struct daemon *daemon);
void loop_close(struct daemon *daemon);
struct io_uring_sqe *loop_sqe(struct daemon *daemon, struct operation *operation);

/* daemon-connection.c */
void connection_accepted(struct daemon *daemon, int fd);
/* Close it soon, for that reason. The first reason stays. */
__attribute__((format(printf, 2, 3))) void connection_doom(struct connection *connection, const char *format, ...);
/* Do what can be done now: look at frames, submit input and output, close the doomed. */
void connections_advance(struct daemon *daemon);
/* Once a second. */
void connections_tick(struct daemon *daemon);
/* Hang up on all. */
void connections_close(struct daemon *daemon);
/* As ntb_outbox_add(), never NULL: who does not read is doomed. */
void *connection_add(struct connection *connection, enum wire_type type, size_t extra);
/* Something has been added: whoever made it so is held back if it is much. */
void connection_filled(struct connection *connection);

/* daemon-stream.c: have the kernel receive, or send what there is; and what it says of it. */
void stream_receive(struct connection *connection);
void stream_send(struct connection *connection);
void stream_received(struct operation *operation, int result);
void stream_sent(struct operation *operation, int result);
extern const char stream_hung_up[]; /* the reason that is none worth a line */

/* daemon-requests.c: carry out a frame that has been checked. */
void request_carry_out(struct connection *connection, const struct wire_frame *frame);
/* DATA, the answer to what was asked with that tag. */
void request_answer(struct connection *connection, uint32_t tag, const void *data, size_t size);

/* daemon-port.c */
int ports_open(struct daemon *daemon);
void ports_close(struct daemon *daemon);
/* Give the port to the client: 0, or -errno with the line filled. */
int port_attach(struct connection *connection, const struct wire_attach *wanted, struct idtntb_error *error);
void port_detach(struct connection *connection);
/* Let owners see what has happened, and tell everybody of members that have changed. */
void ports_settle(struct daemon *daemon);
/* The registers of a port that was away have been replayed. */
void port_resume(struct connection *connection);
/* The offer of a port has changed, or there is somebody new to tell. */
void port_offer(struct connection *connection, const struct wire_offer *offer);
void port_tell_all(struct connection *connection);

/* daemon-view.c: frames of clients without a port */
void view_look(struct connection *connection, const void *body);
void view_order(struct connection *connection, const void *body);
void view_image(struct connection *connection, const void *body);

/* daemon-reads.c */
void read_start(struct connection *connection, const struct wire_read *wanted);
/* As in struct idtntb_port_ops: during read_start() only. */
int read_peer(void *opaque, unsigned slot, uint64_t address, void *data, size_t size);
void read_answered(struct connection *from, const struct wire_ram_answer *answer);
/* That port is gone, or does not answer: who waits for it gets ones. */
void reads_give_up(struct daemon *daemon, unsigned slot);
/* Give up what waits for too long. */
void reads_tick(struct daemon *daemon);

#endif
