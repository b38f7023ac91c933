/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RAM descriptors without a server: the owner of the port with index N listens on PATH.N.ram, and everybody else connects
 * there and is told of its RAM, at once and when it changes (packets of ram-protocol.h, from the listener only). So an
 * offer can only come from who could bind that name; and it counts only while its owner number is the one in the switch.
 * The names come from the path that the user gave, never from shared memory. What cannot be handed over goes by copy.
 *
 * This is the side of the owner; the others' is in ram-follow.c.
 */
#include "shm.h"

#include "../common/ram-message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NEWCOMERS 64 /* let in at once */
#define OF_ONE_PROCESS 8 /* subscribers: one that takes all of them takes them from others */

void ntb_shm_ram_init(struct shm *shm)
{
	shm->listener = -1;
	for (unsigned i = 0; i < SHM_SUBSCRIBERS; i++)
		shm->subscribers[i].fd = -1;
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		shm->publishers[slot].fd = -1;
}

bool ntb_shm_ram_name(const struct shm *shm, unsigned slot, struct sockaddr_un *address)
{
	int length;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	length = snprintf(address->sun_path, sizeof(address->sun_path), "%s.%u.ram", shm->path, slot);
	return length > 0 && (size_t)length < sizeof(address->sun_path);
}

/* What we have bound, to know it again. */
static void remember(struct shm *shm, const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return;
	shm->listener_dev = st.st_dev;
	shm->listener_ino = st.st_ino;
}

/* Only what we bound is removed: should the file have been removed, a new switch may have its own there. */
static void stop_listening(struct shm *shm)
{
	struct sockaddr_un address;
	struct stat st;

	if (shm->listener < 0)
		return;
	if (ntb_shm_ram_name(shm, shm->slot, &address) && !lstat(address.sun_path, &st) &&
	    st.st_dev == shm->listener_dev && st.st_ino == shm->listener_ino)
		unlink(address.sun_path);
	close(shm->listener);
	shm->listener = -1;
}

/* Remove what a dead predecessor left: the lock on the port is ours. Nothing but a socket is ever removed. */
static void remove_stale(const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
}

/*
 * Whoever may open the file may connect, nobody else. Where the group cannot be given, ours stays, which may not be told from
 * anybody: what the file's group alone may is lost then, and its members get copies. So does everybody where there is a list
 * of who may (acl(5)): the bits are no more than its mask then.
 */
static int give_mode(const char *path, int file)
{
	mode_t mode, both;
	struct stat st;

	if (fstat(file, &st))
		return -errno;
	mode = st.st_mode & 0777;
	both = mode >> 3 & mode & 7;
	if (!(mode & 077) || fgetxattr(file, "system.posix_acl_access", NULL, 0) > 0)
		return 0;
	if (!lchown(path, (uid_t)-1, st.st_gid))
		return chmod(path, mode) ? -errno : 0;
	if (errno != EPERM)
		return -errno;
	return chmod(path, (mode & 0700) | both << 3 | both) ? -errno : 0;
}

static int bind_as_file(struct shm *shm, int fd, const struct sockaddr_un *address)
{
	int ret;

	if (fchmod(fd, 0600))
		return -errno;
	remove_stale(address->sun_path);
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	remember(shm, address->sun_path);
	ret = give_mode(address->sun_path, shm->memory.fd);
	return ret || !listen(fd, SHM_SUBSCRIBERS) ? ret : -errno;
}

static int listen_at(struct shm *shm, const struct sockaddr_un *address)
{
	shm->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return shm->listener < 0 ? -errno : bind_as_file(shm, shm->listener, address);
}

void ntb_shm_ram_listen(struct idtntb_attachment *a)
{
	struct shm *shm = shm_of(a);
	struct sockaddr_un address;
	int ret = ntb_shm_ram_name(shm, a->slot, &address) ? listen_at(shm, &address) : -ENAMETOOLONG;

	if (!ret)
		ret = ntb_watch(a, shm->listener, EPOLLIN | EPOLLET, TAG_LISTENER);
	if (!ret)
		return;
	stop_listening(shm);
	ntb_log(a, IDTNTB_LOG_WARNING, "socket '%.80s.%u.ram': %s; peers reach this host's RAM by copy only", shm->path,
		a->slot, strerror(-ret));
}

