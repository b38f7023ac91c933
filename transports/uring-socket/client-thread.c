/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread of a client: it receives while nobody waits for an answer, and joins again when the connection was lost. */
#include "client.h"
#include "talk.h"

#include "../common/error.h"
#include "../common/futex.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define GREET_MS 3000
#define LOOK_MS 1000 /* how often the silence of the daemon is looked at */
#define AGAIN_MS 500 /* between two attempts to join again */
#define LAZY_US 50 /* what is sent soon is sent after this, together with what has come meanwhile */

/* ---------------------------------------------------------------- joining */

int client_greet(struct client *client, int fd, struct ntb_inbox *inbox, struct wire_welcome *welcome,
		 struct idtntb_error *error)
{
	const uint32_t capabilities = client->address.tcp ? 0 : WIRE_CAP_RAM;
	int ret = ntb_talk_greet(fd, inbox, capabilities, welcome, error);

	if (ret)
		return ret;
	atomic_store(&client->capabilities, welcome->capabilities & capabilities);
	client->silence = (welcome->silence_ms < 1000 ? 1000 : welcome->silence_ms) * NTB_MS;
	return 0;
}

int client_attach(struct client *client, int fd, struct ntb_inbox *inbox, struct idtntb_error *error)
{
	struct idtntb_attachment *a = client->a;
	const struct wire_attach attach = {
		.port = a->port_number,
		.log_level = a->log_level,
		.identity = client->identity,
	};
	const struct wire_attached *attached;
	const struct wire_frame *frame;
	char line[WIRE_TEXT + 1];
	int ret = ntb_talk_send(fd, WIRE_ATTACH, &attach, sizeof(attach), NULL, 0);

	if (ret)
		return ntb_fail(error, ret, "the daemon hangs up");
	ret = ntb_talk_await(fd, inbox, WIRE_ATTACHED, ntb_now() + GREET_MS * NTB_MS, &frame, error);
	if (ret)
		return ret;
	attached = ntb_wire_body(frame);
	if (attached->error)
		return ntb_fail(error, attached->error < 0 && attached->error > -4096 ? attached->error : -EPROTO, "%s",
				ntb_talk_line(line, attached + 1, attached->size));
	if (attached->slot != a->slot)
		return ntb_fail(error, -EPROTO, "the daemon gives another port than was asked for");
	atomic_store(&client->heard, ntb_now());
	return 0;
}

/* ---------------------------------------------------------------- the thread */

void client_thread_wake(struct client *client)
{
	const uint64_t one = 1;

	/* When its counter is full, a wake-up is pending anyway. */
	if (write(client->wake, &one, sizeof(one)) < 0)
		return;
}

static int watch(struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = -1 };

	client->watched = EPOLLIN;
	return epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->fd, &event) ? -errno : 0;
}

/* Nobody waits on the dead connection any more when both locks are held. */
static void bury(struct client *client)
{
	pthread_mutex_lock(&client->in_lock);
	pthread_mutex_lock(&client->out_lock);
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->stuck = false;
	client->answer.buried = true;
	ntb_outbox_destroy(&client->outbox);
	ntb_inbox_destroy(&client->inbox);
	pthread_mutex_unlock(&client->out_lock);
	pthread_mutex_unlock(&client->in_lock);
}

/* The new connection is there: from here on frames are carried out, and the frontend is to replay its registers. */
static void install(struct client *client, int fd, const struct ntb_inbox *inbox)
{
	pthread_mutex_lock(&client->in_lock);
	pthread_mutex_lock(&client->out_lock);
	client->fd = fd;
	client->inbox = *inbox;
	client->lazy = client->blocked = false;
	client->caller_reads = false;
	atomic_store(&client->state, CLIENT_REJOINED);
	if (watch(client))
		client_lose(client, "%s", strerror(errno));
	pthread_mutex_unlock(&client->out_lock);
	pthread_mutex_lock(&client->events_lock);
	client->events.rejoined = true;
	pthread_mutex_unlock(&client->events_lock);
	atomic_store(&client->pending, true);
	/* Some may have come with the last answer, and nothing more may come. */
	client_look(client, false);
	pthread_mutex_unlock(&client->in_lock);
	ntb_wake(client->a);
}

/* Take the port of the daemon that answers there, if it is one that we can be a client of. */
static int join_again(struct client *client, int fd, struct ntb_inbox *inbox, struct idtntb_error *error)
{
	struct idtntb_topology topology;
	struct wire_welcome welcome;
	int ret = client_greet(client, fd, inbox, &welcome, error);

	/* One that is about to begin or to end, unless it has said why. */
	if (ret && ret != -ECONNREFUSED)
		error->text[0] = '\0';
	if (!ret)
		ret = ntb_wire_topology_get(&topology, &welcome, error);
	if (!ret)
		ret = idtntb_topology_compare(&client->topology, &topology, error);
	return ret ? ret : client_attach(client, fd, inbox, error);
}

