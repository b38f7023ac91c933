/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this library share. Registers are named as their rows in the table are ("SWP%uMSGCTL%u") and fields
 * as there: a name that the table does not know reads 0.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include <idtntb-inspect.h>

#include <json.h>
#include <string.h>

#define INSPECT_GAS_SWITCH 0x3E000u /* global address of the first switch register (section 4.3) */

/* Global address of the NT function of a port (section 4.2). */
static inline uint32_t inspect_nt_address(unsigned port)
{
	return port * 0x2000u + 0x1000u;
}

/* registers.c: instance (i, j) of the row called `name`, of a slot; false when there is none. */
bool inspect_ref(struct idtntb_register_ref *ref, const struct idtntb_switch *sw, unsigned slot, const char *name,
		 unsigned i, unsigned j);
/* registers.c: its value. */
uint32_t inspect_peek(const struct idtntb_snapshot *snapshot, unsigned slot, const char *name, unsigned i, unsigned j);
/* A field of a value. */
static inline uint32_t inspect_field_get(const struct idtntb_field *field, uint32_t value)
{
	return value >> field->low & (UINT32_MAX >> (31 - (field->high - field->low)));
}

/* registers.c: a field of a value of the row called `name`. */
uint32_t inspect_field(const char *name, const char *field, uint32_t value);
/* registers.c: reads and writes of a row by the owner of a slot; zero where nothing is counted. */
struct idtntb_register_counts inspect_counts(const struct idtntb_snapshot *snapshot, unsigned slot, const char *name);
/* registers.c: "CPEN=1 RNS=0", the fields of a value that are not zero, or all of them. */
void inspect_fields_print(FILE *out, const struct idtntb_register *reg, uint32_t value, bool all);

/* Whether a slot is one of the topology. */
static inline bool inspect_has(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	return slot < idtntb_switch_topology(snapshot->sw)->port_count;
}

static inline const struct idtntb_port_setup *inspect_setup(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	return &idtntb_switch_topology(snapshot->sw)->ports[slot];
}

/* The slots that one, or IDTNTB_SLOT_ALL, stands for. */
struct inspect_slots {
	unsigned first, end;
};

static inline struct inspect_slots inspect_slots(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	if (slot == IDTNTB_SLOT_ALL)
		return (struct inspect_slots){ 0, idtntb_switch_topology(snapshot->sw)->port_count };
	if (!inspect_has(snapshot, slot))
		return (struct inspect_slots){ 0, 0 };
	return (struct inspect_slots){ slot, slot + 1 };
}

/* side.c: slot of the NT port in a partition, or -1. */
int inspect_slot_of_partition(const struct idtntb_snapshot *snapshot, unsigned partition);

/* side.c: one port's part in a link (section 10.2), each word fetched once. */
struct inspect_side {
	unsigned slot, port, partition;
	struct idtntb_member member;
	uint32_t swportsts, pcicmdsts, ntctl, ntintmsk;
	uint32_t entry; /* of the mapping table, by Linux's convention that of its partition */
	bool linkup, bme, cpen, valid; /* what a driver tests */
};

void inspect_side(struct inspect_side *side, const struct idtntb_snapshot *snapshot, unsigned slot);

/* Whether `self` finds the link to `peer` up: a driver asks for all but its own LINKUP, without which it hears nobody. */
static inline bool inspect_sees(const struct inspect_side *self, const struct inspect_side *peer)
{
	return self->linkup && self->bme && self->cpen && self->valid && peer->linkup && peer->bme && peer->cpen &&
	       peer->valid;
}

/* A window with all that is to be told of it. */
struct inspect_window {
	unsigned slot, number;
	struct idtntb_window info;
	uint32_t setup; /* BARSETUP */
	bool lut; /* has a lookup table entry: words[], else a limit and bases */
	uint32_t words[3]; /* LUTLDATA, LUTMDATA, LUTUDATA; direct: BARLTBASE, BARUTBASE, 0 */
	uint64_t limit; /* BARLIMIT, both halves of a pair */
	uint64_t start; /* bus address of its first byte in the source's domain */
	unsigned partition; /* it is translated to */
	uint64_t address; /* it is translated to, whether or not it is open */
	bool counted;
	struct idtntb_window_counts counts;
};

/* windows.c: false when there is no such window. */
bool inspect_window(struct inspect_window *window, const struct idtntb_snapshot *snapshot, unsigned slot,
		    unsigned number);
/* windows.c: somebody has set a translation up, or has used it. */
bool inspect_window_wanted(const struct inspect_window *window);

/* text.c: terminal colours, empty without IDTNTB_PRINT_COLOR. */
enum inspect_color { INSPECT_PLAIN, INSPECT_BOLD, INSPECT_GREEN, INSPECT_YELLOW, INSPECT_RED, INSPECT_DIM };
const char *inspect_color(unsigned flags, enum inspect_color color);
/* text.c: bytes as "1 MiB", "4 KiB", "1000 bytes"; returns `buffer`. */
#define INSPECT_SIZE 32
const char *inspect_size(uint64_t bytes, char buffer[INSPECT_SIZE]);
/* text.c: bit numbers as "0, 2, 5-7", "none"; returns `buffer`. */
#define INSPECT_BITS 128
const char *inspect_bits(uint32_t bits, char buffer[INSPECT_BITS]);

/* json.c: add a member; takes `value` over, also when it cannot be added. */
void inspect_add(struct json_object *to, const char *key, struct json_object *value);
/* json.c: append to an array; the same. */
void inspect_append(struct json_object *to, struct json_object *value);
/* json.c: "0x%08x". */
struct json_object *inspect_hex(uint32_t value);
/* json.c: "0x%llx". */
struct json_object *inspect_hex64(uint64_t value);
struct json_object *inspect_number(uint64_t value);
struct json_object *inspect_bool(bool value);
struct json_object *inspect_string(const char *text);
/* json.c: an array of the numbers of the bits that are set. */
struct json_object *inspect_bits_json(uint32_t bits);
/* json.c: a member for each slot that `slot` stands for: the object of one, or an array. */
struct json_object *inspect_each(const struct idtntb_snapshot *snapshot, unsigned slot,
				 struct json_object *(*one)(const struct idtntb_snapshot *snapshot, unsigned slot));

/* Subjects, for the table in subjects.c. */
#define INSPECT_SUBJECT(name)                                                                                          \
	void inspect_##name##_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags); \
	struct json_object *inspect_##name##_json(const struct idtntb_snapshot *snapshot, unsigned slot)
INSPECT_SUBJECT(info);
INSPECT_SUBJECT(topology);
INSPECT_SUBJECT(link);
INSPECT_SUBJECT(partitions);
INSPECT_SUBJECT(mapping);
INSPECT_SUBJECT(doorbells);
INSPECT_SUBJECT(messages);
INSPECT_SUBJECT(events);
INSPECT_SUBJECT(windows);
INSPECT_SUBJECT(stats);
INSPECT_SUBJECT(errors);
INSPECT_SUBJECT(dump);
INSPECT_SUBJECT(raw);

#endif