/* Tell a subscriber the newest, now or when it has room. */
static void tell(struct idtntb_attachment *a, unsigned i)
{
	struct shm_subscriber *subscriber = &shm_of(a)->subscribers[i];
	struct epoll_event event = { .data.u32 = TAG_SUBSCRIBER + i };
	const int ret = ntb_ram_send(a, subscriber->fd);

	if (ret && ret != -EAGAIN) {
		close(subscriber->fd);
		subscriber->fd = -1;
		return;
	}
	if (subscriber->pending == (ret == -EAGAIN))
		return;
	subscriber->pending = ret == -EAGAIN;
	event.events = EPOLLIN | EPOLLRDHUP | (subscriber->pending ? EPOLLOUT : 0);
	epoll_ctl(a->epoll, EPOLL_CTL_MOD, subscriber->fd, &event);
}

/* A free place for a subscriber, or -1: there is none, or its process has enough. */
static int place(const struct shm *shm, pid_t process)
{
	unsigned of_it = 0;
	int free_place = -1;

	for (unsigned i = 0; i < SHM_SUBSCRIBERS; i++) {
		if (shm->subscribers[i].fd < 0)
			free_place = (int)i;
		else if (shm->subscribers[i].process == process)
			of_it++;
	}
	return of_it < OF_ONE_PROCESS ? free_place : -1;
}

static void let_in(struct idtntb_attachment *a, int fd)
{
	struct shm *shm = shm_of(a);
	struct ucred peer = { .pid = 0 };
	socklen_t size = sizeof(peer);
	const int least = 1;
	int i;

	/*
	 * A few packets: who does not read gets the newest when it does. All descriptors that are on their way count as this
	 * user's, and where they are too many nobody gets any.
	 */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	i = place(shm, peer.pid);
	if (i < 0 || ntb_watch(a, fd, EPOLLIN | EPOLLRDHUP, TAG_SUBSCRIBER + (uint32_t)i)) {
		close(fd);
		return;
	}
	shm->subscribers[i] = (struct shm_subscriber){ .fd = fd, .process = peer.pid };
	tell(a, (unsigned)i);
}

/*
 * Edge-triggered, or one that waits for a descriptor that there is not would keep the frontend from sleeping: who is left waits
 * for the next look.
 */
static void newcomers(struct idtntb_attachment *a)
{
	struct shm *shm = shm_of(a);

	shm->crowded = true;
	for (unsigned i = 0; i < NEWCOMERS && shm->crowded; i++) {
		int fd = accept4(shm->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			let_in(a, fd);
		else if (errno == EAGAIN)
			shm->crowded = false;
		else
			break;
	}
	if (shm->crowded)
		atomic_store(&shm->tick, true);
}

static void subscriber_event(struct idtntb_attachment *a, unsigned i, uint32_t events)
{
	struct shm_subscriber *subscriber = &shm_of(a)->subscribers[i];

	if (subscriber->fd < 0)
		return;
	/* It has nothing to say: if it does, it is not one of us. */
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		close(subscriber->fd);
		subscriber->fd = -1;
		/* It may be a host that is dying. */
		ntb_shm_hurry(shm_of(a));
	} else {
		tell(a, i);
	}
}

void ntb_shm_ram_offer(struct idtntb_attachment *a)
{
	for (unsigned i = 0; i < SHM_SUBSCRIBERS; i++) {
		if (shm_of(a)->subscribers[i].fd >= 0)
			tell(a, i);
	}
}

void ntb_shm_ram_settle(struct idtntb_attachment *a)
{
	if (shm_of(a)->crowded)
		newcomers(a);
	ntb_shm_ram_follow(a);
}

void ntb_shm_ram_event(struct idtntb_attachment *a, uint32_t tag, uint32_t events)
{
	if (tag == TAG_LISTENER)
		newcomers(a);
	else if (tag < TAG_SUBSCRIBER)
		ntb_shm_publisher_event(a, tag - TAG_PUBLISHER);
	else
		subscriber_event(a, tag - TAG_SUBSCRIBER, events);
}

void ntb_shm_ram_close(struct shm *shm)
{
	for (unsigned i = 0; i < SHM_SUBSCRIBERS; i++) {
		if (shm->subscribers[i].fd >= 0)
			close(shm->subscribers[i].fd);
	}
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		ntb_shm_publisher_leave(shm, slot);
	stop_listening(shm);
}
