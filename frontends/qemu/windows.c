/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pointing windows at peers' RAM while the guest runs.
 *
 * A window is retargeted by mapping over it in place: a vCPU that cached the host address sees the new RAM at once. It
 * is revoked by mapping ones over it first and disabling its alias afterwards, because QEMU flushes other vCPUs' TLBs
 * asynchronously: whoever still comes reads all ones, writes into nothing, and faults never.
 */
#include "device.h"

#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "qemu/memfd.h"
#include "qemu/units.h"

#include <fcntl.h>
#include <sys/mman.h>

/* Large, so that the ones over a 1 GiB window are 512 mappings (a process has 65,530 of them by default). */
#define ONES_SIZE (2 * MiB)

/* Pages of ones, the same for all devices of the process; mapped privately only. */
static int ones_fd = -1;

bool idtdev_windows_prepare(Error **errp)
{
	void *page;

	if (ones_fd >= 0)
		return true;
	ones_fd = qemu_memfd_create("idt-ntb-ones", ONES_SIZE, false, 0, 0, errp);
	if (ones_fd < 0)
		return false;
	page = mmap(NULL, ONES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ones_fd, 0);
	if (page == MAP_FAILED) {
		error_setg_errno(errp, errno, "cannot map %d bytes", (int)ONES_SIZE);
		close(ones_fd);
		ones_fd = -1;
		return false;
	}
	memset(page, 0xFF, ONES_SIZE);
	munmap(page, ONES_SIZE);
	return true;
}

static void cover_with_ones(uint8_t *host, uint64_t size)
{
	for (uint64_t done = 0; done < size; done += ONES_SIZE) {
		uint64_t length = MIN(size - done, ONES_SIZE);

		if (mmap(host + done, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, ones_fd,
			 0) == MAP_FAILED) {
			/* Out of mappings: one over all the rest is zeros, but just as far from the peer's RAM. */
			if (mmap(host + done, size - done, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED) {
				error_report(TYPE_IDT_NTB ": cannot take a peer's RAM out of a window: %s",
					     strerror(errno));
				abort();
			}
			return;
		}
	}
}

static void alias_show(IdtWindow *window, uint64_t length)
{
	memory_region_transaction_begin();
	if (length)
		memory_region_set_size(&window->alias, length);
	memory_region_set_enabled(&window->alias, length != 0);
	memory_region_transaction_commit();
}

static void window_revoke(IdtNtb *s, IdtWindow *window)
{
	if (!window->mapped)
		return;
	cover_with_ones(window->host, window->mapped);
	alias_show(window, 0);
	window->mapped = 0;
	s->windows_mapped--;
}

/* Once is a notice; what a guest can have again and again is not told each time. */
static void tell_failure(IdtNtb *s, uint64_t length)
{
	if (is_power_of_2(++s->map_failures))
		warn_report(TYPE_IDT_NTB ": mapping %" PRIu64
					 " bytes of a peer's RAM failed (%s): this window goes by copy (%" PRIu64
					 " times so far)",
			    length, strerror(errno), s->map_failures);
}

static void window_point(IdtNtb *s, IdtWindow *window, const struct idtntb_window_map *map)
{
	uint64_t length = MIN(map->length, window->size);
	uint64_t before = window->mapped;

	if (length < before)
		cover_with_ones(window->host + length, before - length);
	if (mmap(window->host, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, map->fd, map->offset) ==
	    MAP_FAILED) {
		/* What was there may be unmapped already. */
		tell_failure(s, length);
		window->mapped = MAX(length, before);
		s->windows_mapped += before == 0;
		window_revoke(s, window);
		return;
	}
	/* A peer's memory belongs neither into a child process nor into a core dump of this one. */
	madvise(window->host, length, MADV_DONTFORK);
	madvise(window->host, length, MADV_DONTDUMP);
	window->mapped = length;
	s->windows_mapped += before == 0;
	s->window_maps++;
	if (length != before)
		alias_show(window, length);
}

void idtdev_windows_map(void *opaque, unsigned index, const struct idtntb_window_map *map)
{
	IdtNtb *s = opaque;
	IdtWindow *window;

	/* While it is being attached the port has no open window yet. */
	if (!s->window || index >= IDTNTB_WINDOWS)
		return;
	window = &s->window[index];
	if (map && window->size && map->length)
		window_point(s, window, map);
	else
		window_revoke(s, window);
}
