/* SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Flags of DMA_MAP: a window both reads and writes, so a range that allows only one is none. */
#define READ_WRITE 0x3u

int memory_open(struct port *port)
{
	struct memory *memory = &port->memory;

	for (unsigned i = 0; i < MEMORY_FILES; i++)
		memory->files[i].fd = -1;
	memory->regions = calloc(MEMORY_REGIONS, sizeof(*memory->regions));
	return memory->regions ? 0 : -ENOMEM;
}

void memory_close(struct port *port)
{
	free(port->memory.regions);
	port->memory.regions = NULL;
}

/* ---------------------------------------------------------------- files */

static void file_drop(struct memory_file *file)
{
	if (--file->users)
		return;
	guard_remove(file->guard);
	munmap(file->base, file->size);
	close(file->fd);
	file->fd = -1;
}

bool memory_is_memory(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC);
}

/* Why a descriptor cannot be RAM, or NULL. */
static const char *check(int fd, const struct stat *st, const struct gate_dma_map *map)
{
	int seals;

	if (!S_ISREG(st->st_mode))
		return "it is no file";
	if (!memory_is_memory(fd))
		return "its file is not in memory; memory-backend-memfd is right";
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		return "it is not open for reading and writing";
	seals = fcntl(fd, F_GET_SEALS);
	if (seals >= 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return "its file is sealed against writing";
	if (map->offset > (uint64_t)st->st_size || map->size > (uint64_t)st->st_size - map->offset)
		return "its file is smaller than the range";
	return NULL;
}

static bool file_map(struct port *port, struct memory_file *file, int fd, const struct stat *st)
{
	const uint64_t size = (uint64_t)st->st_size;
	uint64_t sum = size;

	for (unsigned i = 0; i < MEMORY_FILES; i++)
		sum += port->memory.files[i].fd >= 0 ? port->memory.files[i].size : 0;
	if (size > MEMORY_BYTES || sum > MEMORY_BYTES) {
		errno = EFBIG;
		return false;
	}
	file->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (file->base == MAP_FAILED)
		return false;
	file->guard = guard_add(file->base, size, port->wake);
	if (!file->guard) {
		munmap(file->base, size);
		errno = ENOSPC;
		return false;
	}
	/* A guest's memory belongs neither into a child nor into a core dump of this process. */
	madvise(file->base, size, MADV_DONTFORK);
	madvise(file->base, size, MADV_DONTDUMP);
	file->fd = fd;
	file->dev = st->st_dev;
	file->ino = st->st_ino;
	file->size = size;
	file->users = 0;
	return true;
}

/* The mapping of a file; takes the descriptor if it is a new one. */
static struct memory_file *file_get(struct port *port, int *fd, const struct stat *st, uint64_t needed)
{
	struct memory_file *room = NULL;

	for (unsigned i = 0; i < MEMORY_FILES; i++) {
		struct memory_file *file = &port->memory.files[i];

		if (file->fd < 0)
			room = room ? room : file;
		else if (file->dev == st->st_dev && file->ino == st->st_ino && file->size >= needed)
			return file;
	}
	if (!room) {
		errno = EMFILE;
		return NULL;
	}
	if (!file_map(port, room, *fd, st))
		return NULL;
	*fd = -1;
	return room;
}

/* ---------------------------------------------------------------- ranges */

/* Where a range is, or would be. */
static size_t place(const struct memory *memory, uint64_t address)
{
	size_t low = 0, high = memory->count;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (memory->regions[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int larger_first(const void *a, const void *b)
{
	const struct idtntb_ram_range *x = a, *y = b;

	return (x->size < y->size) - (x->size > y->size);
}

/* Offer to peers what there is now; what continues its neighbour in every respect is one range with it. */
static void publish(struct port *port)
{
	struct memory *memory = &port->memory;
	struct idtntb_ram_range *ranges = calloc(memory->count + 1, sizeof(*ranges));
	size_t count = 0;

	for (size_t i = 0; ranges && i < memory->count; i++) {
		const struct memory_region *region = &memory->regions[i];
		struct idtntb_ram_range *last = count ? &ranges[count - 1] : NULL;

		if (last && last->fd == region->file->fd && last->address + last->size == region->address &&
		    last->fd_offset + last->size == region->offset) {
			last->size += region->size;
			continue;
		}
		ranges[count++] = (struct idtntb_ram_range){
			.address = region->address,
			.size = region->size,
			.host = region->file->base + region->offset,
			.fd = region->file->fd,
			.fd_offset = region->offset,
		};
	}
	if (count > IDTNTB_RAM_RANGES) {
		if (!memory->overflow_said)
			say_port(port, "the client's RAM is in %zu pieces: peers' windows reach the %d largest", count,
				 IDTNTB_RAM_RANGES);
		memory->overflow_said = true;
		qsort(ranges, count, sizeof(*ranges), larger_first);
		count = IDTNTB_RAM_RANGES;
	}
	/* A refusal is in the log. */
	idtntb_attachment_ram_set(port->attachment, ranges, ranges ? count : 0, NULL);
	free(ranges);
}

bool memory_stage(struct port *port, const struct gate_dma_map *map, int fd)
{
	struct memory *memory = &port->memory;
	const char *why = NULL;
	struct stat st;

	memory_unstage(port);
	if (!map->size || map->address + (map->size - 1) < map->address) {
		why = "it is empty, or passes the end of the address space";
	} else if ((map->flags & READ_WRITE) == READ_WRITE) {
		if (fstat(fd, &st))
			why = strerror(errno);
		else
			why = check(fd, &st, map);
		if (!why && memory->count == MEMORY_REGIONS)
			why = "there are too many already";
		if (!why) {
			memory->staged.file = file_get(port, &fd, &st, map->offset + map->size);
			if (!memory->staged.file)
				why = strerror(errno);
		}
	}
	if (fd >= 0)
		close(fd);
	if (why) {
		if (worth_a_line(&port->lines))
			say_port(port, "RAM range 0x%" PRIx64 " of 0x%" PRIx64 " bytes refused: %s", map->address,
				 map->size, why);
		return false;
	}
	if (memory->staged.file) {
		memory->staged.file->users++;
		memory->staged.address = map->address;
		memory->staged.size = map->size;
		memory->staged.offset = map->offset;
	}
	return true;
}

void memory_unstage(struct port *port)
{
	if (port->memory.staged.file)
		file_drop(port->memory.staged.file);
	port->memory.staged.file = NULL;
}

void memory_registered(struct port *port, uint64_t address, uint64_t size)
{
	struct memory *memory = &port->memory;
	const size_t at = place(memory, address);

	/* RAM that came without a descriptor is nothing a window can reach. A range that is there is there. */
	if (!memory->staged.file || memory->staged.address != address || memory->staged.size != size ||
	    (at < memory->count && memory->regions[at].address == address))
		return;
	memmove(&memory->regions[at + 1], &memory->regions[at], (memory->count - at) * sizeof(*memory->regions));
	memory->regions[at] = memory->staged;
	memory->count++;
	memory->staged.file = NULL;
	publish(port);
}

void memory_unregistered(struct port *port, uint64_t address, uint64_t size)
{
	struct memory *memory = &port->memory;
	const size_t at = place(memory, address);
	struct memory_file *file;

	if (at == memory->count || memory->regions[at].address != address || memory->regions[at].size != size)
		return;
	file = memory->regions[at].file;
	memory->count--;
	memmove(&memory->regions[at], &memory->regions[at + 1], (memory->count - at) * sizeof(*memory->regions));
	publish(port);
	/* The client may use the memory for something else as soon as this returns. */
	windows_barrier();
	file_drop(file);
}

bool memory_broken(const struct port *port)
{
	for (unsigned i = 0; i < MEMORY_FILES; i++) {
		if (port->memory.files[i].fd >= 0 && guard_broken(port->memory.files[i].guard))
			return true;
	}
	return false;
}
