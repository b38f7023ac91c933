/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dumps: every register of a port and of the switch, decoded or raw, and what lies behind cursors.
 */
#include "inspect.h"

/* A register as one moment saw it. */
struct reading {
	uint32_t value, reset;
};

static struct reading reading(const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref)
{
	return (struct reading){ idtntb_switch_peek(snapshot->sw, ref->address),
				 idtntb_switch_reset_value(snapshot->sw, ref->address) };
}

static void line_print(FILE *out, const struct idtntb_register_ref *ref, const struct reading *now, unsigned flags)
{
	bool changed = now->value != now->reset;

	fprintf(out, "%s%c 0x%05x %-14s 0x%08x%s", inspect_color(flags, changed ? INSPECT_BOLD : INSPECT_PLAIN),
		changed ? '*' : ' ', ref->address, ref->name, now->value, inspect_color(flags, INSPECT_PLAIN));
	if (ref->reg->fields && now->value) {
		fputs("  ", out);
		inspect_fields_print(out, ref->reg, now->value, false);
	}
	fputc('\n', out);
}

void idtntb_register_print_line(FILE *out, const struct idtntb_snapshot *snapshot,
				const struct idtntb_register_ref *ref, unsigned flags)
{
	struct reading now = reading(snapshot, ref);

	line_print(out, ref, &now, flags);
}

struct json_object *idtntb_register_json(const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref)
{
	struct json_object *json = json_object_new_object(), *fields;
	struct reading now = reading(snapshot, ref);

	inspect_add(json, "name", inspect_string(ref->name));
	inspect_add(json, "address", inspect_hex(ref->address));
	if (ref->slot != IDTNTB_SLOT_ALL)
		inspect_add(json, "port", inspect_number(inspect_setup(snapshot, ref->slot)->port));
	inspect_add(json, "value", inspect_hex(now.value));
	inspect_add(json, "reset", inspect_hex(now.reset));
	inspect_add(json, "brief", inspect_string(ref->reg->brief));
	if (ref->reg->fields) {
		fields = json_object_new_object();
		for (const struct idtntb_field *f = ref->reg->fields; f->name; f++)
			inspect_add(fields, f->name, inspect_number(inspect_field_get(f, now.value)));
		inspect_add(json, "fields", fields);
	}
	return json;
}

static void registers_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct idtntb_register_ref ref;

	memset(&ref, 0, sizeof(ref));
	while (idtntb_register_next(&ref, snapshot->sw, slot)) {
		struct reading now = reading(snapshot, &ref);

		if ((flags & IDTNTB_PRINT_ALL) || now.value != now.reset)
			line_print(out, &ref, &now, flags);
	}
}

static void heading(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags, const char *what)
{
	fputs(inspect_color(flags, INSPECT_BOLD), out);
	if (slot == IDTNTB_SLOT_ALL)
		fprintf(out, "# switch: %s", what);
	else
		fprintf(out, "# port %u: %s", inspect_setup(snapshot, slot)->port, what);
	fprintf(out, "%s\n", inspect_color(flags, INSPECT_PLAIN));
}

static void port_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	heading(out, snapshot, slot, flags, "registers ('*' is not the reset value)");
	registers_print(out, snapshot, slot, flags);
	heading(out, snapshot, slot, flags, "windows");
	inspect_windows_print(out, snapshot, slot, flags);
}

void inspect_dump_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);

	if (slot == IDTNTB_SLOT_ALL) {
		heading(out, snapshot, slot, flags, idtntb_switch_topology(snapshot->sw)->chip->name);
		registers_print(out, snapshot, slot, flags);
		heading(out, snapshot, slot, flags, "mapping table");
		inspect_mapping_print(out, snapshot, slot, flags);
	}
	for (unsigned s = slots.first; s < slots.end; s++)
		port_print(out, snapshot, s, flags);
}

#define RAW_DWORDS ((IDTNTB_GAS_SIZE - INSPECT_GAS_SWITCH) / 4) /* of the larger space, that of the switch */

/* By address, not in the table's order. `first` is the global address where the space begins. */
static void raw_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, uint32_t first)
{
	bool there[RAW_DWORDS] = { false };
	struct idtntb_register_ref ref;

	memset(&ref, 0, sizeof(ref));
	while (idtntb_register_next(&ref, snapshot->sw, slot))
		there[(ref.address - first) / 4] = true;
	for (uint32_t d = 0; d < RAW_DWORDS; d++) {
		if (there[d])
			fprintf(out, "0x%05x: 0x%08x\n", first + 4 * d,
				idtntb_switch_peek(snapshot->sw, first + 4 * d));
	}
}

void inspect_raw_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);

	(void)flags;
	for (unsigned port = 0; port < IDTNTB_PORT_NUMBERS; port++) {
		int s = idtntb_switch_slot(snapshot->sw, port);

		if (s >= (int)slots.first && s < (int)slots.end)
			raw_print(out, snapshot, (unsigned)s, inspect_nt_address(port));
	}
	if (slot == IDTNTB_SLOT_ALL)
		raw_print(out, snapshot, slot, INSPECT_GAS_SWITCH);
}

/* One walk for both forms: what is made of a register goes in by `add`. */
static void walk_json(struct json_object *to, const struct idtntb_snapshot *snapshot, unsigned slot,
		      void (*add)(struct json_object *to, const struct idtntb_snapshot *snapshot,
				  const struct idtntb_register_ref *ref))
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);
	struct idtntb_register_ref ref;

	for (unsigned s = slots.first; s < slots.end; s++) {
		memset(&ref, 0, sizeof(ref));
		while (idtntb_register_next(&ref, snapshot->sw, s))
			add(to, snapshot, &ref);
	}
	memset(&ref, 0, sizeof(ref));
	while (slot == IDTNTB_SLOT_ALL && idtntb_register_next(&ref, snapshot->sw, slot))
		add(to, snapshot, &ref);
}

static void decoded_add(struct json_object *to, const struct idtntb_snapshot *snapshot,
			const struct idtntb_register_ref *ref)
{
	inspect_append(to, idtntb_register_json(snapshot, ref));
}

static void raw_add(struct json_object *to, const struct idtntb_snapshot *snapshot,
		    const struct idtntb_register_ref *ref)
{
	char address[16];

	snprintf(address, sizeof(address), "0x%05x", ref->address);
	inspect_add(to, address, inspect_hex(idtntb_switch_peek(snapshot->sw, ref->address)));
}

struct json_object *inspect_dump_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_array();

	walk_json(json, snapshot, slot, decoded_add);
	return json;
}

struct json_object *inspect_raw_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_object();

	walk_json(json, snapshot, slot, raw_add);
	return json;
}
