/* SPDX-License-Identifier: BSD-3-Clause */
/* A port's life: its attachment stays for as long as the server runs, clients come and go. */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* When no client could be accepted for want of descriptors: how long until the next try, ms. */
#define ACCEPT_PAUSE 200
#define CLIENTS_WAITING 8

static int watch(struct port *port, int fd, uint32_t source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	return epoll_ctl(port->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_all(struct port *port)
{
	const int fds[] = {
		[SOURCE_STOP] = port->stop,
		[SOURCE_WAKE] = port->wake,
		[SOURCE_ATTACHMENT] = idtntb_attachment_fd(port->attachment),
		[SOURCE_LISTENER] = port->listener.fd,
	};
	int error = 0;

	for (uint32_t source = 0; source < sizeof(fds) / sizeof(fds[0]) && !error; source++)
		error = watch(port, fds[source], source);
	if (error)
		say_port(port, "cannot wait: %s", strerror(-error));
	return error;
}

static int listen_at(struct port *port, const char *path, mode_t mode)
{
	struct idtntb_error error;
	int ret = ntb_place_take(&port->place, path, &error);

	if (!ret)
		ret = ntb_listener_clear(path, SOCK_STREAM, &error);
	if (!ret)
		ret = ntb_listener_open(&port->listener, path, SOCK_STREAM, mode, CLIENTS_WAITING, &error);
	if (ret)
		say("%s", error.text);
	return ret;
}

int port_open(struct port *port, const struct server_options *options, unsigned index, int stop)
{
	int error;

	port->options = options;
	port->number = options->ports[index].port;
	port->stop = stop;
	port->interrupts.unmask = -1;
	port->listener.fd = port->listener.spare = port->place.fd = -1;
	error = gate_init(&port->gate);
	port->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	port->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (error || port->wake < 0 || port->epoll < 0 || memory_open(port)) {
		if (!error)
			error = port->wake < 0 || port->epoll < 0 ? -errno : -ENOMEM;
		say_port(port, "cannot start: %s", strerror(-error));
		return error;
	}
	error = listen_at(port, options->ports[index].path, options->mode);
	if (!error)
		error = switch_attach(port);
	if (!error)
		error = device_open(port);
	if (!error)
		error = watch_all(port);
	return error;
}

void port_close(struct port *port)
{
	if (port->context)
		device_close(port);
	idtntb_detach(port->attachment);
	memory_close(port);
	gate_destroy(&port->gate);
	ntb_listener_close(&port->listener);
	ntb_place_drop(&port->place);
	if (port->wake >= 0)
		close(port->wake);
	if (port->epoll >= 0)
		close(port->epoll);
}

/* ---------------------------------------------------------------- a client */

/* libvfio-user closes the connection once it sees its end, and takes back all that the client has set up. */
static void disconnect(struct port *port)
{
	char why[sizeof(port->gate.wrong)];

	snprintf(why, sizeof(why), "%s", port->gate.wrong);
	gate_refuse(&port->gate, "the end");
	if (port->connected) {
		/* First of all, so that peers do not see a link without memory behind it. */
		idtntb_attachment_link_set(port->attachment, false);
		while (vfu_run_ctx(port->context) == 0 || errno != ENOTCONN)
			;
	} else if (port->gate.fd >= 0) {
		close(port->gate.fd);
	}
	memory_unstage(port);
	if (why[0] && worth_a_line(&port->lines))
		say_port(port, "client thrown out: %s", why);
	else if (!why[0] && port->connected && port->options->log_level >= IDTNTB_LOG_INFO)
		say_port(port, "client gone");
	port->connected = false;
	gate_closed(&port->gate);
}

/* The first message. @return whether there is a client now. */
static bool negotiate(struct port *port)
{
	if (vfu_attach_ctx(port->context)) {
		port->gate.fd = -1; /* libvfio-user has closed it */
		gate_refuse(&port->gate, "VERSION was not one to agree on");
		return false;
	}
	port->connected = true;
	if (port->options->log_level >= IDTNTB_LOG_INFO)
		say_port(port, "client connected");
	idtntb_attachment_link_set(port->attachment, true);
	return true;
}

/* @return whether the client stays. */
static bool handle_message(struct port *port)
{
	struct gate *gate = &port->gate;
	const uint16_t command = gate->header.command;
	struct gate_set_irqs irqs;
	struct gate_dma_map map;

	if (!gate_check(gate, port->connected))
		return false;
	if (!port->connected)
		return negotiate(port);
	if (command == GATE_SET_IRQS) {
		gate_get_set_irqs(gate, &irqs);
		if (interrupts_take(port, &irqs, gate->fds[0]))
			gate->fd_count = 0;
	}
	if (command == GATE_DMA_MAP && gate->fd_count) {
		gate_get_dma_map(gate, &map);
		gate->fd_count = 0;
		if (!memory_stage(port, &map, gate->fds[0]))
			gate_spoil_dma_map(gate);
	}
	if (vfu_run_ctx(port->context) < 0) {
		gate_refuse(gate, "%s", strerror(errno));
		return false;
	}
	/* Where a reply could not be sent libvfio-user has cleaned up too, but says that all is well. */
	if (gate->lost)
		return false;
	if (command == GATE_DMA_MAP)
		memory_unstage(port);
	else if (command == GATE_SET_IRQS)
		interrupts_set(port, &irqs);
	return true;
}

static void serve(struct port *port)
{
	/* One message: most clients wait for its answer, so that poll() is the next thing to do and not another read. */
	switch (gate_read(&port->gate)) {
	case GATE_WAIT:
		return;
	case GATE_OVER:
		disconnect(port);
		return;
	case GATE_MESSAGE:
		if (handle_message(port))
			gate_next(&port->gate);
		else
			disconnect(port);
	}
}

/* ---------------------------------------------------------------- the thread */

/* Whether the client is there no more, though there may be messages of it still to be read. */
static bool hung_up(const struct port *port)
{
	struct pollfd state = { .fd = port->gate.fd };

	return port->gate.fd >= 0 && poll(&state, 1, 0) == 1;
}

/* @return how long to wait before the next try, ms; -1: no reason to wait. */
static int take_client(struct port *port)
{
	int fd, error;

	/* One that hangs up makes room: its last messages, then its end, come before the next one's first. */
	if (hung_up(port))
		return -1;
	fd = accept4(port->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	error = errno;
	if (fd < 0) {
		if (error == EAGAIN || error == EINTR || error == ECONNABORTED)
			return -1;
		if (worth_a_line(&port->lines))
			say_port(port, "a client was refused: %s; raise the limit of open files (ulimit -n)",
				 strerror(error));
		if (error == EMFILE || error == ENFILE)
			ntb_listener_refuse(&port->listener);
		return ACCEPT_PAUSE;
	}
	if (port->gate.fd >= 0) {
		close(fd);
		if (worth_a_line(&port->lines))
			say_port(port, "a client was refused: there is one already; each port takes one");
		return -1;
	}
	gate_open(&port->gate, fd, port->stop);
	if (watch(port, fd, SOURCE_CLIENT))
		gate_refuse(&port->gate, "it cannot be waited for: %s", strerror(errno));
	if (port->gate.wrong[0])
		disconnect(port);
	return -1;
}

static void look_at_memory(struct port *port)
{
	uint64_t count;

	if (read(port->wake, &count, sizeof(count)) != (ssize_t)sizeof(count) || port->gate.fd < 0)
		return;
	if (memory_broken(port)) {
		gate_refuse(&port->gate, "it has cut its RAM short; use memory that is sealed against shrinking");
		disconnect(port);
	}
}

/* Nothing of a source that cannot be served for a while. */
static void listen_or_not(struct port *port, bool listen)
{
	struct epoll_event event = { .events = listen ? EPOLLIN : 0, .data.u32 = SOURCE_LISTENER };

	epoll_ctl(port->epoll, EPOLL_CTL_MOD, port->listener.fd, &event);
}

static void turn(struct port *port, const uint32_t *events)
{
	if (events[SOURCE_WAKE])
		look_at_memory(port);
	if (events[SOURCE_ATTACHMENT])
		idtntb_attachment_process(port->attachment);
	if (events[SOURCE_UNMASK])
		interrupts_mask(port, false, false);
	if (events[SOURCE_CLIENT] && port->gate.fd >= 0) {
		serve(port);
	} else if (gate_remaining(&port->gate) == 0) {
		gate_refuse(&port->gate,
			    port->connected ? "half a message and no more for %d ms" : "no VERSION within %d ms",
			    GATE_PATIENCE_MS);
		disconnect(port);
	}
}

static void *run(void *opaque)
{
	struct port *port = opaque;
	int pause = -1;

	gate_enter(&port->gate);
	for (;;) {
		const int timeout = pause >= 0 ? pause : gate_remaining(&port->gate);
		struct epoll_event ready[SOURCES];
		uint32_t events[SOURCES] = { 0 };
		const int count = epoll_wait(port->epoll, ready, SOURCES, timeout);

		if (pause >= 0)
			listen_or_not(port, true);
		pause = -1;
		for (int i = 0; i < count; i++)
			events[ready[i].data.u32] = ready[i].events;
		if (events[SOURCE_STOP])
			break;
		turn(port, events);
		if (events[SOURCE_LISTENER])
			pause = take_client(port);
		if (pause >= 0)
			listen_or_not(port, false);
	}
	if (port->gate.fd >= 0)
		disconnect(port);
	atomic_store(&port->ended, true);
	return NULL;
}

int port_start(struct port *port)
{
	int error = pthread_create(&port->thread, NULL, run, port);

	if (error)
		say_port(port, "no thread: %s", strerror(error));
	port->running = !error;
	return -error;
}

/* A thread may sit in a system call on a client's descriptor that the client has made to block: signals get it out. */
void port_join(struct port *port)
{
	if (!port->running)
		return;
	while (!atomic_load(&port->ended)) {
		pthread_kill(port->thread, SIGUSR1);
		usleep(1000);
	}
	pthread_join(port->thread, NULL);
	port->running = false;
}
