/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links: what each port brings to them, and who sees whom (section 10.2).
 */
#include "check.h"

static const struct {
	const char *name, *text;
	size_t offset;
} bits[] = {
	{ "bme", "PCICMD.BME", offsetof(struct inspect_side, bme) },
	{ "cpen", "NTCTL.CPEN", offsetof(struct inspect_side, cpen) },
	{ "mapping_entry", "mapping table entry", offsetof(struct inspect_side, valid) },
	{ "linkup", "SWPORTxSTS.LINKUP", offsetof(struct inspect_side, linkup) },
};

static bool bit(const struct inspect_side *side, size_t b)
{
	bool value;

	memcpy(&value, (const char *)side + bits[b].offset, sizeof(value));
	return value;
}

static void member_print(FILE *out, const struct idtntb_member *member)
{
	if (!member->owner)
		fputs("nobody has attached", out);
	else
		fprintf(out, "owner %u, %s", member->owner, member->up ? "up" : "down");
	fprintf(out, ", generation %u%s", member->generation, member->forced_down ? ", broken on purpose" : "");
}

static void sees_print(FILE *out, const struct idtntb_snapshot *snapshot, const struct inspect_side *self)
{
	struct inspect_side peer;
	const char *comma = "";

	fputs("  sees port:", out);
	for (unsigned s = 0; inspect_has(snapshot, s); s++) {
		inspect_side(&peer, snapshot, s);
		if (s == self->slot || !inspect_sees(self, &peer))
			continue;
		fprintf(out, "%s %u", comma, peer.port);
		comma = ",";
	}
	fputs(*comma ? "\n" : " none\n", out);
}

void inspect_link_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);
	const struct check_condition *why;
	struct inspect_side side;

	for (unsigned s = slots.first; s < slots.end; s++) {
		inspect_side(&side, snapshot, s);
		why = check_side(&side);
		fprintf(out, "port %u: %s%s%s, ", side.port, inspect_color(flags, why ? INSPECT_RED : INSPECT_GREEN),
			why ? "down" : "up", inspect_color(flags, INSPECT_PLAIN));
		member_print(out, &side.member);
		fputc('\n', out);
		for (size_t b = 0; b < sizeof(bits) / sizeof(bits[0]); b++)
			fprintf(out, "  %s: %u\n", bits[b].text, bit(&side, b));
		sees_print(out, snapshot, &side);
		if (why)
			fprintf(out, "  why: %s\n", why->cause ? why->cause : "the mapping table entry is not right");
	}
}

static struct json_object *port_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_object(), *sees = json_object_new_array();
	const struct check_condition *why;
	struct inspect_side self, peer;

	inspect_side(&self, snapshot, slot);
	why = check_side(&self);
	inspect_add(json, "port", inspect_number(self.port));
	inspect_add(json, "up", inspect_bool(!why));
	inspect_add(json, "owner", inspect_number(self.member.owner));
	inspect_add(json, "owner_up", inspect_bool(self.member.up));
	inspect_add(json, "forced_down", inspect_bool(self.member.forced_down));
	inspect_add(json, "generation", inspect_number(self.member.generation));
	for (size_t b = 0; b < sizeof(bits) / sizeof(bits[0]); b++)
		inspect_add(json, bits[b].name, inspect_bool(bit(&self, b)));
	for (unsigned s = 0; inspect_has(snapshot, s); s++) {
		inspect_side(&peer, snapshot, s);
		if (s != slot && inspect_sees(&self, &peer))
			inspect_append(sees, inspect_number(peer.port));
	}
	inspect_add(json, "sees", sees);
	if (why)
		inspect_add(json, "why", inspect_string(why->id));
	return json;
}

struct json_object *inspect_link_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	return inspect_each(snapshot, slot, port_json);
}
