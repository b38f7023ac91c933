/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ivshmem transport: what one attachment keeps.
 *
 *  ivshmem.c     opening, claiming, closing; the switch in the server's memory
 *  bells.c       waking others and being woken
 *  liveness.c    who has died; the timer
 *  rejoin.c      the server's messages, its loss and its return
 *  ram-socket.c  RAM descriptors, over the second socket of our own server
 *
 * and view.c, which looks into the switch without being attached.
 */
#ifndef NTB_IVSHMEM_H
#define NTB_IVSHMEM_H

#include "../common/memory.h"
#include "../common/transport.h"
#include "../kick/kick.h"
#include "client.h"
#include "greeting.h"
#include "peers.h"

enum { TAG_BELL = NTB_TAG_TRANSPORT, TAG_SERVER, TAG_RAM, TAG_TIMER };

#define OWN_BELLS 8 /* eventfds of ours that are listened to: the newest, and those of servers that are gone */
#define RAM_TRIES 10 /* to reach the second socket again, one a second, while the server itself is there */
#define PATH_SIZE 108 /* of a Unix socket's address */

struct ivshmem {
	char path[PATH_SIZE];
	struct ntb_client client;
	struct ntb_peers peers; /* of the server that is connected; none without one */
	struct ntb_memory memory;
	struct ntb_memory arrived; /* of a server that we are rejoining */
	struct ntb_kicker kicker;
	bool joined; /* the port handle is there */
	bool rejoined; /* with the server that is connected */

	int own_bell; /* of the handshake that is going on, or -1 */
	int bells[OWN_BELLS];
	unsigned bell_count;
	struct {
		uint32_t owner, bell;
		int fd; /* or -1 */
	} targets[IDTNTB_PORTS];
	uint32_t missed; /* slots that were to be kicked when their eventfd was not known yet */

	int timer;
	int64_t timer_set; /* when it is to fire; 0: disarmed */
	int64_t probe_at, connect_at; /* 0: need not */
	int64_t handshake_until;
	uint32_t suspects; /* slots whose client is gone, but whose lock was still held */
	int64_t suspects_at, suspects_until;
	struct idtntb_error complaint; /* about the server, last logged; "" when all is well */

	int ram; /* the second socket, or -1 */
	bool ram_pending; /* an offer has not been sent yet */
	unsigned ram_tries; /* left */
	int64_t ram_at;
};

static inline struct ivshmem *ivshmem_of(struct idtntb_attachment *a)
{
	return a->state;
}

/* bells.c */
int ntb_bells_add(struct idtntb_attachment *a, int fd); /* listen to an eventfd of ours, and publish it */
/* Before the server's clients are forgotten: keep the eventfds of those who hold ports. */
void ntb_bells_remember(struct idtntb_attachment *a);
void ntb_bells_kick(struct idtntb_attachment *a, uint32_t slots);
void ntb_bells_kick_missed(struct idtntb_attachment *a);
void ntb_bells_close(struct ivshmem *iv);

/* liveness.c */
/* Take down the ports in slots whose owner has died. */
void ntb_liveness_sweep(struct idtntb_attachment *a, uint32_t slots);
/* The client with that bell has left the server: its port is swept as soon as its lock is free. */
void ntb_liveness_suspect(struct idtntb_attachment *a, uint32_t bell);
void ntb_liveness_timer(struct idtntb_attachment *a);
/* Set the timer to what has to be done next, or to nothing. */
void ntb_liveness_plan(struct idtntb_attachment *a);

/* rejoin.c */
/* Take what the server has sent. */
void ntb_server_input(struct idtntb_attachment *a);
void ntb_server_connect(struct idtntb_attachment *a);
void ntb_server_lost(struct idtntb_attachment *a, const struct idtntb_error *why);

/* ivshmem.c */
/* What follows the colon of a spec, if a socket can be called that. */
int ntb_ivshmem_path(char path[PATH_SIZE], const char *where, struct idtntb_error *error);

/* view.c */
extern const struct ntb_view_ops ntb_ivshmem_view_ops;

/* ram-socket.c */
void ntb_ram_socket_connect(struct idtntb_attachment *a);
void ntb_ram_socket_close(struct ivshmem *iv);
void ntb_ram_socket_event(struct idtntb_attachment *a, uint32_t events);
void ntb_ram_socket_offer(struct idtntb_attachment *a);

#endif
