/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames out, frames in, and waiting for an answer, each for a bounded time. */
#include "client.h"

#include "../common/futex.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MUCH (16u << 10) /* window data that is sent at once */
#define ROOM_MS 3000 /* as copies in shared memory wait */
#define SLICE_MS 50
#define SERVE_MS 1

void client_lose(struct client *client, const char *format, ...)
{
	int state = atomic_load(&client->state);
	char text[WIRE_TEXT];
	va_list list;

	do {
		if (state == CLIENT_LOST)
			return;
	} while (!atomic_compare_exchange_weak(&client->state, &state, CLIENT_LOST));
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	client_forget(client);
	client_line(client, IDTNTB_LOG_WARNING, "the switch is away, its links are down: %s", text);
	/* Whoever waits on it returns; it is closed when nobody can. */
	shutdown(client->fd, SHUT_RDWR);
	client_thread_wake(client);
}

void client_watch(struct client *client)
{
	const uint32_t events =
		(client->caller_reads || client->stuck ? 0 : EPOLLIN) | (client->blocked ? EPOLLOUT : 0);
	struct epoll_event event = { .events = events, .data.fd = -1 };

	if (events == client->watched || !client->thread_runs)
		return;
	client->watched = events;
	epoll_ctl(client->epoll, EPOLL_CTL_MOD, client->fd, &event);
}

