/* SPDX-License-Identifier: BSD-3-Clause */
#include "peers.h"

#include "../common/error.h"
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEERS 1024u /* clients of one server at most; each costs a descriptor here */

int ntb_eventfd_bell(int fd, uint32_t *bell)
{
	char path[40], text[512];
	const char *line;
	ssize_t got;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -errno;
	got = read(info, text, sizeof(text) - 1);
	close(info);
	if (got <= 0)
		return -EPROTO;
	text[got] = '\0';
	line = strstr(text, "\neventfd-id:");
	if (!line)
		return -EPROTO;
	/* The kernel counts from 0, which stands for no bell at all. */
	*bell = (uint32_t)strtoul(line + strlen("\neventfd-id:"), NULL, 10) + 1;
	return 0;
}

static struct ntb_peer *find(struct ntb_peers *peers, int id)
{
	for (unsigned i = 0; i < peers->count; i++) {
		if (peers->list[i].id == id)
			return &peers->list[i];
	}
	return NULL;
}

static int add(struct ntb_peers *peers, int id, int fd, struct idtntb_error *error)
{
	uint32_t bell;
	const int ret = ntb_eventfd_bell(fd, &bell);

	if (ret == -EPROTO)
		return ntb_fail(error, ret, "the ivshmem server sent something else than an eventfd as a vector");
	if (ret)
		return ntb_fail(error, ret, "a vector of the ivshmem server cannot be looked at: %s", strerror(-ret));
	if (peers->count == PEERS)
		return ntb_fail(error, -EPROTO, "the ivshmem server has more than %u clients", PEERS);
	if (peers->count == peers->capacity) {
		unsigned capacity = peers->capacity ? 2 * peers->capacity : 16;
		struct ntb_peer *list = realloc(peers->list, capacity * sizeof(*list));

		if (!list)
			return ntb_fail(error, -ENOMEM, "no memory for %u clients of the ivshmem server", capacity);
		peers->list = list;
		peers->capacity = capacity;
	}
	peers->list[peers->count++] = (struct ntb_peer){ id, fd, bell, 1 };
	return 0;
}

int ntb_peers_vector(struct ntb_peers *peers, int id, int fd, struct idtntb_error *error)
{
	struct ntb_peer *peer = find(peers, id);
	int ret;

	if (!peer) {
		ret = add(peers, id, fd, error);
		if (ret)
			close(fd);
		return ret;
	}
	close(fd);
	if (++peer->vectors > NTB_IVSHMEM_VECTORS)
		return ntb_fail(error, -EPROTO, "the ivshmem server sent more than %u vectors of client %d",
				NTB_IVSHMEM_VECTORS, id);
	return 0;
}

uint32_t ntb_peers_gone(struct ntb_peers *peers, int id)
{
	struct ntb_peer *peer = find(peers, id);
	uint32_t bell;

	if (!peer)
		return 0;
	bell = peer->bell;
	close(peer->fd);
	*peer = peers->list[--peers->count];
	return bell;
}

void ntb_peers_clear(struct ntb_peers *peers)
{
	for (unsigned i = 0; i < peers->count; i++)
		close(peers->list[i].fd);
	free(peers->list);
	*peers = (struct ntb_peers){ .list = NULL };
}

int ntb_peers_find(const struct ntb_peers *peers, uint32_t bell)
{
	for (unsigned i = 0; bell && i < peers->count; i++) {
		if (peers->list[i].bell == bell)
			return peers->list[i].fd;
	}
	return -1;
}
