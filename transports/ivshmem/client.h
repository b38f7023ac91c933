/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's side of the ivshmem protocol, version 0 (QEMU's docs/specs/ivshmem-spec): the server sends 8-byte
 * little-endian words, some with a descriptor; the client never sends. The server is not trusted: whatever it should not
 * have sent ends the connection, with every descriptor closed.
 */
#ifndef NTB_IVSHMEM_CLIENT_H
#define NTB_IVSHMEM_CLIENT_H

#include <idtntb.h>

#include <stdbool.h>
#include <stdint.h>

#define NTB_IVSHMEM_IDS 65536 /* ids run from 0 */
#define NTB_IVSHMEM_VECTORS 2048u /* of one client at most; MSI-X has no more */

struct ntb_client {
	int fd; /* -1: not connected */
	enum { NTB_CLIENT_VERSION, NTB_CLIENT_ID, NTB_CLIENT_MEMORY, NTB_CLIENT_OWN, NTB_CLIENT_READY } state;
	int64_t id; /* our own */
	unsigned vectors; /* of ours, so far */
	uint8_t word[8]; /* what has come of the next one */
	unsigned have;
	int word_fd; /* that came with it, or -1 */
};

enum ntb_client_kind {
	NTB_CLIENT_NOTHING, /* of interest */
	NTB_CLIENT_SHARED_MEMORY, /* fd */
	NTB_CLIENT_OWN_VECTOR, /* fd: the first of ours; the handshake is complete */
	NTB_CLIENT_PEER_VECTOR, /* id, fd */
	NTB_CLIENT_PEER_GONE, /* id */
};

struct ntb_client_message {
	enum ntb_client_kind kind;
	int id;
	int fd; /* the receiver's to close */
};

void ntb_client_init(struct ntb_client *client);
/* 0, or -errno: -EAGAIN when the server has too many waiting. Never blocks. */
int ntb_client_connect(struct ntb_client *client, const char *path);
void ntb_client_disconnect(struct ntb_client *client);
/* Take the next message: 1, or 0 when there is none yet; -errno and a line when the connection is of no more use. */
int ntb_client_next(struct ntb_client *client, struct ntb_client_message *message, struct idtntb_error *error);

#endif
