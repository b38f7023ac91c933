/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shm transport: a switch in a plain file that everybody maps, with no server. What one attachment keeps.
 *
 *  shm.c          opening, claiming, closing
 *  file.c         finding the switch in the file, or making it there
 *  sleeper.c      being woken, and waking others
 *  ram-sockets.c  RAM descriptors, from each owner to all others
 *  ram-follow.c   the same, as those see it
 *  view.c         looking into the switch from outside
 */
#ifndef NTB_SHM_H
#define NTB_SHM_H

#include "../common/claim.h"
#include "../common/memory.h"
#include "../common/transport.h"

#include <limits.h>
#include <sys/un.h>

#define SHM_SUBSCRIBERS 32 /* who are told of the own RAM */

enum {
	TAG_BELL = NTB_TAG_TRANSPORT,
	TAG_LISTENER,
	TAG_PUBLISHER, /* and one for each port */
	TAG_SUBSCRIBER = TAG_PUBLISHER + IDTNTB_PORTS, /* and one for each of them */
};

struct shm {
	char path[PATH_MAX]; /* of the file: the user's, links followed */
	struct ntb_memory memory;

	/* The sleeper: what it uses is set before it is started and stays, or is atomic. */
	struct idtntb_switch *sw; /* its own view */
	unsigned slot; /* of the port */
	pthread_t sleeper;
	bool sleeps; /* it has been started */
	int bell; /* eventfd that it rings: nobody else has it */
	atomic_bool stop;
	atomic_bool sweep; /* it has found an owner that died */
	atomic_bool tick; /* it is to ring with its next look */
	_Atomic int64_t hurry; /* until then it looks often: somebody may be dying */

	int listener; /* or -1: RAM goes by copy */
	dev_t listener_dev; /* of the name that it was bound to */
	ino_t listener_ino;
	bool crowded; /* somebody may be waiting there whom nothing more announces */
	struct shm_subscriber {
		int fd; /* or -1 */
		pid_t process;
		bool pending; /* it has not been told the newest yet */
	} subscribers[SHM_SUBSCRIBERS];
	struct shm_publisher {
		int fd; /* or -1 */
		uint32_t owner; /* of the port, when it was looked at last */
		unsigned tries; /* left to reach it */
		int64_t try_at; /* not before */
	} publishers[IDTNTB_PORTS];
};

static inline struct shm *shm_of(struct idtntb_attachment *a)
{
	return a->state;
}

/* file.c */
/* Open the file, making it if there is none, and a switch in it. The lock for joining is held then. */
int ntb_shm_file(struct shm *shm, const char *where, const struct idtntb_attach_options *options,
		 struct idtntb_error *error);

/* Map the switch in a file for looking into it. */
int ntb_shm_find(struct ntb_memory *memory, const char *where, struct idtntb_error *error);

/* view.c */
extern const struct ntb_view_ops ntb_shm_view_ops;

/* sleeper.c */
/* Wake the owners of ports of the switch in that memory. */
void ntb_shm_ring(void *memory, uint32_t slots);
int ntb_shm_sleeper_start(struct idtntb_attachment *a, struct idtntb_error *error);
void ntb_shm_sleeper_stop(struct shm *shm);
void ntb_shm_kick(struct idtntb_attachment *a, uint32_t slots);
/* Look for the dead more often for a while. */
void ntb_shm_hurry(struct shm *shm);

/* ram-sockets.c */
void ntb_shm_ram_init(struct shm *shm);
/* Let others fetch our RAM. The port is claimed, and not attached yet: who sees us as its owner finds us listening. */
void ntb_shm_ram_listen(struct idtntb_attachment *a);
void ntb_shm_ram_close(struct shm *shm);
/* Let in who was left waiting, and look for owners that are new. */
void ntb_shm_ram_settle(struct idtntb_attachment *a);
void ntb_shm_ram_event(struct idtntb_attachment *a, uint32_t tag, uint32_t events);
void ntb_shm_ram_offer(struct idtntb_attachment *a);
/* The address of a port's socket. False when the path is too long for one. */
bool ntb_shm_ram_name(const struct shm *shm, unsigned slot, struct sockaddr_un *address);

/* ram-follow.c */
/* Fetch the RAM of owners that are new. */
void ntb_shm_ram_follow(struct idtntb_attachment *a);
void ntb_shm_publisher_event(struct idtntb_attachment *a, unsigned slot);
/* Hang up. */
void ntb_shm_publisher_leave(struct shm *shm, unsigned slot);

#endif
