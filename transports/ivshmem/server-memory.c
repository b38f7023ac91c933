/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared memory: a memory file, sealed so that no client can cut it short under the others. PATH.shm is a symbolic link
 * to it, through /proc and the process that keeps it (server-keeper.c): so a restarted server hands out the same memory
 * again, and clients that live on find themselves in it.
 *
 * It is read and written with pread() and pwrite(), never mapped.
 */
#include "server.h"

#include "../common/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* What a client holds a port with. */
static bool in_use(int fd)
{
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++) {
		if (!ntb_lock_free(fd, NTB_LOCK_SLOT(slot)))
			return true;
	}
	return false;
}

/* The block in the file, checked on a private copy. @return whether there is a finished one. */
static bool topology_in(int fd, struct idtntb_topology *topology)
{
	size_t size = (idtntb_block_size() + 63) & ~(size_t)63;
	struct idtntb_switch *sw = NULL;
	void *block = aligned_alloc(64, size);
	bool good = false;

	if (block && pread(fd, block, idtntb_block_size(), 0) == (ssize_t)idtntb_block_size() &&
	    !idtntb_switch_open(&sw, block, idtntb_block_size(), NULL)) {
		*topology = *idtntb_switch_topology(sw);
		idtntb_switch_close(sw);
		good = true;
	}
	free(block);
	return good;
}

/* Whether it is a link as this server makes them: nothing else is ever replaced. */
static bool is_our_link(const char *path)
{
	char target[64], more;
	int process, fd;
	ssize_t size = readlink(path, target, sizeof(target) - 1);

	if (size < 0)
		return false;
	target[size] = '\0';
	return sscanf(target, "/proc/%d/fd/%d%c", &process, &fd, &more) == 2;
}

/*
 * The memory that the link names. Between then and now that process may have ended and another have its number, so what is
 * there is looked at before it is opened: only a memory file of ours will do.
 * @return a descriptor or -1.
 */
static int open_link(const char *link)
{
	char path[40];
	struct stat st;
	int fd = -1, seals, look = open(link, O_PATH | O_CLOEXEC);

	if (look < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", look);
	if (!fstat(look, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid())
		fd = open(path, O_RDWR | O_CLOEXEC);
	close(look);
	if (fd < 0)
		return -1;
	seals = fcntl(fd, F_GET_SEALS);
	/* Negative on a file system that has none. */
	if (seals >= 0 && (seals & SEALS) == SEALS)
		return fd;
	close(fd);
	return -1;
}

/* @return whether the memory holds the switch that is asked for. */
static bool fits(int fd, const struct server_options *options)
{
	struct idtntb_topology topology;
	struct stat st;

	return !fstat(fd, &st) && (uint64_t)st.st_size == options->size && topology_in(fd, &topology) &&
	       !idtntb_topology_compare(&options->topology, &topology, NULL);
}

/*
 * Take what is there if it fits.
 * @return 1 taken; 0 there is none that is in use; -errno after a line.
 */
static int take_over(struct memory *memory, const struct server_options *options)
{
	struct stat st;

	if (lstat(memory->path, &st))
		return 0;
	if (st.st_uid != geteuid() || !is_our_link(memory->path)) {
		say("%s: is there and not of this server; not touched, remove it or give another --socket",
		    memory->path);
		return -EEXIST;
	}
	memory->fd = open_link(memory->path);
	if (memory->fd < 0)
		return 0; /* its keeper is gone */
	if (fits(memory->fd, options))
		return 1;
	if (in_use(memory->fd)) {
		say("%s: clients hold ports of it, and it is not the switch asked for; start the server with the options "
		    "it had and --size %lld, or stop them first",
		    memory->path, fstat(memory->fd, &st) ? 0ll : (long long)st.st_size);
		close(memory->fd);
		return -EBUSY;
	}
	close(memory->fd);
	return 0;
}

/* The block of a new switch at the start of the file. @return 0 or -errno. */
static int write_block(int fd, const struct idtntb_topology *topology, struct idtntb_error *error)
{
	size_t size = idtntb_block_size(), done = 0;
	char *block = aligned_alloc(64, (size + 63) & ~(size_t)63);
	int result = block ? idtntb_block_format(block, size, topology, error) : -ENOMEM;

	while (!result && done < size) {
		ssize_t n = pwrite(fd, block + done, size - done, (off_t)done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			result = n == 0 ? -EIO : -errno;
	}
	free(block);
	return result;
}

static int make(struct memory *memory, const struct server_options *options)
{
	struct idtntb_error why = { "" };
	int error;

	memory->fd = memfd_create("idtntb-ivshmem", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory->fd < 0) {
		error = -errno;
	} else {
		/* Not ftruncate(): where memory runs out later, it kills who touches it first. */
		error = -posix_fallocate(memory->fd, 0, (off_t)options->size);
		if (!error)
			error = write_block(memory->fd, &options->topology, &why);
		if (!error && fcntl(memory->fd, F_ADD_SEALS, SEALS))
			error = -errno;
		if (error)
			close(memory->fd);
	}
	if (error)
		say("%s: cannot make %llu bytes of shared memory: %s", memory->path, (unsigned long long)options->size,
		    why.text[0] ? why.text : strerror(-error));
	return error;
}

/* Have it kept, by a process that this server starts: the one of the last server ends when it likes. */
static int keep(struct memory *memory, const struct server_options *options)
{
	char target[40], fresh[PATH_MAX + 8];
	int keeper = keeper_start(memory->fd);

	snprintf(target, sizeof(target), "/proc/%d/fd/%d", keeper, memory->fd);
	snprintf(fresh, sizeof(fresh), "%s.new", memory->path);
	if (keeper >= 0) {
		unlink(fresh); /* of a server that was killed here; the lock is ours */
		if (!fchmod(memory->fd, options->mode) && !symlink(target, fresh) && !rename(fresh, memory->path))
			return 0;
		keeper = -errno;
		unlink(fresh);
	}
	say("%s: cannot keep the shared memory: %s", memory->path, strerror(-keeper));
	return keeper;
}

int memory_open(struct memory *memory, const struct server_options *options)
{
	int result;

	snprintf(memory->path, sizeof(memory->path), "%s.shm", options->socket);
	result = take_over(memory, options);
	memory->kept = result == 1;
	if (result == 0)
		result = make(memory, options);
	if (result < 0)
		return result;
	result = keep(memory, options);
	if (result < 0)
		close(memory->fd);
	return result;
}

int memory_open_again(const struct memory *memory)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory->fd);
	return open(path, O_RDWR | O_CLOEXEC);
}

void memory_close(struct memory *memory)
{
	if (in_use(memory->fd))
		say("%s: kept, clients hold ports of it; a server started again on this socket rejoins them",
		    memory->path);
	else
		unlink(memory->path);
	close(memory->fd);
}
