/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Window accesses. A client cannot be given a mapping that changes while it runs, so each access comes as a message;
 * where the peer's RAM is to be had as a descriptor it is mapped in this process, and the access is one copy.
 */
#include "server.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define BARSETUP_SIZE(setup) (((setup) >> 4) & 0x3F)
#define BARSETUP_TYPE_64 0x4u
#define BARSETUP_MODE (1u << 10)
#define BARSETUP_EN (1u << 31)

/*
 * Copies hold the lock for reading. Who withdraws RAM of its client counts the barrier up and takes the lock for writing
 * once: then no copy is under way, and each that follows sees the count and looks for what has changed first. That is all
 * there is to it when the switch is in this process; from another the change may be still on its way.
 */
static pthread_rwlock_t copies = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static atomic_uint barrier;

void windows_barrier(void)
{
	atomic_fetch_add(&barrier, 1);
	pthread_rwlock_wrlock(&copies);
	pthread_rwlock_unlock(&copies);
}

/* The attachment takes the peers' offers as they are now, outside of the lock: it calls windows_map(). */
static void copy_begin(struct port *port)
{
	for (;;) {
		const unsigned now = atomic_load(&barrier);

		if (port->barrier_seen != now) {
			idtntb_attachment_process(port->attachment);
			port->barrier_seen = now;
		}
		pthread_rwlock_rdlock(&copies);
		if (port->barrier_seen == atomic_load(&barrier))
			return;
		pthread_rwlock_unlock(&copies);
	}
}

static void copy_end(void)
{
	pthread_rwlock_unlock(&copies);
}

void windows_open(struct port *port)
{
	const struct idtntb_topology *topology = idtntb_attachment_topology(port->attachment);
	const uint32_t *setup = topology->ports[idtntb_attachment_slot(port->attachment)].barsetup;

	for (unsigned n = 0; n < IDTNTB_BARS; n++) {
		struct bar *bar = &port->bars[n];

		if (!(setup[n] & BARSETUP_EN))
			continue;
		bar->size = 1ull << BARSETUP_SIZE(setup[n]);
		bar->registers = setup[n] & BARSETUP_MODE;
		for (unsigned entry = 0; !bar->registers && entry < IDTNTB_LUT_ENTRIES; entry++) {
			struct window *window = &port->windows[IDTNTB_WINDOW(n, entry)];
			struct idtntb_window info;

			if (idtntb_attachment_window(port->attachment, IDTNTB_WINDOW(n, entry), &info))
				break;
			window->offset = info.offset;
			window->size = info.size;
			bar->entries++;
		}
		if (setup[n] & BARSETUP_TYPE_64)
			n++; /* its BARSETUP is unused (section 6.1) */
	}
}

static void unmap(struct window *window)
{
	if (!window->base)
		return;
	guard_remove(window->guard);
	munmap(window->base, window->mapped);
	window->base = NULL;
	window->mapped = 0;
}

void windows_map(void *opaque, unsigned index, const struct idtntb_window_map *map)
{
	struct port *port = opaque;
	struct window *window = &port->windows[index];
	void *base;

	unmap(window);
	/* While it is being attached the port has no open window yet. */
	if (!map || !map->length || !window->size || !memory_is_memory(map->fd))
		return;
	base = mmap(NULL, map->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, map->fd, (off_t)map->offset);
	if (base == MAP_FAILED) {
		say_port(port, "a peer's RAM cannot be mapped (%s): this window goes through the peer",
			 strerror(errno));
		return;
	}
	window->guard = guard_add(base, map->length, -1);
	if (!window->guard) {
		munmap(base, map->length);
		return;
	}
	madvise(base, map->length, MADV_DONTFORK);
	madvise(base, map->length, MADV_DONTDUMP);
	window->base = base;
	window->mapped = map->length < window->size ? map->length : window->size;
}

/*
 * One store or load, as the guest's processor made it: naturally aligned ones are single, so that a peer polling a word
 * never sees half of it. Each is visible before the register write that follows it, which is a sequentially consistent
 * operation of the core (section 13).
 */
static void copy(uint8_t *ram, char *data, size_t size, bool write)
{
#define SINGLE(type)                                                                                                   \
	do {                                                                                                           \
		type value;                                                                                            \
		if (write) {                                                                                           \
			memcpy(&value, data, sizeof(value));                                                           \
			__atomic_store_n((type *)(void *)ram, value, __ATOMIC_RELEASE);                                \
		} else {                                                                                               \
			value = __atomic_load_n((const type *)(const void *)ram, __ATOMIC_ACQUIRE);                    \
			memcpy(data, &value, sizeof(value));                                                           \
		}                                                                                                      \
		return;                                                                                                \
	} while (0)

	if (size <= 8 && ((uintptr_t)ram & (size - 1)) == 0) {
		switch (size) {
		case 1:
			SINGLE(uint8_t);
		case 2:
			SINGLE(uint16_t);
		case 4:
			SINGLE(uint32_t);
		case 8:
			SINGLE(uint64_t);
		}
	}
#undef SINGLE
	if (write)
		memcpy(ram, data, size);
	else
		memcpy(data, ram, size);
}

/* The window that an offset of a BAR lies in, or NULL. */
static struct window *find(struct port *port, unsigned bar, uint64_t offset)
{
	struct window *first = &port->windows[IDTNTB_WINDOW(bar, 0)];
	const uint64_t entry = first->size ? offset / first->size : UINT64_MAX;

	return entry < port->bars[bar].entries ? first + entry : NULL;
}

/* Access what is mapped at an offset. @return bytes done from the start; 0: it must go another way. */
static size_t direct(struct port *port, unsigned bar, uint64_t offset, char *data, size_t size, bool write)
{
	struct window *window;
	uint64_t inside;
	bool broken;

	copy_begin(port);
	window = find(port, bar, offset);
	if (!window || !window->base || offset - window->offset >= window->mapped) {
		copy_end();
		return 0;
	}
	inside = offset - window->offset;
	if (size > window->mapped - inside)
		size = window->mapped - inside;
	copy(window->base + inside, data, size, write);
	broken = guard_broken(window->guard);
	copy_end();
	if (broken) {
		/* Its owner has cut it short: what is not there is ones, and the rest is reached through the owner. */
		unmap(window);
		if (!write)
			memset(data, 0xFF, size);
	}
	return size;
}

void windows_access(struct port *port, unsigned bar, uint64_t offset, char *data, size_t size, bool write)
{
	while (size) {
		size_t part = port->bars[bar].registers ? 0 : direct(port, bar, offset, data, size, write);

		if (!part) {
			const struct window *window = find(port, bar, offset);

			part = size;
			if (window && part > window->offset + window->size - offset)
				part = window->offset + window->size - offset;
			if (write)
				idtntb_attachment_bar_write(port->attachment, bar, offset, data, part);
			else
				idtntb_attachment_bar_read(port->attachment, bar, offset, data, part);
		}
		offset += part;
		data += part;
		size -= part;
	}
}
