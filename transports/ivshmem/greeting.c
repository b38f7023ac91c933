/* SPDX-License-Identifier: BSD-3-Clause */
#include "greeting.h"

#include "../common/error.h"
#include "../common/futex.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MESSAGES 64 /* taken at once: a server that floods us must not keep a VMM's main loop */

int ntb_greeting_connect(struct ntb_client *client, const char *path, int64_t deadline, struct idtntb_error *error)
{
	const struct timespec pause = { .tv_nsec = 20 * NTB_MS };
	int ret;

	while ((ret = ntb_client_connect(client, path)) == -EAGAIN && ntb_now() < deadline)
		nanosleep(&pause, NULL);
	if (!ret)
		return 0;
	if (ret == -ENOENT)
		return ntb_fail(error, ret, "there is no ivshmem server: no socket '%s'", path);
	if (ret == -ECONNREFUSED)
		return ntb_fail(error, ret, "no ivshmem server listens on '%s' any more: start it", path);
	return ntb_fail(error, ret, "ivshmem server '%s': %s", path, strerror(-ret));
}

void ntb_greeting_drop(struct ntb_greeting *greeting)
{
	if (greeting->memory >= 0)
		close(greeting->memory);
	if (greeting->bell >= 0)
		close(greeting->bell);
	*greeting = NTB_GREETING_NONE;
}

int ntb_greeting_take(struct ntb_greeting *greeting, struct ntb_client *client, struct ntb_peers *peers,
		      struct idtntb_error *error)
{
	struct ntb_client_message message;
	int ret;

	for (unsigned i = 0; i < MESSAGES; i++) {
		ret = ntb_client_next(client, &message, error);
		if (ret <= 0)
			return ret;
		switch (message.kind) {
		case NTB_CLIENT_SHARED_MEMORY:
			greeting->memory = message.fd;
			break;
		case NTB_CLIENT_OWN_VECTOR:
			greeting->bell = message.fd;
			return 1;
		case NTB_CLIENT_PEER_VECTOR:
			ret = ntb_peers_vector(peers, message.id, message.fd, error);
			if (ret)
				return ret;
			break;
		case NTB_CLIENT_PEER_GONE:
			ntb_peers_gone(peers, message.id);
			break;
		default:
			break;
		}
	}
	return 0;
}

int ntb_greeting_wait(struct ntb_greeting *greeting, struct ntb_client *client, struct ntb_peers *peers,
		      const char *path, int64_t deadline, struct idtntb_error *error)
{
	int ret;

	while (!(ret = ntb_greeting_take(greeting, client, peers, error))) {
		struct pollfd poll_fd = { .fd = client->fd, .events = POLLIN };
		int64_t left = (deadline - ntb_now()) / NTB_MS;

		if (left <= 0) {
			ret = ntb_fail(error, -EPROTO,
				       "'%s' does not send an ivshmem server's greeting: memory and one vector", path);
			break;
		}
		poll(&poll_fd, 1, (int)left);
	}
	if (ret > 0)
		return 0;
	ntb_greeting_drop(greeting);
	return ret == -ECONNRESET ? -EPROTO : ret;
}
