/* SPDX-License-Identifier: BSD-3-Clause */
/* What an ivshmem server sends first: the shared memory, the clients that are there, and an eventfd of one's own. */
#ifndef NTB_IVSHMEM_GREETING_H
#define NTB_IVSHMEM_GREETING_H

#include "client.h"
#include "peers.h"

struct ntb_greeting {
	int memory, bell; /* what has come, or -1; the receiver's to close */
};

#define NTB_GREETING_NONE ((struct ntb_greeting){ -1, -1 })

/* Connect, asking again until the deadline (ntb_now()) while the server has too many newcomers. */
int ntb_greeting_connect(struct ntb_client *client, const char *path, int64_t deadline, struct idtntb_error *error);
/* Take messages until it is complete (1), there are none (0) or the server is of no use (-errno). Never waits. */
int ntb_greeting_take(struct ntb_greeting *greeting, struct ntb_client *client, struct ntb_peers *peers,
		      struct idtntb_error *error);
/* Wait for the whole of it: 0, or -errno and nothing is left in it. */
int ntb_greeting_wait(struct ntb_greeting *greeting, struct ntb_client *client, struct ntb_peers *peers,
		      const char *path, int64_t deadline, struct idtntb_error *error);
void ntb_greeting_drop(struct ntb_greeting *greeting);

#endif
