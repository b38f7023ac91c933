/* SPDX-License-Identifier: BSD-3-Clause */
#include "fds.h"

#include <string.h>
#include <sys/socket.h>

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

bool fds_send(int socket, const void *data, size_t size, const int *fds, unsigned count)
{
	union control control = { 0 };
	struct iovec iov = { (void *)data, size };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (count > FDS_MAX)
		return false;
	if (count) {
		struct cmsghdr *part;

		header.msg_control = control.space;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		part = CMSG_FIRSTHDR(&header);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(part), fds, count * sizeof(int));
	}
	return sendmsg(socket, &header, MSG_NOSIGNAL) == (ssize_t)size;
}

ssize_t fds_receive(int socket, void *data, size_t size, int fds[FDS_MAX], unsigned *count)
{
	union control control;
	struct iovec iov = { data, size };
	struct msghdr header = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};
	const ssize_t got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *part = got < 0 ? NULL : CMSG_FIRSTHDR(&header);

	*count = 0;
	if (part && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS) {
		*count = (unsigned)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(part), *count * sizeof(int));
	}
	return got;
}
