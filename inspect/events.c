/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts (section 9) and switch events (section 10.1): statuses and the masks that belong to them.
 */
#include "inspect.h"

static const char *const port_registers[] = { "NTINTSTS", "NTINTMSK", "MSICAP", "MSIADDR", "MSIUADDR", "MSIMDATA" };
/* Each status is followed by its mask. */
static const char *const switch_registers[] = {
	"SESTS",     "SEMSK",     "SEPMSK",    "SELINKUPSTS", "SELINKUPMSK", "SELINKDNSTS", "SELINKDNMSK",
	"SEFRSTSTS", "SEFRSTMSK", "SEHRSTSTS", "SEHRSTMSK",   "SEGSIGSTS",   "SEGSIGMSK",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void list_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, const char *const *names,
		       size_t count)
{
	struct idtntb_register_ref ref;

	for (size_t n = 0; n < count; n++) {
		uint32_t value;

		if (!inspect_ref(&ref, snapshot->sw, slot, names[n], 0, 0))
			continue;
		value = idtntb_switch_peek(snapshot->sw, ref.address);
		fprintf(out, "  %-12s 0x%08x", ref.name, value);
		if (ref.reg->fields && value)
			fputs("  ", out);
		inspect_fields_print(out, ref.reg, value, false);
		fputc('\n', out);
	}
}

static void port_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	uint32_t live = inspect_peek(snapshot, slot, "NTINTSTS", 0, 0);
	uint32_t act = live & ~inspect_peek(snapshot, slot, "NTINTMSK", 0, 0);
	struct idtntb_port_stats stats;

	fprintf(out, "port %u: %s%s%s\n", inspect_setup(snapshot, slot)->port,
		inspect_color(flags, act ? INSPECT_YELLOW : INSPECT_PLAIN),
		act    ? "interrupt pending"
		: live ? "only masked conditions"
		       : "nothing pending",
		inspect_color(flags, INSPECT_PLAIN));
	list_print(out, snapshot, slot, port_registers, COUNT(port_registers));
	if (snapshot->counters[slot]) {
		idtntb_counters_stats(snapshot->counters[slot], &stats);
		fprintf(out, "  interrupts raised: %llu\n", (unsigned long long)stats.interrupts);
	}
}

void inspect_events_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);

	for (unsigned s = slots.first; s < slots.end; s++)
		port_print(out, snapshot, s, flags);
	if (slot == IDTNTB_SLOT_ALL) {
		fputs("switch:\n", out);
		list_print(out, snapshot, slot, switch_registers, COUNT(switch_registers));
	}
}

static void list_add(struct json_object *to, const struct idtntb_snapshot *snapshot, unsigned slot,
		     const char *const *names, size_t count)
{
	for (size_t n = 0; n < count; n++)
		inspect_add(to, names[n], inspect_hex(inspect_peek(snapshot, slot, names[n], 0, 0)));
}

static struct json_object *port_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_object();
	struct idtntb_port_stats stats;

	inspect_add(json, "port", inspect_number(inspect_setup(snapshot, slot)->port));
	list_add(json, snapshot, slot, port_registers, COUNT(port_registers));
	if (snapshot->counters[slot]) {
		idtntb_counters_stats(snapshot->counters[slot], &stats);
		inspect_add(json, "interrupts", inspect_number(stats.interrupts));
	}
	return json;
}

struct json_object *inspect_events_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json, *global;

	if (slot != IDTNTB_SLOT_ALL)
		return inspect_each(snapshot, slot, port_json);
	json = json_object_new_object();
	global = json_object_new_object();
	list_add(global, snapshot, 0, switch_registers, COUNT(switch_registers));
	inspect_add(json, "switch", global);
	inspect_add(json, "ports", inspect_each(snapshot, slot, port_json));
	return json;
}
