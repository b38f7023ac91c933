/* SPDX-License-Identifier: BSD-3-Clause */
#include "kick.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENTS 64u /* completions the kernel holds for us */
#define REAP (EVENTS / 2) /* at so many: often enough, and seldom enough to cost nothing */

int ntb_kicker_init(struct ntb_kicker *kicker)
{
	*kicker = (struct ntb_kicker){ .ready = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (kicker->ready < 0)
		return -errno;
	kicker->plain = syscall(SYS_io_setup, EVENTS, &kicker->context) != 0;
	return 0;
}

void ntb_kicker_destroy(struct ntb_kicker *kicker)
{
	if (kicker->context)
		syscall(SYS_io_destroy, kicker->context);
	if (kicker->ready >= 0)
		close(kicker->ready);
	*kicker = (struct ntb_kicker){ .ready = -1 };
}

static void reap(struct ntb_kicker *kicker)
{
	struct io_event events[EVENTS];
	long got = syscall(SYS_io_getevents, kicker->context, 0, EVENTS, events, NULL);

	if (got > 0)
		kicker->unreaped -= (unsigned)got < kicker->unreaped ? (unsigned)got : kicker->unreaped;
}

/*
 * Second best: between the look and the write a hostile peer may fill the counter and make the description block again,
 * but not for long: another of its holders' reads, or its own end, releases us.
 */
static void signal_plain(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	const uint64_t one = 1;
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && !(flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	/* A counter that is full has woken its owner already. */
	if (poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT) && write(fd, &one, sizeof(one)) < 0)
		return;
}

void ntb_kicker_signal(struct ntb_kicker *kicker, const int *fds, unsigned count)
{
	struct iocb blocks[NTB_KICK_BATCH], *list[NTB_KICK_BATCH];
	unsigned done = 0;
	bool full = false;

	if (kicker->plain) {
		for (unsigned i = 0; i < count; i++)
			signal_plain(fds[i]);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		blocks[i] = (struct iocb){
			.aio_lio_opcode = IOCB_CMD_POLL,
			.aio_fildes = (uint32_t)kicker->ready,
			.aio_buf = POLLIN,
			.aio_flags = IOCB_FLAG_RESFD,
			.aio_resfd = (uint32_t)fds[i],
		};
		list[i] = &blocks[i];
	}
	if (kicker->unreaped >= REAP)
		reap(kicker);
	while (done < count) {
		long ret = syscall(SYS_io_submit, kicker->context, (long)(count - done), list + done);

		if (ret > 0) {
			kicker->unreaped += (unsigned)ret;
			done += (unsigned)ret;
		} else if (ret < 0 && errno == EAGAIN && !full) {
			full = true;
			reap(kicker);
		} else {
			signal_plain(fds[done++]);
		}
	}
}
