/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port whose switch is in a daemon: what the parts of the client share.
 *
 * client.c          the transport: coming and going
 * client-stream.c   frames out and in, and waiting for an answer
 * client-frames.c   what comes from the daemon
 * client-thread.c   the thread that receives while nobody waits, and joins again when the connection was lost
 * client-remote.c   the accesses of the frontend
 * client-known.c    what needs no asking
 * client-deliver.c  what has come, handed to the frontend
 * client-replay.c   the registers, put into the daemon again
 *
 * The attachment's switch is a *shadow*: a block of the daemon's topology in private memory, with a port handle to which
 * all own writes are applied as well. It answers when the daemon does not, and it is what is replayed.
 *
 * Threads: the frontend's, which makes accesses, and one of ours. Whoever receives carries out what peers do to our RAM,
 * so that a host that waits for an answer still gives its own. Ours takes no lock of the frontend's and makes no callback.
 */
#ifndef NTB_URING_CLIENT_H
#define NTB_URING_CLIENT_H

#include "../common/transport.h"
#include "address.h"
#include "box.h"

#include <pthread.h>
#include <stdatomic.h>

enum client_state {
	CLIENT_LOST, /* no connection; ours joins again */
	CLIENT_REJOINED, /* the daemon has the port, and not its registers yet */
	CLIENT_UP,
};

#define CLIENT_LINES 32 /* of log, between two looks of the frontend */
#define CLIENT_MSIS 16 /* the same; more are one of them again */
#define CLIENT_FULL (256u << 10) /* what is posted waits from here on; answers still find room */
#define CLIENT_ROUNDS 16 /* of 64 KiB that are taken at once: there may be no end of them */

/* What has come for the frontend: the newest state of everything, so that its size is bounded by nature. */
struct client_events {
	bool rejoined;
	struct client_window {
		bool readable, changed;
		unsigned slot;
		uint64_t address, length;
	} windows[IDTNTB_WINDOWS];
	struct idtntb_member members[IDTNTB_PORTS];
	struct client_offer {
		bool changed;
		uint32_t owner;
		unsigned count;
		struct idtntb_ram_range ranges[WIRE_RANGES];
	} offers[IDTNTB_PORTS];
	bool intx, intx_changed;
	unsigned msi_count;
	struct wire_msi msis[CLIENT_MSIS];
	unsigned line_count;
	struct client_line {
		int level; /* or -1: a guest error */
		char text[WIRE_TEXT + 1];
	} lines[CLIENT_LINES];
};

struct client {
	struct idtntb_attachment *a;
	struct ntb_address address;
	uint64_t identity;
	_Atomic uint32_t capabilities; /* that both have */
	struct idtntb_topology topology; /* as the shadow's, which goes before our thread does */
	size_t memory_size;
	void *memory; /* the shadow's */

	_Atomic int state;
	bool joined; /* the frontend knows its attachment */
	_Atomic int64_t heard; /* when the last byte came, ns */
	int64_t silence; /* ns without one after which the daemon is dead */
	int fd; /* exchanged under both locks */

	pthread_mutex_t out_lock; /* taken after in_lock, if both are */
	struct ntb_outbox outbox;
	uint32_t watched; /* what the thread waits for on fd */
	bool caller_reads; /* the frontend's thread waits for an answer: ours need not wake up */
	bool lazy; /* our thread has been told to send */
	bool blocked; /* the socket takes no more for the moment */

	pthread_mutex_t in_lock; /* the frontend's thread takes it by client_lock_in() */
	atomic_bool in_wanted; /* by the frontend's thread */
	struct ntb_inbox inbox;
	atomic_bool stuck; /* the next frame is for the frontend's thread, which alone can reach that memory */
	struct {
		uint32_t tag; /* of the newest question */
		bool done;
		bool buried; /* with the connection it was asked on */
		uint32_t size;
		uint8_t data[WIRE_DATA];
	} answer;
	bool unanswered; /* the newest question has waited once: no more waiting until it is answered. The frontend's */
	bool no_room; /* the same for room in the outbox */
	int64_t rung; /* when the guest has rung a doorbell last */

