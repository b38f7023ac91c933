/* SPDX-License-Identifier: BSD-3-Clause */
#include "ram.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void ntb_ram_init(struct ntb_ram *ram, const struct idtntb_frontend_ops *ops, void *opaque)
{
	pthread_mutex_init(&ram->lock, NULL);
	ram->count = 0;
	ram->memory_read = ops->memory_read;
	ram->memory_write = ops->memory_write;
	ram->opaque = opaque;
}

static void close_all(const struct idtntb_ram_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].fd >= 0)
			close(ranges[i].fd);
	}
}

void ntb_ram_destroy(struct ntb_ram *ram)
{
	close_all(ram->ranges, ram->count);
	ram->count = 0;
	pthread_mutex_destroy(&ram->lock);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	if (a < 0 || b < 0)
		return a < 0 && b < 0;
	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A VMM commits its memory map more often than it changes it: an offer that is the last one again costs peers nothing. */
static bool same(const struct ntb_ram *ram, const struct idtntb_ram_range *ranges, size_t count)
{
	if (count != ram->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct idtntb_ram_range *a = &ram->ranges[i], *b = &ranges[i];

		if (a->address != b->address || a->size != b->size || a->host != b->host ||
		    a->fd_offset != b->fd_offset || !same_file(a->fd, b->fd))
			return false;
	}
	return true;
}

static int check(const struct idtntb_ram_range *ranges, size_t count, struct idtntb_error *error)
{
	if (count > IDTNTB_RAM_RANGES)
		return ntb_fail(error, -E2BIG, "RAM of %zu ranges: at most %d can be offered", count,
				IDTNTB_RAM_RANGES);
	for (size_t i = 0; i < count; i++) {
		const struct idtntb_ram_range *a = &ranges[i];

		if (!a->size || !a->host || a->address + (a->size - 1) < a->address ||
		    (a->fd >= 0 && (a->fd_offset > INT64_MAX || a->size > INT64_MAX - a->fd_offset)))
			return ntb_fail(error, -EINVAL,
					"RAM range 0x%" PRIx64 " of 0x%" PRIx64
					" bytes: empty, nowhere, or past the end of the address space",
					a->address, a->size);
		for (size_t j = 0; j < i; j++) {
			const struct idtntb_ram_range *b = &ranges[j];

			if (a->address <= b->address + (b->size - 1) && b->address <= a->address + (a->size - 1))
				return ntb_fail(error, -EINVAL,
						"RAM ranges 0x%" PRIx64 " and 0x%" PRIx64
						" overlap: each address once, please",
						b->address, a->address);
		}
	}
	return 0;
}

static void exchange(struct ntb_ram *ram, const struct idtntb_ram_range *ranges, size_t count)
{
	struct idtntb_ram_range old[IDTNTB_RAM_RANGES];
	size_t old_count;

	pthread_mutex_lock(&ram->lock);
	old_count = ram->count;
	memcpy(old, ram->ranges, old_count * sizeof(*old));
	memcpy(ram->ranges, ranges, count * sizeof(*ranges));
	ram->count = count;
	pthread_mutex_unlock(&ram->lock);
	close_all(old, old_count);
}

int ntb_ram_set(struct ntb_ram *ram, const struct idtntb_ram_range *ranges, size_t count, bool *changed,
		struct idtntb_error *error)
{
	struct idtntb_ram_range copy[IDTNTB_RAM_RANGES];
	int ret = check(ranges, count, error);

	*changed = !ret || ram->count;
	if (ret) {
		exchange(ram, copy, 0);
		return ret;
	}
	if (same(ram, ranges, count)) {
		*changed = false;
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		copy[i] = ranges[i];
		if (copy[i].fd < 0)
			continue;
		copy[i].fd = fcntl(ranges[i].fd, F_DUPFD_CLOEXEC, 0);
		if (copy[i].fd < 0) {
			ret = -errno;
			close_all(copy, i);
			*changed = ram->count;
			exchange(ram, copy, 0);
			return ntb_fail(error, ret == -EMFILE ? -ENOMEM : ret,
					"descriptor %d of the RAM range 0x%" PRIx64 ": %s", ranges[i].fd,
					ranges[i].address, strerror(-ret));
		}
	}
	exchange(ram, copy, count);
	return 0;
}

/*
 * The part of [address, address + *size) from its start that is in one range, or, with NULL, that is in none; *size is
 * cut to it.
 */
static uint8_t *find(const struct ntb_ram *ram, uint64_t address, size_t *size)
{
	for (size_t i = 0; i < ram->count; i++) {
		const struct idtntb_ram_range *range = &ram->ranges[i];
		uint64_t inside = address - range->address, until = range->address - address;

		if (inside < range->size) {
			if (*size > range->size - inside)
				*size = (size_t)(range->size - inside);
			return (uint8_t *)range->host + inside;
		}
		if (*size > until)
			*size = (size_t)until;
	}
	/* Nor does it go round the end of the address space. */
	if (address && *size > -address)
		*size = (size_t)-address;
	return NULL;
}

bool ntb_ram_direct(const struct ntb_ram *ram, uint64_t address, size_t size)
{
	if (!ram->memory_read)
		return true;
	while (size) {
		size_t part = size;

		if (!find(ram, address, &part))
			return false;
		address += part;
		size -= part;
	}
	return true;
}

/*
 * One store, as the peer's processor made one. The guest reads it with its own processor, so it is atomic in the sense
 * of the machine, not of this program's memory model.
 */
static void store(uint8_t *to, const uint8_t *from, size_t size)
{
	uint16_t half;
	uint32_t word;
	uint64_t quad;

	if (((uintptr_t)to & (size - 1)) == 0) {
		switch (size) {
		case 1:
			__atomic_store_n(to, *from, __ATOMIC_RELAXED);
			return;
		case 2:
			memcpy(&half, from, sizeof(half));
			__atomic_store_n((uint16_t *)(void *)to, half, __ATOMIC_RELAXED);
			return;
		case 4:
			memcpy(&word, from, sizeof(word));
			__atomic_store_n((uint32_t *)(void *)to, word, __ATOMIC_RELAXED);
			return;
		case 8:
			memcpy(&quad, from, sizeof(quad));
			__atomic_store_n((uint64_t *)(void *)to, quad, __ATOMIC_RELAXED);
			return;
		default:
			break;
		}
	}
	memcpy(to, from, size);
}

static void load(uint8_t *to, const uint8_t *from, size_t size)
{
	uint16_t half;
	uint32_t word;
	uint64_t quad;

	if (((uintptr_t)from & (size - 1)) == 0) {
		switch (size) {
		case 1:
			*to = __atomic_load_n(from, __ATOMIC_RELAXED);
			return;
		case 2:
			half = __atomic_load_n((const uint16_t *)(const void *)from, __ATOMIC_RELAXED);
			memcpy(to, &half, sizeof(half));
			return;
		case 4:
			word = __atomic_load_n((const uint32_t *)(const void *)from, __ATOMIC_RELAXED);
			memcpy(to, &word, sizeof(word));
			return;
		case 8:
			quad = __atomic_load_n((const uint64_t *)(const void *)from, __ATOMIC_RELAXED);
			memcpy(to, &quad, sizeof(quad));
			return;
		default:
			break;
		}
	}
	memcpy(to, from, size);
}

bool ntb_ram_write(const struct ntb_ram *ram, uint64_t address, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size) {
		size_t part = size;
		uint8_t *to = find(ram, address, &part);

		if (to)
			store(to, from, part);
		else if (!ram->memory_write || ram->memory_write(ram->opaque, address, from, part))
			return false;
		address += part;
		from += part;
		size -= part;
	}
	return true;
}

bool ntb_ram_read(const struct ntb_ram *ram, uint64_t address, void *data, size_t size)
{
	uint8_t *to = data;

	while (size) {
		size_t part = size;
		const uint8_t *from = find(ram, address, &part);

		if (from)
			load(to, from, part);
		else if (!ram->memory_read || ram->memory_read(ram->opaque, address, to, part))
			return false;
		address += part;
		to += part;
		size -= part;
	}
	return true;
}
