/* SPDX-License-Identifier: BSD-3-Clause */
/* The local transport: the switches of this process. */
#ifndef NTB_LOCAL_H
#define NTB_LOCAL_H

#include "../common/transport.h"
#include "../common/view.h"

struct local_switch {
	struct local_switch *next;
	char *name;
	unsigned users;
	uint64_t serial; /* tells switches apart that have a name in common, one after the other */
	void *memory;
	size_t size;
	pthread_mutex_t lock; /* of what follows; never held while a callback is made */
	struct idtntb_attachment *owners[IDTNTB_PORTS];
	struct local_offer {
		unsigned serial; /* counts the changes */
		uint32_t owner;
		unsigned count;
		struct idtntb_ram_range ranges[IDTNTB_RAM_RANGES]; /* with descriptors of the table's own */
	} offers[IDTNTB_PORTS];
};

/* The switch of a name, which stays until the release, or NULL and there is nothing to release. Only attaching waits. */
struct local_switch *ntb_local_hold(const char *name);
void ntb_local_release(void);
/* Wake the owners of ports. */
void ntb_local_wake(struct local_switch *sw, uint32_t slots);

/* view.c */
extern const struct ntb_view_ops ntb_local_view_ops;

#endif
