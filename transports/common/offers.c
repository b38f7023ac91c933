/* SPDX-License-Identifier: BSD-3-Clause */
#include "offers.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/*
 * Whether this process may map the descriptor and touch every byte of the range for as long as it likes. A file that its
 * owner can cut short, or whose pages come from a pool that can run dry, kills with SIGBUS whoever touches what is gone.
 */
static int check(struct ntb_offer_range *range, bool unsealed, struct idtntb_error *error)
{
	struct statfs fs;
	struct stat st;
	int seals;

	if (fstat(range->fd, &st) || fstatfs(range->fd, &fs) || !S_ISREG(st.st_mode))
		return ntb_fail(error, -EINVAL, "its descriptor is no memory file");
	range->dev = st.st_dev;
	range->ino = st.st_ino;
	range->page = (uint64_t)sysconf(_SC_PAGESIZE);
	if ((fcntl(range->fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		return ntb_fail(error, -EACCES, "its descriptor is not open for reading and writing");
	if (range->fd_offset > (uint64_t)st.st_size || range->size > (uint64_t)st.st_size - range->fd_offset)
		return ntb_fail(error, -EINVAL, "its file has %lld bytes, less than the range wants",
				(long long)st.st_size);
	seals = fcntl(range->fd, F_GET_SEALS);
	if (seals >= 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return ntb_fail(error, -EACCES, "its file is sealed against writing");
	if (fs.f_type == HUGETLBFS_MAGIC) {
		range->page = (uint64_t)fs.f_bsize;
		if (!unsealed)
			return ntb_fail(error, -EPERM,
					"huge pages may run out under the one who uses them; "
					"unsealed RAM must be allowed for it");
	}
	if (!unsealed && (seals < 0 || !(seals & F_SEAL_SHRINK)))
		return ntb_fail(error, -EPERM,
				"its file is not sealed against shrinking; "
				"use a sealed memfd, or allow unsealed RAM");
	return 0;
}

static bool same(const struct ntb_offer *a, const struct ntb_offer *b)
{
	if (a->owner != b->owner || a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		const struct ntb_offer_range *x = &a->ranges[i], *y = &b->ranges[i];

		if (x->address != y->address || x->size != y->size || x->fd_offset != y->fd_offset ||
		    (x->fd < 0) != (y->fd < 0) || (x->fd >= 0 && (x->dev != y->dev || x->ino != y->ino)))
			return false;
	}
	return true;
}

void ntb_offer_drop(struct ntb_offer *offer)
{
	for (unsigned i = 0; i < offer->count; i++) {
		if (offer->ranges[i].fd >= 0)
			close(offer->ranges[i].fd);
	}
	offer->count = 0;
	offer->owner = 0;
}

bool ntb_offer_take(struct ntb_offer *offer, uint32_t owner, const struct idtntb_ram_range *ranges, unsigned count,
		    bool unsealed, struct idtntb_error *refusal)
{
	struct ntb_offer next = { .owner = owner, .count = count };

	refusal->text[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		struct ntb_offer_range *range = &next.ranges[i];

		*range = (struct ntb_offer_range){
			.address = ranges[i].address,
			.size = ranges[i].size,
			.fd_offset = ranges[i].fd_offset,
			.fd = ranges[i].fd,
		};
		if (range->fd >= 0 && check(range, unsealed, refusal)) {
			close(range->fd);
			range->fd = -1;
		}
	}
	if (same(offer, &next)) {
		refusal->text[0] = '\0';
		ntb_offer_drop(&next);
		return false;
	}
	ntb_offer_drop(offer);
	*offer = next;
	return true;
}

const struct ntb_offer_range *ntb_offer_find(const struct ntb_offer *offer, uint64_t address, uint64_t length,
					     uint64_t place, struct idtntb_window_map *map)
{
	for (unsigned i = 0; i < offer->count; i++) {
		const struct ntb_offer_range *range = &offer->ranges[i];
		const uint64_t inside = address - range->address, mask = range->page - 1;

		if (range->fd < 0 || inside >= range->size)
			continue;
		if (length > range->size - inside)
			length = range->size - inside;
		map->fd = range->fd;
		map->offset = range->fd_offset + inside;
		map->length = length & ~mask;
		if (!map->length || (map->offset & mask) || (place & mask))
			return NULL;
		return range;
	}
	return NULL;
}
