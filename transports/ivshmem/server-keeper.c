/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process that does nothing but hold the shared memory, so that a server that was killed finds it again. It outlives the
 * server while clients hold ports, and ends by itself. It sleeps in one system call at a time.
 */
#include "server.h"

#include "../common/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_between(unsigned first, unsigned last)
{
	if (first <= last)
		close_range(first, last, 0);
}

/* Nothing of the server's is kept, least of all its sockets and the other end of the pipe. */
static void let_go(unsigned memory, unsigned life)
{
	const unsigned low = memory < life ? memory : life, high = memory < life ? life : memory;
	int null = open("/dev/null", O_RDWR);

	for (int standard = 0; standard <= 2 && null >= 0; standard++)
		dup2(null, standard);
	close_between(3, low - 1);
	close_between(low + 1, high - 1);
	close_between(high + 1, ~0u);
}

static void keep(int memory, int life)
{
	struct flock ports = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = NTB_LOCK_SLOT(IDTNTB_PORTS) };
	char path[40], byte;
	sigset_t none;
	int own;

	setsid(); /* the terminal's signals are for the server */
	let_go((unsigned)memory, (unsigned)life);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "idtntb-memory");
	if (chdir("/"))
		return;
	/* A description of its own: locks of one do not wait for each other. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	own = open(path, O_RDWR | O_CLOEXEC);
	while (read(life, &byte, 1) < 0 && errno == EINTR)
		; /* nobody writes: the end of the server is the end of the file */
	while (fcntl(own, F_OFD_SETLKW, &ports) && errno == EINTR)
		; /* granted when nobody holds a port */
}

int keeper_start(int memory)
{
	int life[2];
	pid_t keeper;

	if (pipe2(life, O_CLOEXEC))
		return -errno;
	signal(SIGCHLD, SIG_IGN); /* it is not waited for */
	keeper = fork();
	if (keeper == 0) {
		keep(memory, life[0]);
		_exit(0);
	}
	if (keeper < 0) {
		int error = errno;

		close(life[0]);
		close(life[1]);
		return -error;
	}
	close(life[0]);
	return keeper; /* life[1] stays open until this process ends, however it ends */
}
