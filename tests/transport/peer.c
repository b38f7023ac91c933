/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

const char *peer_program, *server_program;

/* Start a program that ends with us; its standard output comes through the pipe that is returned. */
static int spawn(pid_t *pid, const char *const arguments[])
{
	int pipes[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	*pid = fork();
	assert_true(*pid >= 0);
	if (!*pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipes[1], STDOUT_FILENO);
		execv(arguments[0], (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	close(pipes[1]);
	return pipes[0];
}

void peer_launch(struct peer *peer, const char *spec, unsigned port, const char *ports)
{
	char number[12];
	const char *const arguments[] = { peer_program, spec, number, ports, NULL };

	snprintf(number, sizeof(number), "%u", port);
	peer->output = spawn(&peer->pid, arguments);
}

bool peer_wait(struct peer *peer, unsigned port, struct idtntb_error *error)
{
	char line[256] = "";
	size_t used = 0;

	while (!strchr(line, '\n') && used < sizeof(line) - 1) {
		struct pollfd poll_fd = { peer->output, POLLIN, 0 };
		ssize_t got;

		if (poll(&poll_fd, 1, PATIENCE_MS) != 1)
			fail_msg("the peer on port %u says nothing", port);
		got = read(peer->output, line + used, sizeof(line) - 1 - used);
		if (got <= 0)
			fail_msg("the peer on port %u has died", port);
		used += (size_t)got;
		line[used] = '\0';
	}
	if (!strcmp(line, "ready\n"))
		return true;
	line[strcspn(line, "\n")] = '\0';
	if (error)
		snprintf(error->text, sizeof(error->text), "%.239s", line);
	else
		fail_msg("the peer on port %u: %s", port, line);
	waitpid(peer->pid, NULL, 0);
	close(peer->output);
	return false;
}

bool peer_start(struct peer *peer, const char *spec, unsigned port, struct idtntb_error *error)
{
	peer_launch(peer, spec, port, NULL);
	return peer_wait(peer, port, error);
}

void peer_kill(struct peer *peer)
{
	kill(peer->pid, SIGKILL);
	waitpid(peer->pid, NULL, 0);
	close(peer->output);
}

pid_t real_server_start(const char *path)
{
	const char *const arguments[] = { server_program, "--socket", path, NULL };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int64_t deadline = now_ms() + PATIENCE_MS;
	pid_t pid;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	close(spawn(&pid, arguments));
	for (;;) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int ret = connect(fd, (const struct sockaddr *)&address, sizeof(address));

		close(fd);
		if (!ret)
			return pid;
		if (now_ms() > deadline)
			fail_msg("%s does not listen on %s", server_program, path);
		usleep(5000);
	}
}

unsigned free_tcp_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* Whether somebody listens there. It has forgotten the question when this returns. */
static bool answers(int domain, const void *address, socklen_t size)
{
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool there = !connect(fd, address, size);
	char byte;

	if (there && !shutdown(fd, SHUT_WR)) {
		while (read(fd, &byte, 1) > 0)
			;
	}
	close(fd);
	return there;
}

static bool tcp_answers(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons((uint16_t)atoi(port)) };

	return answers(AF_INET, &address, sizeof(address));
}

static bool unix_answers(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return answers(AF_UNIX, &address, sizeof(address));
}

pid_t daemon_start(const char *where, const char *silence)
{
	const char *const arguments[] = { IDTNTBD, "--listen", where, "--silence", silence, NULL };
	const int64_t deadline = now_ms() + PATIENCE_MS;
	pid_t pid;

	close(spawn(&pid, arguments));
	while (!(where[0] == 'u' ? unix_answers(strchr(where, ':') + 1) : tcp_answers(strrchr(where, ':') + 1))) {
		if (now_ms() > deadline)
			fail_msg("idtntbd does not listen on %s", where);
		usleep(5000);
	}
	return pid;
}

void peer_ring(struct host *host, unsigned bell)
{
	nt_write(host, 0x428, UINT32_MAX);
	nt_write(host, 0x420, 1u << bell);
	HOST_UNTIL(nt_read(host, 0x428) & 0x10000u << bell, host, NULL, NULL);
	nt_write(host, 0x428, UINT32_MAX);
}
