/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake-server.h"

#include "fds.h"
#include "host.h"

#include <endian.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 16
#define VECTORS 2

static struct {
	int fd;
	int id;
	int bells[VECTORS];
} clients[CLIENTS];

static int put(int client, int64_t word, size_t size, const int *fds, unsigned count)
{
	const uint64_t raw = htole64((uint64_t)word);

	return fds_send(client, &raw, size, fds, count) ? 0 : -1;
}

static void word(int client, int64_t value)
{
	put(client, value, 8, NULL, 0);
}

static void word_fd(int client, int64_t value, int fd)
{
	put(client, value, 8, &fd, 1);
}

/* The greeting up to the memory, with its vice. False: nothing good comes any more. */
static bool greet(const struct fake_server *server, int client, int id)
{
	const enum vice vice = server->vice;
	int pipes[2], fds[32], memory = server->memory;
	char path[40];

	if (vice == VICE_END_AT_ONCE || vice == VICE_SILENT)
		return false;
	if (vice == VICE_HALF_A_WORD)
		return put(client, 0, 3, NULL, 0), false;
	if (vice == VICE_VERSION_WITH_FD)
		word_fd(client, 0, memory);
	else
		word(client, vice == VICE_VERSION_1);
	word(client, vice == VICE_ID_NEGATIVE ? -5 : vice == VICE_ID_HUGE ? 65536 : id);
	if (vice == VICE_MEMORY_IS_A_PIPE && !pipe(pipes))
		memory = pipes[0];
	if (vice == VICE_MEMORY_READ_ONLY) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
		memory = open(path, O_RDONLY);
	}
	for (unsigned i = 0; i < 32; i++)
		fds[i] = memory;
	if (vice == VICE_MEMORY_WITHOUT_FD)
		word(client, -1);
	else
		put(client, -1, 8, fds, vice == VICE_TWO_FDS ? 2 : vice == VICE_MANY_FDS ? 32 : 1);
	return true;
}

static void vice_after(const struct fake_server *server, int client, int id)
{
	int bell = eventfd(0, 0);

	switch (server->vice) {
	case VICE_PEER_ID_HUGE:
		word_fd(client, INT64_C(1) << 40, bell);
		break;
	case VICE_PEER_IS_A_FILE:
		word_fd(client, id + 1, server->memory);
		break;
	case VICE_TOO_MANY_VECTORS:
		for (unsigned i = 0; i < 3000 && !put(client, id + 1, 8, &bell, 1); i++)
			;
		break;
	case VICE_TOO_MANY_PEERS:
		for (unsigned i = 0; i < 3000 && !put(client, id + 1 + i, 8, &bell, 1); i++)
			;
		break;
	case VICE_WE_ARE_GONE:
		word(client, id);
		break;
	case VICE_SECOND_MEMORY:
		word_fd(client, -1, server->memory);
		break;
	case VICE_FLOOD:
		while (!put(client, id + 1, 8, &bell, 1) && !put(client, id + 1, 8, NULL, 0))
			;
		break;
	default:
		break;
	}
	close(bell);
}

static void join(const struct fake_server *server, int fd)
{
	static int next;
	unsigned me = 0;
	int file = server->memory;

	while (me < CLIENTS && clients[me].fd >= 0)
		me++;
	if (me == CLIENTS) {
		close(fd);
		return;
	}
	clients[me].fd = fd;
	clients[me].id = next++;
	for (unsigned v = 0; v < VECTORS; v++)
		clients[me].bells[v] = eventfd(0, EFD_NONBLOCK);
	if (!greet(server, fd, clients[me].id)) {
		if (server->vice != VICE_SILENT)
			shutdown(fd, SHUT_RDWR);
		return;
	}
	for (unsigned v = 0; v < VECTORS; v++) {
		for (unsigned i = 0; i < CLIENTS; i++) {
			if (i != me && clients[i].fd >= 0)
				word_fd(clients[i].fd, clients[me].id, clients[me].bells[v]);
		}
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		for (unsigned v = 0; v < VECTORS && i != me && clients[i].fd >= 0; v++)
			word_fd(fd, clients[i].id, clients[i].bells[v]);
	}
	for (unsigned v = 0; v < VECTORS; v++)
		word_fd(fd, clients[me].id, server->vice == VICE_VECTOR_IS_A_FILE ? file : clients[me].bells[v]);
	vice_after(server, fd, clients[me].id);
}

static void leave(unsigned me)
{
	close(clients[me].fd);
	clients[me].fd = -1;
	for (unsigned v = 0; v < VECTORS; v++)
		close(clients[me].bells[v]);
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (clients[i].fd >= 0)
			word(clients[i].fd, clients[me].id);
	}
}

static void serve(const struct fake_server *server, int listener)
{
	for (;;) {
		struct pollfd fds[CLIENTS + 1];

		for (unsigned i = 0; i < CLIENTS; i++)
			fds[i] = (struct pollfd){ clients[i].fd, POLLIN, 0 };
		fds[CLIENTS] = (struct pollfd){ listener, POLLIN, 0 };
		if (poll(fds, CLIENTS + 1, -1) < 0)
			continue;
		for (unsigned i = 0; i < CLIENTS; i++) {
			if (fds[i].revents)
				leave(i);
		}
		if (fds[CLIENTS].revents)
			join(server, accept(listener, NULL, NULL));
	}
}

void fake_server_restart(struct fake_server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, server->path);
	unlink(server->path);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 16), 0);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (!server->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		/* Nothing of the test's is kept alive here: not its locks, not its eventfds. */
		for (int fd = 3; fd < 256; fd++) {
			if (fd != listener && fd != server->memory)
				close(fd);
		}
		for (unsigned i = 0; i < CLIENTS; i++)
			clients[i].fd = -1;
		serve(server, listener);
		_exit(1);
	}
	close(listener);
}

void fake_server_forget(struct fake_server *server, size_t memory_size)
{
	if (server->memory >= 0)
		close(server->memory);
	server->memory = memfd_create("ivshmem", MFD_CLOEXEC);
	assert_true(server->memory >= 0 && !ftruncate(server->memory, (off_t)memory_size));
}

void fake_server_start(struct fake_server *server, size_t memory_size, enum vice vice)
{
	char folder[] = "/tmp/idtntb-test-XXXXXX";

	assert_non_null(mkdtemp(folder));
	snprintf(server->path, sizeof(server->path), "%s/s", folder);
	server->vice = vice;
	server->memory = -1;
	fake_server_forget(server, memory_size);
	fake_server_restart(server);
}

void fake_server_kill(struct fake_server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = -1;
}

void fake_server_end(struct fake_server *server)
{
	if (server->pid > 0)
		fake_server_kill(server);
	unlink(server->path);
	*strrchr(server->path, '/') = '\0';
	rmdir(server->path);
	close(server->memory);
}