/* Once for each reason: it is tried twice a second. */
static void say_refusal(struct client *client, const struct idtntb_error *why)
{
	if (!why->text[0] || !strcmp(client->refusal.text, why->text))
		return;
	client->refusal = *why;
	client_line(client, IDTNTB_LOG_WARNING, "the switch cannot be joined again: %s", why->text);
}

static void rejoin(struct client *client)
{
	struct idtntb_error error = { "" };
	struct ntb_inbox inbox;
	int fd = ntb_address_connect(&client->address, GREET_MS, &error), ret;

	if (fd < 0)
		return;
	ret = ntb_inbox_init(&inbox);
	if (!ret)
		ret = join_again(client, fd, &inbox, &error);
	if (!ret) {
		client->refusal.text[0] = '\0';
		install(client, fd, &inbox);
		return;
	}
	say_refusal(client, &error);
	ntb_inbox_destroy(&inbox);
	close(fd);
}

static void receive_all(struct client *client)
{
	/* The lock would be ours again before the other thread has woken up. */
	while (atomic_load(&client->in_wanted))
		sched_yield();
	pthread_mutex_lock(&client->in_lock);
	for (unsigned round = 0; round < CLIENT_ROUNDS && !atomic_load(&client->in_wanted) &&
				 atomic_load(&client->state) != CLIENT_LOST && client_receive(client, false, false);)
		round++;
	pthread_mutex_unlock(&client->in_lock);
	if (client->stuck) {
		pthread_mutex_lock(&client->out_lock);
		client_watch(client);
		pthread_mutex_unlock(&client->out_lock);
	}
}

static void send_rest(struct client *client, bool soon)
{
	const struct timespec pause = { .tv_nsec = LAZY_US * 1000 };

	if (soon)
		nanosleep(&pause, NULL);
	if (client_send_begin(client, CLIENT_REJOINED))
		client_send_end(client, client->caller_reads ? CLIENT_SEND_ASK : CLIENT_SEND_NOW);
}

static void take_wake(struct client *client)
{
	uint64_t count;

	if (read(client->wake, &count, sizeof(count)) < 0)
		return;
}

/* One turn with a connection. */
static void serve(struct client *client)
{
	struct epoll_event events[2];
	const int count = epoll_wait(client->epoll, events, 2, LOOK_MS);

	for (int i = 0; i < count; i++) {
		if (events[i].data.fd == client->wake && (events[i].events & EPOLLIN)) {
			take_wake(client);
			send_rest(client, true);
			continue;
		}
		if (events[i].events & EPOLLOUT)
			send_rest(client, false);
		if (events[i].events & ~EPOLLOUT)
			receive_all(client);
	}
	if (ntb_now() - atomic_load(&client->heard) > client->silence && atomic_load(&client->state) != CLIENT_LOST)
		client_lose(client, "the daemon has not been heard for %d seconds",
			    (int)(client->silence / (1000 * NTB_MS)));
}

static void rest(struct client *client, int64_t until)
{
	struct epoll_event event;
	int64_t left;

	while (!atomic_load(&client->stop) && (left = until - ntb_now()) > 0) {
		if (epoll_wait(client->epoll, &event, 1, (int)(left / NTB_MS) + 1) > 0)
			take_wake(client);
	}
}

static void *run(void *opaque)
{
	struct client *client = opaque;
	int64_t tried = 0;

	while (!atomic_load(&client->stop)) {
		if (atomic_load(&client->state) != CLIENT_LOST) {
			serve(client);
			continue;
		}
		bury(client);
		/* At once, but not again and again where each connection is lost as soon as it is there. */
		if (tried)
			rest(client, tried + AGAIN_MS * NTB_MS);
		tried = ntb_now();
		if (!atomic_load(&client->stop))
			rejoin(client);
	}
	return NULL;
}

int client_thread_start(struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = client->wake };
	sigset_t all, old;
	int ret;

	if (epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->wake, &event) || watch(client))
		return -errno;
	/* What came with the last answer of joining. */
	pthread_mutex_lock(&client->in_lock);
	client_look(client, true);
	pthread_mutex_unlock(&client->in_lock);
	client->thread_runs = true;
	/* As for the copier: signals are the program's, but a fault in RAM comes to whoever touches it. */
	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGSEGV);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&client->thread, NULL, run, client);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret) {
		client->thread_runs = false;
		return -ret;
	}
	pthread_setname_np(client->thread, "idtntb-uring");
	return 0;
}

void client_thread_stop(struct client *client)
{
	if (!client->thread_runs)
		return;
	atomic_store(&client->stop, true);
	client_thread_wake(client);
	pthread_join(client->thread, NULL);
	client->thread_runs = false;
}
