/* SPDX-License-Identifier: BSD-3-Clause */
/* Input and output of a connection. */
#include "daemon.h"

#include <errno.h>
#include <string.h>

const char stream_hung_up[] = "it hangs up";

void stream_received(struct operation *operation, int result)
{
	struct connection *c = container_of(operation, struct connection, receiving);

	if (result == -EINTR || result == -EAGAIN)
		return;
	if (result == -EINVAL && c->daemon->poll_first) {
		/* Before Linux 5.19. */
		c->daemon->poll_first = false;
		return;
	}
	if (result < 0) {
		connection_doom(c, "%s", result == -ECONNRESET ? stream_hung_up : strerror(-result));
		return;
	}
	/* Even of one that is closing: descriptors may have come. */
	if (ntb_inbox_received(&c->inbox, (size_t)result, &c->in))
		connection_doom(c, "more descriptors than frames can need");
	if (!result)
		connection_doom(c, "%s", stream_hung_up);
	/* A byte now and then is no greeting. */
	if (c->state != GREETING)
		c->heard = c->daemon->now;
}

void stream_sent(struct operation *operation, int result)
{
	struct connection *c = container_of(operation, struct connection, sending);

	if (result > 0) {
		ntb_outbox_sent(&c->outbox, (size_t)result);
		c->moved = c->daemon->now;
	} else if (result != -EINTR && result != -EAGAIN) {
		connection_doom(c, "%s", stream_hung_up);
	}
}

void stream_receive(struct connection *c)
{
	struct io_uring_sqe *sqe;

	c->in_bytes = ntb_inbox_space(&c->inbox);
	if (!c->in_bytes.iov_len)
		return;
	memset(&c->in, 0, sizeof(c->in));
	sqe = loop_sqe(c->daemon, &c->receiving);
	if (c->local) {
		c->in.msg_iov = &c->in_bytes;
		c->in.msg_iovlen = 1;
		c->in.msg_control = &c->in_control;
		c->in.msg_controllen = sizeof(c->in_control);
		io_uring_prep_recvmsg(sqe, c->fd, &c->in, MSG_CMSG_CLOEXEC);
	} else {
		io_uring_prep_recv(sqe, c->fd, c->in_bytes.iov_base, c->in_bytes.iov_len, 0);
	}
	/* What there was has been taken: wait first, and save the attempt. */
	if (c->daemon->poll_first)
		sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	io_uring_sqe_set_data(sqe, &c->receiving);
}

/*
 * Send what the socket takes, and leave the rest to the ring. Most answers fit, and a system call of their own is cheaper
 * than an operation whose completion wakes us once more (bench/uring.c).
 */
void stream_send(struct connection *c)
{
	struct io_uring_sqe *sqe;
	struct ntb_mark *mark;

	for (;;) {
		ssize_t size;

		if (!ntb_outbox_next(&c->outbox, &c->out_bytes, &mark)) {
			c->moved = c->daemon->now;
			return;
		}
		if (mark)
			break;
		size = send(c->fd, c->out_bytes.iov_base, c->out_bytes.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (size <= 0)
			break;
		/* Somebody held back may go on. */
		if (ntb_outbox_size(&c->outbox) > QUEUE_LOW)
			c->daemon->more = true;
		ntb_outbox_sent(&c->outbox, (size_t)size);
		c->moved = c->daemon->now;
	}
	sqe = loop_sqe(c->daemon, &c->sending);
	if (mark) {
		ntb_message_fill(&c->out, &c->out_bytes, &c->out_control, mark);
		io_uring_prep_sendmsg(sqe, c->fd, &c->out, MSG_NOSIGNAL);
	} else {
		io_uring_prep_send(sqe, c->fd, c->out_bytes.iov_base, c->out_bytes.iov_len, MSG_NOSIGNAL);
	}
	io_uring_sqe_set_data(sqe, &c->sending);
}
