/* SPDX-License-Identifier: BSD-3-Clause */
#include "lock.h"

#include "futex.h"

#include <errno.h>
#include <fcntl.h>

static struct flock range(short type, unsigned byte)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
}

int ntb_lock_try(int fd, unsigned byte)
{
	struct flock lock = range(F_WRLCK, byte);

	if (!fcntl(fd, F_OFD_SETLK, &lock))
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

int ntb_lock_wait(int fd, unsigned byte, unsigned ms)
{
	const int64_t deadline = ntb_now() + ms * NTB_MS;
	const struct timespec pause = { .tv_nsec = 10 * NTB_MS };
	int ret;

	while ((ret = ntb_lock_try(fd, byte)) == -EAGAIN && ntb_now() < deadline)
		nanosleep(&pause, NULL);
	return ret;
}

void ntb_lock_drop(int fd, unsigned byte)
{
	struct flock lock = range(F_UNLCK, byte);

	fcntl(fd, F_OFD_SETLK, &lock);
}

bool ntb_lock_free(int fd, unsigned byte)
{
	/* Claims are write locks. The read lock that a server's keeper gets when the last claim goes is none. */
	struct flock lock = range(F_RDLCK, byte);

	return !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type == F_UNLCK;
}