	pthread_mutex_t events_lock; /* taken last */
	struct client_events events;
	atomic_bool pending; /* there are some */
	bool delivering; /* the frontend's thread is at it */
	struct client_events news; /* those that it hands on */

	pthread_t thread;
	bool thread_runs;
	atomic_bool stop;
	struct idtntb_error refusal; /* why it could not join again, as last said; the thread's */
	int epoll, wake; /* the same */
};

static inline struct client *client_of(struct idtntb_attachment *a)
{
	return a->state;
}

/* client-stream.c */

enum client_send {
	CLIENT_SEND_NOW, /* what can be sent without waiting */
	CLIENT_SEND_LAZILY, /* if it is much; else our thread does it soon */
	CLIENT_SEND_ASK, /* now, and client_await() comes next */
};

/*
 * Begin and end sending: out_lock is held between. False, without it: there is no connection in that state or a better
 * one.
 */
bool client_send_begin(struct client *client, enum client_state least);
void client_send_end(struct client *client, enum client_send how);
/* Append while out_lock is held. Never NULL; what finds no room is dropped, and ends the connection. */
void *client_add(struct client *client, enum wire_type type, size_t extra);
/* Take in_lock, from the frontend's thread: ours, which may be kept busy by whoever sends much, lets go of it. */
void client_lock_in(struct client *client);
/* Carry out all frames that have come in full; in_lock is held. */
void client_look(struct client *client, bool owner);
/* Receive what is there, or wait a slice for it, and carry it out; in_lock is held. False: nothing came. */
bool client_receive(struct client *client, bool wait, bool owner);
/* The tag of a new question; before client_send_begin(). */
uint32_t client_question(struct client *client);
/* Wait for the answer to the newest question, so many bytes; ms at most. False: it has not come, or is another's. */
bool client_await(struct client *client, void *data, size_t size, int ms);
/* Whether asking is in vain: there is no connection, or an earlier question is still open. */
bool client_mute(struct client *client);
/* Wait until the outbox is short enough for what is posted, a bounded time. */
bool client_make_room(struct client *client);
/* The connection is of no use any more. Locks may be held, but events_lock. */
__attribute__((format(printf, 2, 3))) void client_lose(struct client *client, const char *format, ...);
/* Set what our thread waits for; out_lock is held. */
void client_watch(struct client *client);

/* client-frames.c: carry out a frame; in_lock is held. False: only the frontend's thread (`owner`) can. */
bool client_carry_out(struct client *client, const struct wire_frame *frame, bool owner);
/* Forget all that the daemon has said; as of now there is none. */
void client_forget(struct client *client);
__attribute__((format(printf, 3, 4))) void client_line(struct client *client, int level, const char *format, ...);

/* client-thread.c */
int client_greet(struct client *client, int fd, struct ntb_inbox *inbox, struct wire_welcome *welcome,
		 struct idtntb_error *error);
int client_attach(struct client *client, int fd, struct ntb_inbox *inbox, struct idtntb_error *error);
int client_thread_start(struct client *client);
void client_thread_stop(struct client *client);
void client_thread_wake(struct client *client);

/* client-deliver.c: hand what has come to the frontend. */
void client_deliver(struct client *client);
/* Carry out what peers have sent to RAM that only the frontend's thread can reach. */
void client_drain(struct client *client);
/* Tell the daemon of our RAM. */
void client_offer(struct client *client);

/* client-replay.c: fill the outbox; out_lock is held. */
void client_replay(struct client *client);
/* The same: whether our user lets others poke the port. */
void client_consent(struct client *client);
/* Nothing is pending in the shadow. */
void client_shadow_settle(struct client *client);

/* client-known.c: as in struct ntb_remote. */
int client_member(struct idtntb_attachment *a, unsigned port, struct idtntb_member *found);
int client_window(struct idtntb_attachment *a, unsigned index, struct idtntb_window *info);
extern const struct idtntb_port_ops client_shadow_ops;

/* client-remote.c */
extern const struct ntb_remote client_remote;

/* view.c */
extern const struct ntb_view_ops ntb_uring_view_ops;

#endif
