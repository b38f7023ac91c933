/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doorbells (section 7): who has which bit set, who has rung and unmasked which, and the global masks.
 */
#include "inspect.h"

/* Those of a port. */
struct doorbells {
	uint32_t status, mask;
	bool known; /* the history is there */
	struct idtntb_doorbell_history history;
	uint64_t rings;
};

static struct doorbells doorbells(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct doorbells now = { .status = inspect_peek(snapshot, slot, "INDBELLSTS", 0, 0),
				 .mask = inspect_peek(snapshot, slot, "INDBELLMSK", 0, 0),
				 .rings = inspect_counts(snapshot, slot, "OUTDBELLSET").writes };

	if (snapshot->counters[slot]) {
		now.known = true;
		idtntb_counters_doorbells(snapshot->counters[slot], &now.history);
	}
	return now;
}

static void port_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct doorbells now = doorbells(snapshot, slot);
	char bits[INSPECT_BITS];

	fprintf(out, "port %u: INDBELLSTS 0x%08x, INDBELLMSK 0x%08x\n", inspect_setup(snapshot, slot)->port, now.status,
		now.mask);
	fprintf(out, "  %spending%s: %s\n",
		inspect_color(flags, now.status & ~now.mask ? INSPECT_YELLOW : INSPECT_PLAIN),
		inspect_color(flags, INSPECT_PLAIN), inspect_bits(now.status & ~now.mask, bits));
	fprintf(out, "  pending, but masked: %s\n", inspect_bits(now.status & now.mask, bits));
	if (!now.known)
		return;
	fprintf(out, "  has ever unmasked: %s\n", inspect_bits(now.history.unmasked, bits));
	fprintf(out, "  has rung: %s, in %llu writes\n", inspect_bits(now.history.rung, bits),
		(unsigned long long)now.rings);
}

static void global_print(FILE *out, const struct idtntb_snapshot *snapshot)
{
	char bits[INSPECT_BITS];
	uint32_t rings, reaches;

	fprintf(out, "GDBELLSTS 0x%08x\n", inspect_peek(snapshot, 0, "GDBELLSTS", 0, 0));
	for (unsigned b = 0; b < IDTNTB_DOORBELLS; b++) {
		rings = inspect_peek(snapshot, 0, "GODBELLMSK%u", b, 0);
		reaches = inspect_peek(snapshot, 0, "GIDBELLMSK%u", b, 0);
		if (rings)
			fprintf(out, "doorbell %u: partitions that may not ring it: %s\n", b,
				inspect_bits(rings, bits));
		if (reaches)
			fprintf(out, "doorbell %u: partitions it does not reach: %s\n", b, inspect_bits(reaches, bits));
	}
}

void inspect_doorbells_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);

	for (unsigned s = slots.first; s < slots.end; s++)
		port_print(out, snapshot, s, flags);
	if (slot == IDTNTB_SLOT_ALL)
		global_print(out, snapshot);
}

static struct json_object *port_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_object();
	struct doorbells now = doorbells(snapshot, slot);

	inspect_add(json, "port", inspect_number(inspect_setup(snapshot, slot)->port));
	inspect_add(json, "INDBELLSTS", inspect_hex(now.status));
	inspect_add(json, "INDBELLMSK", inspect_hex(now.mask));
	inspect_add(json, "pending", inspect_bits_json(now.status & ~now.mask));
	inspect_add(json, "pending_masked", inspect_bits_json(now.status & now.mask));
	if (now.known) {
		inspect_add(json, "unmasked_ever", inspect_bits_json(now.history.unmasked));
		inspect_add(json, "rung_ever", inspect_bits_json(now.history.rung));
		inspect_add(json, "rings", inspect_number(now.rings));
	}
	return json;
}

struct json_object *inspect_doorbells_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	return inspect_each(snapshot, slot, port_json);
}
