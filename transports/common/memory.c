/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory.h"

#include "error.h"
#include "layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes: more than any switch needs, and a multiple of every page size. */
#define MAPPED_MOST ((off_t)1 << 30)
#define RESERVE_TRIES 100u /* it starts anew after a signal, be it one that only stops the process for a debugger */

void ntb_memory_init(struct ntb_memory *memory)
{
	*memory = (struct ntb_memory){ .fd = -1 };
}

void ntb_memory_unmap(struct ntb_memory *memory)
{
	if (memory->base)
		munmap(memory->base, memory->size);
	memory->base = NULL;
	memory->size = 0;
}

void ntb_memory_drop(struct ntb_memory *memory)
{
	ntb_memory_unmap(memory);
	if (memory->fd >= 0)
		close(memory->fd);
	ntb_memory_init(memory);
}

/* The description that came may be shared by all who map the file, and so would be a lock on it. */
static int reopen(int fd, struct idtntb_error *error)
{
	char path[40];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_RDWR | O_CLOEXEC);
	if (own < 0)
		return ntb_fail(error, -errno,
				"the shared memory cannot be opened for locking (%s): run as the user who made it, "
				"or give its file a mode that lets this user write",
				strerror(errno));
	return own;
}

int ntb_memory_open(struct ntb_memory *memory, int fd, struct idtntb_error *error)
{
	struct stat st;

	ntb_memory_init(memory);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return ntb_fail(error, -EPROTO, "what is given as shared memory is no memory file");
	memory->fd = reopen(fd, error);
	memory->dev = st.st_dev;
	memory->ino = st.st_ino;
	return memory->fd < 0 ? memory->fd : 0;
}

int ntb_memory_map(struct ntb_memory *memory, int fd, struct idtntb_error *error)
{
	struct stat st;
	size_t size;
	void *base;

	if (fstat(fd, &st))
		return ntb_fail(error, -errno, "shared memory: %s", strerror(errno));
	if (st.st_size < 0 || (uint64_t)st.st_size < ntb_layout_size(1))
		return ntb_fail(error, -ENOSPC,
				"shared memory has %lld bytes: a switch of two ports needs at least %zu",
				(long long)st.st_size, ntb_layout_size(2));
	size = st.st_size > MAPPED_MOST ? MAPPED_MOST : (size_t)st.st_size;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return ntb_fail(error, -errno, "shared memory of %zu bytes cannot be mapped: %s", size,
				strerror(errno));
	memory->base = base;
	memory->size = size;
	return 0;
}

int ntb_memory_adopt(struct ntb_memory *memory, int fd, struct idtntb_error *error)
{
	int ret = ntb_memory_open(memory, fd, error);

	if (!ret)
		ret = ntb_memory_map(memory, fd, error);
	close(fd);
	if (ret)
		ntb_memory_drop(memory);
	return ret;
}

bool ntb_memory_same(const struct ntb_memory *a, const struct ntb_memory *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

int ntb_memory_reserve(const struct ntb_memory *memory, unsigned ports, struct idtntb_error *error)
{
	const size_t needed = ntb_layout_size(ports);
	unsigned tries = 0;
	int ret;

	if (memory->size < needed)
		return ntb_fail(error, -ENOSPC, "shared memory has %zu bytes: a switch of %u ports needs at least %zu",
				memory->size, ports, needed);
	/* Not posix_fallocate(): where there is no such call it writes bytes, which may be in use by others. */
	do
		ret = fallocate(memory->fd, 0, 0, (off_t)needed) ? errno : 0;
	while (ret == EINTR && tries++ < RESERVE_TRIES);
	if (ret && ret != EOPNOTSUPP && ret != EINVAL)
		return ntb_fail(error, -ret, "the file system of the shared memory does not give %zu bytes: %s", needed,
				strerror(ret));
	return 0;
}

int ntb_memory_format(struct ntb_memory *memory, const struct idtntb_topology *topology, struct idtntb_error *error)
{
	int ret;

	if (idtntb_block_ready(memory->base, memory->size))
		return 0;
	ret = ntb_memory_reserve(memory, topology->port_count, error);
	return ret ? ret : idtntb_block_format(memory->base, memory->size, topology, error);
}

int ntb_memory_load(struct ntb_memory *memory, const struct idtntb_switch *sw, struct idtntb_error *error)
{
	const size_t size = idtntb_save_size();
	void *image;
	int ret = ntb_memory_reserve(memory, idtntb_switch_topology(sw)->port_count, error);

	if (ret)
		return ret;
	image = malloc(size);
	if (!image)
		return ntb_fail(error, -ENOMEM, "no memory for a saved switch of %zu bytes", size);
	ret = idtntb_switch_save(sw, image, size);
	if (!ret)
		ret = idtntb_block_load(memory->base, memory->size, image, size, error);
	free(image);
	return ret;
}
