/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clients of the server and their eventfds. A client's id says nothing about its port, and changes when it rejoins;
 * the kernel's number of an eventfd is the same for all who hold it and unique while it lives. Ports publish that of their
 * own (idtntb_port_bell_set()), and whoever wants to wake them looks for it here.
 */
#ifndef NTB_IVSHMEM_PEERS_H
#define NTB_IVSHMEM_PEERS_H

#include <idtntb.h>

#include <stdint.h>

struct ntb_peer {
	int id;
	int fd; /* its vector 0 */
	uint32_t bell; /* number of that eventfd */
	unsigned vectors;
};

struct ntb_peers {
	struct ntb_peer *list;
	unsigned count, capacity;
};

/* The number of an eventfd, never 0. 0, -EPROTO when it is none, or another -errno when that cannot be told. */
int ntb_eventfd_bell(int fd, uint32_t *bell);

/* Take a vector that the server has sent. The descriptor becomes ours, whatever happens. 0 or -errno with a line. */
int ntb_peers_vector(struct ntb_peers *peers, int id, int fd, struct idtntb_error *error);
/* Forget a client. Returns its bell, or 0. */
uint32_t ntb_peers_gone(struct ntb_peers *peers, int id);
void ntb_peers_clear(struct ntb_peers *peers);
/* The eventfd with that number, or -1. */
int ntb_peers_find(const struct ntb_peers *peers, uint32_t bell);

#endif
