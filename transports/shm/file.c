/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file: who comes first makes the switch in it, and all who come at once are first one after the other, by the lock
 * for joining. What may lie there, and what becomes of it:
 *
 *   no file, or an empty one               it gets its size, then the mark, then the block, whose magic is stored last
 *   large enough and all zero              the same but for the size: made by hand, or left by a crash before the mark
 *   the mark, and no magic                 left by a crash in the midst of it: made anew
 *   the mark and a finished block          joined, if it is the switch that is asked for
 *   anything else                          not ours: not touched
 */
#include "shm.h"

#include "../common/error.h"
#include "../common/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK UINT64_C(0x31304D485342544E) /* "NTBSHM01"; its version is that of the layout behind the block */
#define BLANK_MOST (INT64_C(1) << 30) /* bytes of a file of zeros that is taken for one made by hand */
#define TRIES 16 /* when the file is removed while we wait for it */

static int open_path(const char *where, bool make, struct idtntb_error *why)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = open(where, flags), code;

	/* Not O_CREAT at once: in a sticky directory the kernel would refuse a file of somebody else. */
	if (fd < 0 && errno == ENOENT && make)
		fd = open(where, flags | O_CREAT, 0600);
	if (fd >= 0)
		return fd;
	code = -errno;
	if (code == -ELOOP)
		return ntb_fail(why, code, "it is a symbolic link; name the file itself");
	if (code == -ENOENT && !make)
		return ntb_fail(why, code, "there is no such file, so no switch");
	return ntb_fail(why, code, "%s", strerror(-code));
}

/* Whether the name still is that of the file. */
static bool still_there(const char *where, const struct ntb_memory *memory)
{
	struct stat st;

	return !lstat(where, &st) && st.st_dev == memory->dev && st.st_ino == memory->ino;
}

/* Whether there is nothing in the file that somebody might miss. */
static bool all_zero(int fd, off_t size)
{
	static const char zeros[16384];
	char chunk[sizeof(zeros)];

	/* Nobody makes such a file for a switch, and to look at all of it would hold up everybody else. */
	if (size > BLANK_MOST)
		return false;
	for (off_t at = 0; at < size;) {
		const ssize_t got = pread(fd, chunk, sizeof(chunk), at);

		if (got <= 0 || memcmp(chunk, zeros, (size_t)got))
			return false;
		at += got;
	}
	return true;
}

/* A finished block is there: whether it is the switch that is asked for. */
static int check(const struct ntb_memory *memory, const struct idtntb_topology *wanted, struct idtntb_error *why)
{
	struct idtntb_error what = { "" };
	struct idtntb_switch *sw = NULL;
	int ret = ntb_open_switch(&sw, memory->base, memory->size, &what);

	if (!ret && wanted)
		ret = idtntb_topology_compare(wanted, idtntb_switch_topology(sw), &what);
	if (ret)
		ntb_fail(why, ret, "%.140s; ask for the same, or %sremove the file", what.text,
			 ntb_held(memory) ? "stop its hosts and " : "");
	else
		/* Pages that a full file system would not give later; somebody may have punched holes into the file. */
		ret = ntb_memory_reserve(memory, idtntb_switch_topology(sw)->port_count, why);
	idtntb_switch_close(sw);
	return ret;
}

static int not_ours(struct idtntb_error *why)
{
	return ntb_fail(why, -EPROTO,
			"this is no switch without a server, and not touched; name another file, or "
			"remove it");
}

/*
 * Whether the file is ours, or will be. Not read through a mapping: for a page of a hole a full tmpfs would have to find
 * room, and what it does instead is to kill us.
 */
static bool is_marked(int fd)
{
	uint64_t mark;

	return pread(fd, &mark, sizeof(mark), (off_t)ntb_layout_mark_at()) == sizeof(mark) && mark == MARK;
}

/* Whether a size is what a maker gives at once: it may have been killed then, and have wanted fewer ports. */
static bool is_given(off_t size)
{
	for (unsigned ports = 1; ports <= IDTNTB_PORTS; ports++) {
		if (size == (off_t)ntb_layout_size(ports))
			return true;
	}
	return !size;
}

/* A new switch, in a file of that size whose content nobody misses. */
static int make(struct ntb_memory *memory, int fd, off_t size, const struct idtntb_topology *topology,
		struct idtntb_error *why)
{
	const off_t needed = (off_t)ntb_layout_size(topology->port_count);
	int ret;

	/* In one step: half a size would be nobody's. */
	if (size < needed && is_given(size) && ftruncate(fd, needed))
		return ntb_fail(why, -errno, "%s", strerror(errno));
	ret = ntb_memory_map(memory, fd, why);
	if (!ret)
		ret = ntb_memory_reserve(memory, topology->port_count, why);
	if (ret)
		return ret;
	atomic_store(ntb_layout_mark(memory->base), MARK);
	return ntb_memory_format(memory, topology, why);
}

