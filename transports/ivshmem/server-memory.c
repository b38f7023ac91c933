/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared memory: a regular file beside the socket, so that a restarted server hands out the same memory again and
 * clients that live on find themselves in it.
 *
 * It is read and written with pread() and pwrite(), never mapped: a client that truncates it cannot fault the server.
 */
#include "server.h"

#include "../common/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static bool same_topology(const struct idtntb_topology *a, const struct idtntb_topology *b)
{
	if (a->chip != b->chip || a->port_count != b->port_count)
		return false;
	for (unsigned p = 0; p < a->port_count; p++) {
		const struct idtntb_port_setup *x = &a->ports[p], *y = &b->ports[p];

		if (x->port != y->port || x->partition != y->partition || x->link_speed != y->link_speed ||
		    x->link_width != y->link_width || memcmp(x->barsetup, y->barsetup, sizeof(x->barsetup)))
			return false;
	}
	return !memcmp(a->godbellmsk, b->godbellmsk, sizeof(a->godbellmsk)) &&
	       !memcmp(a->gidbellmsk, b->gidbellmsk, sizeof(a->gidbellmsk));
}

/*
 * Take what is there if it fits.
 * @return 1 taken; 0 there is none, or it was removed as nobody uses it; -errno after a line.
 */
static int take_over(struct memory *memory, const struct server_options *options)
{
	struct idtntb_topology topology;
	struct stat st;
	int error;

	/* Without O_NONBLOCK a pipe that someone put there would hold us up. */
	memory->fd = open(memory->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (memory->fd < 0 && errno == ENOENT)
		return 0;
	if (memory->fd < 0) {
		error = errno;
		say("%s: cannot open: %s; remove it or give another --socket", memory->path,
		    error == ELOOP ? "it is a symbolic link" : strerror(error));
		return -error;
	}
	if (fstat(memory->fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
		say("%s: is not a file of this user; not touched, give another --socket", memory->path);
		close(memory->fd);
		return -EPERM;
	}
	if ((uint64_t)st.st_size == options->size && topology_in(memory->fd, &topology) &&
	    same_topology(&topology, &options->topology)) {
		memory->kept = true;
		/* A client may have punched holes: a full disk must not fault those who use it later. */
		error = posix_fallocate(memory->fd, 0, (off_t)options->size);
		if (!error && fchmod(memory->fd, options->mode))
			error = errno;
		if (!error)
			return 1;
		say("%s: cannot keep it: %s", memory->path, strerror(error));
		close(memory->fd);
		return -error;
	}
	if (in_use(memory->fd)) {
		say("%s: clients hold ports of it, and it is not the switch asked for; start the server with the options "
		    "it had and --size %llu, or stop them first",
		    memory->path, (unsigned long long)st.st_size);
		close(memory->fd);
		return -EBUSY;
	}
	close(memory->fd);
	if (unlink(memory->path)) {
		error = errno;
		say("%s: cannot replace: %s", memory->path, strerror(error));
		return -error;
	}
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
	char fresh[PATH_MAX + 8];
	struct idtntb_error why = { "" };
	int error;

	/* Under another name until it is whole: whatever is at the final name is a finished switch. */
	snprintf(fresh, sizeof(fresh), "%s.new", memory->path);
	unlink(fresh); /* of a server that was killed here; the lock is ours */
	memory->kept = false;
	memory->fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (memory->fd < 0) {
		error = errno;
		say("%s: cannot make: %s", fresh, strerror(error));
		return -error;
	}
	/* Not ftruncate() alone: a sparse file on a full disk kills whoever touches it. */
	error = -posix_fallocate(memory->fd, 0, (off_t)options->size);
	if (!error && ftruncate(memory->fd, (off_t)options->size))
		error = -errno;
	if (!error)
		error = write_block(memory->fd, &options->topology, &why);
	if (!error && fchmod(memory->fd, options->mode))
		error = -errno;
	if (!error && rename(fresh, memory->path))
		error = -errno;
	if (!error)
		return 0;
	say("%s: cannot make %llu bytes of shared memory: %s", memory->path, (unsigned long long)options->size,
	    why.text[0] ? why.text : strerror(-error));
	unlink(fresh);
	close(memory->fd);
	return error;
}

int memory_open(struct memory *memory, const struct server_options *options)
{
	int result;

	snprintf(memory->path, sizeof(memory->path), "%s.shm", options->socket);
	result = take_over(memory, options);
	if (result < 0)
		return result;
	return result ? 0 : make(memory, options);
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
