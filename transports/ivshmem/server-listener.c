/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A listening socket in the server's loop.
 */
#include "server.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define LISTENER_EVENTS (EPOLLIN | EPOLLET)
#define AT_ONCE 16 /* taken, before everything else that waits has its turn */

/* @return whether there may be more. */
static bool refuse_one(struct listener *listener)
{
	if (worth_a_line(&listener->refused))
		say("%s: a client was refused: %s; raise the limit of open files (ulimit -n)", listener->socket.path,
		    strerror(errno));
	return ntb_listener_refuse(&listener->socket);
}

static void listener_ready(struct source *source, uint32_t events)
{
	struct listener *listener = container_of(source, struct listener, source);

	(void)events;
	for (unsigned taken = 0; taken < AT_ONCE; taken++) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			listener->accepted(listener->opaque, fd);
		else if (errno == EINTR || errno == ECONNABORTED)
			continue;
		else if (errno == EAGAIN || !refuse_one(listener))
			/* Edge-triggered: what could not be taken waits for the next connection, without spinning. */
			return;
	}
	/* There may be more. Whoever keeps connecting must not keep the others, or a signal, from their turn. */
	loop_change(listener->loop, source, LISTENER_EVENTS);
}

int listener_open(struct listener *listener, struct loop *loop, const char *path, int type, mode_t mode)
{
	struct idtntb_error error;
	int ret = ntb_listener_open(&listener->socket, path, type, mode, SERVER_CLIENTS, &error);

	if (ret) {
		say("%s", error.text);
		return ret;
	}
	listener->loop = loop;
	listener->refused = 0;
	listener->source.ready = listener_ready;
	listener->source.fd = listener->socket.fd;
	ret = loop_add(loop, &listener->source, LISTENER_EVENTS);
	if (ret) {
		say("%s: cannot wait for clients: %s", path, strerror(-ret));
		ntb_listener_close(&listener->socket);
	}
	return ret;
}

void listener_close(struct listener *listener)
{
	loop_remove(listener->loop, &listener->source);
	listener->socket.fd = -1; /* closed with its source */
	ntb_listener_close(&listener->socket);
}