/* Who asks for a port that there will not be has made a mistake, and makes no switch that would stand in the way of the next try. */
static int check_port(const struct idtntb_topology *topology, unsigned port, struct idtntb_error *why)
{
	char ports[64];

	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		if (topology->ports[slot].port == port)
			return 0;
	}
	return ntb_fail(why, -EINVAL, "port %u is no NT port of this %s: %s are", port, topology->chip->name,
			ntb_topology_ports(topology, UINT32_MAX, ports, sizeof(ports)));
}

/* The lock for joining is held; fd is open on the same file. topology: to make a switch of. */
static int enter(struct ntb_memory *memory, int fd, const struct idtntb_topology *topology,
		 const struct idtntb_attach_options *options, struct idtntb_error *why)
{
	const bool marked = is_marked(fd);
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		return ntb_fail(why, -errno, "%s", strerror(errno));
	if (marked ? (uint64_t)st.st_size < ntb_layout_size(1) : !all_zero(fd, st.st_size))
		return not_ours(why);
	if (marked) {
		ret = ntb_memory_map(memory, fd, why);
		if (ret)
			return ret;
		if (idtntb_block_ready(memory->base, memory->size))
			return check(memory, options->topology, why);
		ntb_memory_unmap(memory);
	}
	ret = check_port(topology, options->port, why);
	return ret ? ret : make(memory, fd, st.st_size, topology, why);
}

/* Open the file for mapping, and again for locks. */
static int open_both(struct ntb_memory *memory, const char *where, bool may_make, int *fd, struct idtntb_error *why)
{
	struct stat st;

	*fd = open_path(where, may_make, why);
	if (*fd < 0)
		return *fd;
	if (fstat(*fd, &st) || !S_ISREG(st.st_mode))
		return ntb_fail(why, -EINVAL, "this is no plain file; name one, there need not be one yet");
	return ntb_memory_open(memory, *fd, why);
}

static int try(struct shm *shm, const char *where, const struct idtntb_topology *topology,
	       const struct idtntb_attach_options *options, struct idtntb_error *why)
{
	int fd, ret = open_both(&shm->memory, where, true, &fd, why);

	if (!ret)
		ret = ntb_join_lock(&shm->memory, why);
	if (!ret && !still_there(where, &shm->memory))
		ret = ntb_fail(why, -ESTALE, "it is removed again and again");
	/* One name, however each names the file: the sockets beside it are found by it. */
	if (!ret && !realpath(where, shm->path))
		ret = ntb_fail(why, -errno, "%s", strerror(errno));
	if (!ret)
		ret = enter(&shm->memory, fd, topology, options, why);
	if (fd >= 0)
		close(fd);
	if (ret)
		ntb_memory_drop(&shm->memory);
	return ret;
}

/* Of a long path the end tells more. */
static int fail(const char *where, int ret, const struct idtntb_error *why, struct idtntb_error *error)
{
	const size_t length = strlen(where);

	return ntb_fail(error, ret, "file '%s%s' of the switch: %s", length > 50 ? "..." : "",
			length > 50 ? where + length - 47 : where, why->text);
}

int ntb_shm_file(struct shm *shm, const char *where, const struct idtntb_attach_options *options,
		 struct idtntb_error *error)
{
	struct idtntb_topology topology;
	struct idtntb_error why = { "" };
	int ret;

	if (!*where)
		return ntb_fail(error, -EINVAL, "'shm:': the path of a file is missing, such as shm:/dev/shm/ntb0");
	ret = ntb_topology_choose(&topology, options, error);
	if (ret)
		return ret;
	for (unsigned i = 0; i < TRIES; i++) {
		ret = try(shm, where, &topology, options, &why);
		if (ret != -ESTALE)
			break;
	}
	return ret ? fail(where, ret, &why, error) : 0;
}

static int nothing_yet(struct idtntb_error *why)
{
	return ntb_fail(why, -ENODEV, "there is no switch in it");
}

/* Map a switch that is there. */
static int look(struct ntb_memory *memory, int fd, struct idtntb_error *why)
{
	struct stat st;

	if (fstat(fd, &st))
		return ntb_fail(why, -errno, "%s", strerror(errno));
	if (!st.st_size)
		return nothing_yet(why);
	if ((uint64_t)st.st_size < ntb_layout_size(1))
		return not_ours(why);
	if (!is_marked(fd))
		return all_zero(fd, st.st_size) ? nothing_yet(why) : not_ours(why);
	return ntb_memory_map(memory, fd, why);
}

int ntb_shm_find(struct ntb_memory *memory, const char *where, struct idtntb_error *error)
{
	struct idtntb_error why = { "" };
	int fd, ret;

	ntb_memory_init(memory);
	ret = open_both(memory, where, false, &fd, &why);
	if (!ret)
		ret = look(memory, fd, &why);
	if (fd >= 0)
		close(fd);
	if (ret)
		ntb_memory_drop(memory);
	return ret ? fail(where, ret, &why, error) : 0;
}