/* Send what the socket takes; out_lock is held. */
static void flush(struct client *client)
{
	union ntb_control control;
	struct msghdr message;
	struct ntb_mark *mark;
	struct iovec bytes;
	ssize_t size;

	client->lazy = client->blocked = false;
	while (ntb_outbox_next(&client->outbox, &bytes, &mark)) {
		ntb_message_fill(&message, &bytes, &control, mark);
		size = sendmsg(client->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (size >= 0) {
			ntb_outbox_sent(&client->outbox, (size_t)size);
			continue;
		}
		if (errno == EINTR)
			continue;
		client->blocked = errno == EAGAIN;
		if (!client->blocked)
			client_lose(client, "%s", strerror(errno));
		return;
	}
}

bool client_send_begin(struct client *client, enum client_state least)
{
	pthread_mutex_lock(&client->out_lock);
	if (atomic_load(&client->state) >= (int)least)
		return true;
	pthread_mutex_unlock(&client->out_lock);
	return false;
}

void client_send_end(struct client *client, enum client_send how)
{
	bool wake = false;

	client->caller_reads = how == CLIENT_SEND_ASK;
	/* Our thread stays out of it before the answer can come. */
	if (client->caller_reads)
		client_watch(client);
	if (how != CLIENT_SEND_LAZILY || ntb_outbox_size(&client->outbox) >= MUCH) {
		flush(client);
	} else if (!client->lazy) {
		client->lazy = true;
		wake = true;
	}
	if (!client->lazy)
		client_watch(client);
	pthread_mutex_unlock(&client->out_lock);
	if (wake)
		client_thread_wake(client);
}

void *client_add(struct client *client, enum wire_type type, size_t extra)
{
	static _Thread_local _Alignas(8) uint8_t nowhere[WIRE_BIGGEST + 8];
	void *body = ntb_outbox_add(&client->outbox, type, extra);

	if (body)
		return body;
	client_lose(client, "the daemon does not read: %zu bytes wait for it", ntb_outbox_size(&client->outbox));
	return memset(nowhere, 0, sizeof(nowhere));
}

/* While this thread waits: a frontend may have it serve peers meanwhile. Returns whether that is so. */
static bool serve_others(struct client *client)
{
	struct idtntb_attachment *a = client->a;

	if (!a->ops.waiting || !client->joined)
		return false;
	a->ops.waiting(a->opaque);
	return true;
}

bool client_make_room(struct client *client)
{
	const int64_t deadline = ntb_now() + ROOM_MS * NTB_MS;
	size_t size;

	for (;;) {
		struct pollfd pollfd = { .events = POLLOUT };

		if (!client_send_begin(client, CLIENT_UP))
			return false;
		size = ntb_outbox_size(&client->outbox);
		if (size < CLIENT_FULL) {
			client->no_room = false;
			pthread_mutex_unlock(&client->out_lock);
			return true;
		}
		pollfd.fd = client->fd;
		client_send_end(client, CLIENT_SEND_NOW);
		if (client->no_room || ntb_now() >= deadline) {
			client->no_room = true;
			return false;
		}
		poll(&pollfd, 1, serve_others(client) ? SERVE_MS : SLICE_MS);
	}
}

/* ---------------------------------------------------------------- in */

void client_lock_in(struct client *client)
{
	atomic_store(&client->in_wanted, true);
	pthread_mutex_lock(&client->in_lock);
	atomic_store(&client->in_wanted, false);
}

void client_look(struct client *client, bool owner)
{
	const struct wire_frame *frame;
	struct idtntb_error error;
	int ret = 0;

	/* What the daemon has said is forgotten when it is lost: nothing is to be believed after that. */
	while (atomic_load(&client->state) != CLIENT_LOST &&
	       (ret = ntb_inbox_next(&client->inbox, true, &frame, &error)) > 0) {
		client->stuck = !client_carry_out(client, frame, owner);
		if (client->stuck) {
			/* It is looked at again, by the other thread. */
			client->inbox.start -= frame->length;
			ntb_wake(client->a);
			return;
		}
	}
	if (ret < 0)
		client_lose(client, "the daemon sends %s", error.text);
}

bool client_receive(struct client *client, bool wait, bool owner)
{
	union ntb_control control;
	struct iovec bytes;
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	ssize_t size;

	if (client->stuck) {
		if (!owner)
			return false;
		client_look(client, true);
	}
	bytes = ntb_inbox_space(&client->inbox);
	if (!client->address.tcp) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	size = recvmsg(client->fd, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (size <= 0) {
		client_lose(client, "%s", size ? strerror(errno) : "the daemon has hung up");
		return false;
	}
	atomic_store(&client->heard, ntb_now());
	if (ntb_inbox_received(&client->inbox, (size_t)size, &message)) {
		client_lose(client, "more descriptors than frames can need");
		return false;
	}
	client_look(client, owner);
	return true;
}

uint32_t client_question(struct client *client)
{
	uint32_t tag;

	client_lock_in(client);
	tag = ++client->answer.tag;
	client->answer.done = client->answer.buried = false;
	pthread_mutex_unlock(&client->in_lock);
	return tag;
}

/* A slice is the socket's SO_RCVTIMEO; a short one where this thread serves others while it waits. */
static void wait_slice(struct client *client)
{
	struct pollfd pollfd = { .fd = client->fd, .events = POLLIN };

	if (!client->a->ops.waiting) {
		client_receive(client, true, true);
		return;
	}
	if (client_receive(client, false, true))
		return;
	pthread_mutex_unlock(&client->in_lock);
	serve_others(client);
	poll(&pollfd, 1, SERVE_MS);
	client_lock_in(client);
}

bool client_await(struct client *client, void *data, size_t size, int ms)
{
	const int64_t deadline = ntb_now() + ms * NTB_MS;
	bool good = false;

	client_lock_in(client);
	while (!client->answer.done && !client->answer.buried && atomic_load(&client->state) != CLIENT_LOST &&
	       ntb_now() < deadline)
		wait_slice(client);
	client->unanswered = !client->answer.done;
	if (client->answer.done && client->answer.size == size) {
		if (size)
			memcpy(data, client->answer.data, size);
		good = true;
	}
	pthread_mutex_unlock(&client->in_lock);
	pthread_mutex_lock(&client->out_lock);
	client->caller_reads = false;
	client_watch(client);
	pthread_mutex_unlock(&client->out_lock);
	return good;
}

bool client_mute(struct client *client)
{
	bool done;

	if (atomic_load(&client->state) != CLIENT_UP)
		return true;
	if (!client->unanswered)
		return false;
	client_lock_in(client);
	done = client->answer.done;
	pthread_mutex_unlock(&client->in_lock);
	client->unanswered = !done;
	return !done;
}
