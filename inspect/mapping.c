/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The NT mapping table (section 5) and the partitions whose requests it admits.
 */
#include "inspect.h"

#define FIELD(entry, name) inspect_field("NTMTBLDATA", name, entry)

static void entry_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned index, uint32_t entry,
			unsigned flags)
{
	unsigned partition = FIELD(entry, "PART");
	int slot = inspect_slot_of_partition(snapshot, partition);
	bool valid = FIELD(entry, "VALID");

	fprintf(out, "%2u: 0x%08x  %s%s%s", index, entry, inspect_color(flags, valid ? INSPECT_GREEN : INSPECT_RED),
		valid ? "valid" : "not valid", inspect_color(flags, INSPECT_PLAIN));
	fprintf(out, ", requester %02x:%02x.%u of partition %u", FIELD(entry, "BUS"), FIELD(entry, "DEV"),
		FIELD(entry, "FUNC"), partition);
	if (slot >= 0)
		fprintf(out, " (port %u)\n", inspect_setup(snapshot, (unsigned)slot)->port);
	else
		fputs(" (no NT port)\n", out);
}

/* Linux gives entry k to partition k: those of ports are told though they are 0. */
static bool is_told(const struct idtntb_snapshot *snapshot, unsigned index, uint32_t entry, unsigned flags)
{
	return entry || (flags & IDTNTB_PRINT_ALL) ||
	       (index < IDTNTB_PARTITIONS && inspect_slot_of_partition(snapshot, index) >= 0);
}

void inspect_mapping_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	(void)slot;
	for (unsigned index = 0; index < IDTNTB_MTBL_ENTRIES; index++) {
		uint32_t entry = idtntb_switch_mapping(snapshot->sw, index);

		if (is_told(snapshot, index, entry, flags))
			entry_print(out, snapshot, index, entry, flags);
	}
}

struct json_object *inspect_mapping_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_array();

	(void)slot;
	for (unsigned index = 0; index < IDTNTB_MTBL_ENTRIES; index++) {
		uint32_t entry = idtntb_switch_mapping(snapshot->sw, index);
		struct json_object *one;

		if (!is_told(snapshot, index, entry, 0))
			continue;
		one = json_object_new_object();
		inspect_add(one, "index", inspect_number(index));
		inspect_add(one, "value", inspect_hex(entry));
		inspect_add(one, "valid", inspect_bool(FIELD(entry, "VALID")));
		inspect_add(one, "partition", inspect_number(FIELD(entry, "PART")));
		inspect_add(one, "bus", inspect_number(FIELD(entry, "BUS")));
		inspect_add(one, "device", inspect_number(FIELD(entry, "DEV")));
		inspect_add(one, "function", inspect_number(FIELD(entry, "FUNC")));
		inspect_append(json, one);
	}
	return json;
}

/* ------------------------------------------------------------------ partitions */

static const char *state_text(uint32_t state)
{
	static const char *const texts[4] = { "disabled", "active", "state 2", "reset" };

	return texts[state & 3];
}

void inspect_partitions_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	(void)slot;
	for (unsigned k = 0; k < IDTNTB_PARTITIONS; k++) {
		uint32_t status = inspect_peek(snapshot, 0, "SWPART%uSTS", k, 0);
		int holder = inspect_slot_of_partition(snapshot, k);

		if (holder < 0 && !(flags & IDTNTB_PRINT_ALL))
			continue;
		fprintf(out, "partition %u: %s", k, state_text(inspect_field("SWPART%uSTS", "STATE", status)));
		if (holder < 0)
			fputs(", no NT port", out);
		else
			fprintf(out, ", NT port %u, mapping table entry %s",
				inspect_setup(snapshot, (unsigned)holder)->port,
				FIELD(idtntb_switch_mapping(snapshot->sw, k), "VALID") ? "valid" : "not valid");
		fprintf(out, ", SWPART%uSTS 0x%08x\n", k, status);
	}
}

struct json_object *inspect_partitions_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_array();

	(void)slot;
	for (unsigned k = 0; k < IDTNTB_PARTITIONS; k++) {
		struct json_object *one = json_object_new_object();
		uint32_t status = inspect_peek(snapshot, 0, "SWPART%uSTS", k, 0);
		int holder = inspect_slot_of_partition(snapshot, k);

		inspect_add(one, "partition", inspect_number(k));
		inspect_add(one, "state", inspect_string(state_text(inspect_field("SWPART%uSTS", "STATE", status))));
		inspect_add(one, "status", inspect_hex(status));
		if (holder >= 0)
			inspect_add(one, "port", inspect_number(inspect_setup(snapshot, (unsigned)holder)->port));
		inspect_append(json, one);
	}
	return json;
}
