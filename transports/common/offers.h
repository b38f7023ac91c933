/* SPDX-License-Identifier: BSD-3-Clause */
/* The RAM that another port's owner has handed over, as descriptors that have been looked at. */
#ifndef NTB_OFFERS_H
#define NTB_OFFERS_H

#include <idtntb-transport.h>

#include <sys/types.h>

struct ntb_offer_range {
	uint64_t address, size, fd_offset;
	uint64_t page; /* bytes: what it can be mapped by */
	int fd; /* -1: not fit to be mapped */
	dev_t dev;
	ino_t ino;
};

struct ntb_offer {
	uint32_t owner; /* who offered; 0: nobody */
	unsigned count;
	struct ntb_offer_range ranges[IDTNTB_RAM_RANGES];
};

/*
 * Take an offer in place of the last one. The descriptors (one for each range; only address, size, fd and fd_offset are
 * read) become ours, whatever happens. unsealed: the user trusts files that can be cut short.
 * @param refusal gets why a range cannot be mapped, or stays empty.
 * @return whether anything is different now.
 */
bool ntb_offer_take(struct ntb_offer *offer, uint32_t owner, const struct idtntb_ram_range *ranges, unsigned count,
		    bool unsealed, struct idtntb_error *refusal);
void ntb_offer_drop(struct ntb_offer *offer);

/*
 * Where the first bytes of [address, address + length) can be mapped: map is filled and the range returned, NULL when
 * they cannot. place is the position of the first byte in what it would be mapped to: both must be on a page alike.
 */
const struct ntb_offer_range *ntb_offer_find(const struct ntb_offer *offer, uint64_t address, uint64_t length,
					     uint64_t place, struct idtntb_window_map *map);

#endif
