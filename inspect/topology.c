/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The switch as a whole: what it is, its ports as a tree, and who sees whom.
 */
#include "check.h"

static const char *speed_text(unsigned speed)
{
	static const char *const texts[] = { "unknown speed", "2.5 GT/s", "5 GT/s" };

	return texts[speed < 3 ? speed : 0];
}

/* Half degrees, as TMPSTS shows them. */
static uint32_t temperature(const struct idtntb_snapshot *snapshot)
{
	return inspect_field("TMPSTS", "TEMP", inspect_peek(snapshot, 0, "TMPSTS", 0, 0));
}

static void title_print(FILE *out, const struct idtntb_snapshot *snapshot)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(snapshot->sw);

	fprintf(out, "%s (%04x:%04x), %u NT ports", topology->chip->name, IDTNTB_VENDOR_ID, topology->chip->device_id,
		topology->port_count);
}

static unsigned windows_of(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct idtntb_overview overview;

	idtntb_overview(&overview, snapshot, slot);
	return overview.windows;
}

static void holder_print(FILE *out, const struct idtntb_member *member)
{
	if (member->owner)
		fprintf(out, "owner %u, %s%s\n", member->owner, member->up ? "up" : "down",
			member->forced_down ? ", broken on purpose" : "");
	else
		fputs("nobody has attached\n", out);
}

static struct idtntb_member holder(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct idtntb_member member = { 0 };

	idtntb_switch_member(snapshot->sw, inspect_setup(snapshot, slot)->port, &member);
	return member;
}

void inspect_info_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);

	(void)flags;
	if (slot == IDTNTB_SLOT_ALL) {
		title_print(out, snapshot);
		fprintf(out, "\nlibrary %s, temperature %.1f degrees Celsius\n", idtntb_version(),
			temperature(snapshot) / 2.0);
	}
	for (unsigned s = slots.first; s < slots.end; s++) {
		const struct idtntb_port_setup *setup = inspect_setup(snapshot, s);
		const struct idtntb_member member = holder(snapshot, s);

		fprintf(out, "port %u: partition %u, x%u, %s, %u windows, BARSETUP", setup->port, setup->partition,
			setup->link_width, speed_text(setup->link_speed), windows_of(snapshot, s));
		for (unsigned bar = 0; bar < IDTNTB_BARS; bar++)
			fprintf(out, " 0x%08x", setup->barsetup[bar]);
		fputs(": ", out);
		holder_print(out, &member);
	}
}

static struct json_object *port_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	const struct idtntb_port_setup *setup = inspect_setup(snapshot, slot);
	const struct idtntb_member member = holder(snapshot, slot);
	struct json_object *json = json_object_new_object(), *bars = json_object_new_array();

	inspect_add(json, "port", inspect_number(setup->port));
	inspect_add(json, "partition", inspect_number(setup->partition));
	inspect_add(json, "link_width", inspect_number(setup->link_width));
	inspect_add(json, "link_speed", inspect_string(speed_text(setup->link_speed)));
	for (unsigned bar = 0; bar < IDTNTB_BARS; bar++)
		inspect_append(bars, inspect_hex(setup->barsetup[bar]));
	inspect_add(json, "barsetup", bars);
	inspect_add(json, "windows", inspect_number(windows_of(snapshot, slot)));
	inspect_add(json, "owner", inspect_number(member.owner));
	inspect_add(json, "owner_up", inspect_bool(member.up));
	return json;
}

struct json_object *inspect_info_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(snapshot->sw);
	struct json_object *json;

	if (slot != IDTNTB_SLOT_ALL)
		return inspect_each(snapshot, slot, port_json);
	json = json_object_new_object();
	inspect_add(json, "chip", inspect_string(topology->chip->name));
	inspect_add(json, "device_id", inspect_hex(topology->chip->device_id));
	inspect_add(json, "library", inspect_string(idtntb_version()));
	inspect_add(json, "temperature_half_degrees", inspect_number(temperature(snapshot)));
	inspect_add(json, "ports", inspect_each(snapshot, slot, port_json));
	return json;
}

/* ------------------------------------------------------------------ the tree */

/* What keeps `self` from seeing `peer`: its own part first, then the peer's. */
static void pair_print(FILE *out, const struct inspect_side *self, const struct inspect_side *peer, bool last,
		       unsigned flags)
{
	const char *own = check_side_brief(self), *theirs = check_side_brief(peer);
	bool up = inspect_sees(self, peer);

	fprintf(out, "   %s port %u: %s%s%s", last ? "`-" : "|-", peer->port,
		inspect_color(flags, up ? INSPECT_GREEN : INSPECT_RED), up ? "link up" : "link down",
		inspect_color(flags, INSPECT_PLAIN));
	if (!up && own)
		fprintf(out, " (here: %s)", own);
	else if (!up && theirs)
		fprintf(out, " (there: %s)", theirs);
	fputc('\n', out);
}

static void port_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	unsigned last = idtntb_switch_topology(snapshot->sw)->port_count - 1;
	struct inspect_side self, peer;

	inspect_side(&self, snapshot, slot);
	fprintf(out, "%s %sport %u%s, partition %u: ", slot == last ? "`-" : "|-", inspect_color(flags, INSPECT_BOLD),
		self.port, inspect_color(flags, INSPECT_PLAIN), self.partition);
	holder_print(out, &self.member);
	for (unsigned s = 0; s <= last; s++) {
		if (s == slot)
			continue;
		inspect_side(&peer, snapshot, s);
		fputs(slot == last ? " " : "|", out);
		pair_print(out, &self, &peer, s == last || (slot == last && s + 1 == last), flags);
	}
}

void inspect_topology_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	(void)slot;
	title_print(out, snapshot);
	fputc('\n', out);
	for (unsigned s = 0; inspect_has(snapshot, s); s++)
		port_print(out, snapshot, s, flags);
}

/* Pairs; a tree has no use as JSON. */
struct json_object *inspect_topology_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_array();
	struct inspect_side one, other;

	(void)slot;
	for (unsigned s = 0; inspect_has(snapshot, s); s++) {
		inspect_side(&one, snapshot, s);
		for (unsigned p = s + 1; inspect_has(snapshot, p); p++) {
			struct json_object *pair = json_object_new_object();

			inspect_side(&other, snapshot, p);
			inspect_add(pair, "port", inspect_number(one.port));
			inspect_add(pair, "peer", inspect_number(other.port));
			inspect_add(pair, "up", inspect_bool(inspect_sees(&one, &other) && inspect_sees(&other, &one)));
			inspect_append(json, pair);
		}
	}
	return json;
}
