/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntb-vfio-user: start, wait for a signal, end. */
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct server {
	struct server_options options;
	struct port ports[IDTNTB_PORTS];
	unsigned opened;
};

static struct server server;

static void interrupt(int signal)
{
	(void)signal;
}

/* The signals that end the server are waited for by the main thread alone; SIGUSR1 only interrupts (port_join()). */
static int prepare_signals(sigset_t *ending)
{
	struct sigaction action = { .sa_handler = interrupt };
	int error;

	sigemptyset(&action.sa_mask);
	sigemptyset(ending);
	sigaddset(ending, SIGTERM);
	sigaddset(ending, SIGINT);
	sigaddset(ending, SIGHUP);
	error = pthread_sigmask(SIG_BLOCK, ending, NULL);
	if (error)
		return -error;
	if (sigaction(SIGUSR1, &action, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	return guard_install();
}

static int serve(int stop, const sigset_t *ending)
{
	int error = 0, by = 0;

	/* One that fails is counted too: it is to be closed. */
	while (server.opened < server.options.port_count && !error) {
		error = port_open(&server.ports[server.opened], &server.options, server.opened, stop);
		server.opened++;
	}
	for (unsigned i = 0; i < server.options.port_count && !error; i++)
		error = port_start(&server.ports[i]);
	if (!error) {
		for (unsigned i = 0; i < server.options.port_count; i++)
			say_port(&server.ports[i], "listening on %s", server.options.ports[i].path);
		sigwait(ending, &by);
		say("%s: ending", strsignal(by));
	}
	return error;
}

int main(int argc, char **argv)
{
	const uint64_t one = 1;
	sigset_t ending;
	int stop, error;

	options_parse(&server.options, argc, argv);
	/* 8 clients with 32 files each, their windows, and all offers of peers are more than the usual 1024 descriptors. */
	ntb_descriptors_raise();
	stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = stop < 0 ? -errno : prepare_signals(&ending);
	if (error) {
		say("cannot start: %s", strerror(-error));
		return 1;
	}
	error = serve(stop, &ending);
	/* Never read: it stays readable for every thread. */
	if (write(stop, &one, sizeof(one)) != (ssize_t)sizeof(one))
		return 1;
	for (unsigned i = 0; i < server.opened; i++)
		port_join(&server.ports[i]);
	for (unsigned i = 0; i < server.opened; i++)
		port_close(&server.ports[i]);
	close(stop);
	return error ? 1 : 0;
}
