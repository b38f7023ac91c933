/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include "../common/error.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS 4 /* room for more than the one that is right, so that what is wrong is seen and closed here */

void ntb_client_init(struct ntb_client *client)
{
	*client = (struct ntb_client){ .fd = -1, .word_fd = -1 };
}

void ntb_client_disconnect(struct ntb_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	if (client->word_fd >= 0)
		close(client->word_fd);
	ntb_client_init(client);
}

int ntb_client_connect(struct ntb_client *client, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	ntb_client_init(client);
	client->fd = fd;
	return 0;
}

/* Take the descriptors of a message. 0, -EPROTO when they are not one at most, -EMFILE when there is no room for that one. */
static int take_fds(struct ntb_client *client, struct msghdr *header)
{
	int ret = header->msg_flags & MSG_CTRUNC ? -EMFILE : 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		size_t count;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
			if (client->word_fd < 0) {
				client->word_fd = fd;
			} else {
				close(fd);
				ret = -EPROTO;
			}
		}
	}
	return ret;
}

/* Read on at the word that is coming. 1: complete, 0: not yet. */
static int receive(struct ntb_client *client, struct idtntb_error *error)
{
	union {
		char space[CMSG_SPACE(FDS * sizeof(int))];
		struct cmsghdr align;
	} control;

	while (client->have < sizeof(client->word)) {
		int ret;
		struct iovec iov = { client->word + client->have, sizeof(client->word) - client->have };
		struct msghdr header = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		ssize_t got = recvmsg(client->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (got < 0)
			return ntb_fail(error, -errno, "the ivshmem server is gone: %s", strerror(errno));
		ret = take_fds(client, &header);
		if (ret)
			return ntb_fail(error, ret,
					ret == -EMFILE
						? "what the ivshmem server sent finds no free descriptor here: raise "
						  "the limit of open files (ulimit -n)"
						: "the ivshmem server sent several descriptors with one word; "
						  "one is right");
		if (!got)
			return ntb_fail(error, -ECONNRESET, "the ivshmem server has closed the connection%s",
					client->have ? " within a word" : "");
		client->have += (unsigned)got;
	}
	client->have = 0;
	return 1;
}

/* A word after the shared memory: a vector of somebody's, or somebody is gone. */
static int peer_word(struct ntb_client *client, int64_t word, int fd, struct ntb_client_message *message,
		     struct idtntb_error *error)
{
	if (word < 0 || word >= NTB_IVSHMEM_IDS)
		return ntb_fail(error, -EPROTO, "the ivshmem server named client %" PRId64 "; ids are from 0 to 65535",
				word);
	message->id = (int)word;
	if (word != client->id) {
		message->kind = fd < 0 ? NTB_CLIENT_PEER_GONE : NTB_CLIENT_PEER_VECTOR;
		message->fd = fd;
		return 1;
	}
	if (fd < 0)
		return ntb_fail(error, -EPROTO, "the ivshmem server says that we are gone");
	if (client->vectors++ == 0) {
		client->state = NTB_CLIENT_READY;
		message->kind = NTB_CLIENT_OWN_VECTOR;
		message->fd = fd;
		return 1;
	}
	if (client->vectors > NTB_IVSHMEM_VECTORS)
		return ntb_fail(error, -EPROTO, "the ivshmem server sent more than %u vectors", NTB_IVSHMEM_VECTORS);
	close(fd);
	return 1;
}

static int first_words(struct ntb_client *client, int64_t word, int fd, struct ntb_client_message *message,
		       struct idtntb_error *error)
{
	if (client->state == NTB_CLIENT_MEMORY) {
		if (word != -1 || fd < 0)
			return ntb_fail(error, -EPROTO,
					"the ivshmem server sent %" PRId64 " %s a descriptor where -1 with the shared "
					"memory belongs",
					word, fd < 0 ? "without" : "with");
		client->state = NTB_CLIENT_OWN;
		message->kind = NTB_CLIENT_SHARED_MEMORY;
		message->fd = fd;
		return 1;
	}
	if (fd >= 0)
		return ntb_fail(error, -EPROTO, "the ivshmem server sent a descriptor before the shared memory");
	if (client->state == NTB_CLIENT_VERSION) {
		if (word)
			return ntb_fail(error, -EPROTO,
					"the server speaks version %" PRId64 ", not 0 of the ivshmem protocol", word);
		client->state = NTB_CLIENT_ID;
		return 1;
	}
	if (word < 0 || word >= NTB_IVSHMEM_IDS)
		return ntb_fail(error, -EPROTO, "the ivshmem server gave us id %" PRId64 "; ids are from 0 to 65535",
				word);
	client->id = word;
	client->state = NTB_CLIENT_MEMORY;
	return 1;
}

int ntb_client_next(struct ntb_client *client, struct ntb_client_message *message, struct idtntb_error *error)
{
	uint64_t raw;
	int64_t word;
	int fd, ret = receive(client, error);

	*message = (struct ntb_client_message){ .kind = NTB_CLIENT_NOTHING, .fd = -1 };
	if (ret <= 0)
		return ret;
	fd = client->word_fd;
	client->word_fd = -1;
	memcpy(&raw, client->word, sizeof(raw));
	word = (int64_t)le64toh(raw);
	if (client->state < NTB_CLIENT_OWN)
		ret = first_words(client, word, fd, message, error);
	else
		ret = peer_word(client, word, fd, message, error);
	if (ret < 0 && fd >= 0)
		close(fd);
	return ret;
}
