/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages (section 8): what has come in, what could not be sent, and where they are routed.
 */
#include "inspect.h"

/* One register of each direction. */
struct message {
	bool full, masked;
	uint32_t data, source;
	bool failed;
	uint32_t sent; /* OUTMSG: the value sent last */
	uint32_t route; /* SWPkMSGCTLm */
	unsigned partition, reg; /* it names */
	int target; /* slot, or -1 */
};

static struct message message(const struct idtntb_snapshot *snapshot, unsigned slot, unsigned m, uint32_t status,
			      uint32_t mask)
{
	uint32_t route = inspect_peek(snapshot, slot, "SWP%uMSGCTL%u", inspect_setup(snapshot, slot)->partition, m);
	unsigned partition = inspect_field("SWP%uMSGCTL%u", "PART", route);

	return (struct message){
		.full = inspect_field("MSGSTS", "INMSGSTS", status) >> m & 1,
		.masked = inspect_field("MSGSTS", "INMSGSTS", mask) >> m & 1,
		.data = inspect_peek(snapshot, slot, "INMSG%u", m, 0),
		.source = inspect_peek(snapshot, slot, "INMSGSRC%u", m, 0),
		.failed = inspect_field("MSGSTS", "OUTMSGSTS", status) >> m & 1,
		.sent = inspect_peek(snapshot, slot, "OUTMSG%u", m, 0),
		.route = route,
		.partition = partition,
		.reg = inspect_field("SWP%uMSGCTL%u", "REG", route),
		.target = inspect_slot_of_partition(snapshot, partition),
	};
}

static void message_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned m, const struct message *now,
			  unsigned flags)
{
	fprintf(out, "  in %u: %s%s%s, 0x%08x from partition %u%s\n", m,
		inspect_color(flags, now->full ? INSPECT_YELLOW : INSPECT_PLAIN), now->full ? "full" : "empty",
		inspect_color(flags, INSPECT_PLAIN), now->data, now->source, now->masked ? ", interrupt masked" : "");
	fprintf(out, "  out %u: %s%s%s, last 0x%08x, to register %u of partition %u ", m,
		inspect_color(flags, now->failed ? INSPECT_RED : INSPECT_PLAIN), now->failed ? "failed" : "ok",
		inspect_color(flags, INSPECT_PLAIN), now->sent, now->reg, now->partition);
	if (now->target >= 0)
		fprintf(out, "(port %u)\n", inspect_setup(snapshot, (unsigned)now->target)->port);
	else
		fputs("(no NT port)\n", out);
}

void inspect_messages_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);

	for (unsigned s = slots.first; s < slots.end; s++) {
		uint32_t status = inspect_peek(snapshot, s, "MSGSTS", 0, 0);
		uint32_t mask = inspect_peek(snapshot, s, "MSGSTSMSK", 0, 0);

		fprintf(out, "port %u: MSGSTS 0x%08x, MSGSTSMSK 0x%08x\n", inspect_setup(snapshot, s)->port, status,
			mask);
		for (unsigned m = 0; m < IDTNTB_MESSAGES; m++) {
			struct message now = message(snapshot, s, m, status, mask);

			message_print(out, snapshot, m, &now, flags);
		}
	}
}

static struct json_object *message_json(const struct idtntb_snapshot *snapshot, unsigned m, const struct message *now)
{
	struct json_object *json = json_object_new_object();

	inspect_add(json, "register", inspect_number(m));
	inspect_add(json, "in_full", inspect_bool(now->full));
	inspect_add(json, "in_masked", inspect_bool(now->masked));
	inspect_add(json, "in_data", inspect_hex(now->data));
	inspect_add(json, "in_source_partition", inspect_number(now->source));
	inspect_add(json, "out_failed", inspect_bool(now->failed));
	inspect_add(json, "out_data", inspect_hex(now->sent));
	inspect_add(json, "route", inspect_hex(now->route));
	inspect_add(json, "route_partition", inspect_number(now->partition));
	inspect_add(json, "route_register", inspect_number(now->reg));
	if (now->target >= 0)
		inspect_add(json, "route_port", inspect_number(inspect_setup(snapshot, (unsigned)now->target)->port));
	return json;
}

static struct json_object *port_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_object(), *registers = json_object_new_array();
	uint32_t status = inspect_peek(snapshot, slot, "MSGSTS", 0, 0);
	uint32_t mask = inspect_peek(snapshot, slot, "MSGSTSMSK", 0, 0);

	inspect_add(json, "port", inspect_number(inspect_setup(snapshot, slot)->port));
	inspect_add(json, "MSGSTS", inspect_hex(status));
	inspect_add(json, "MSGSTSMSK", inspect_hex(mask));
	for (unsigned m = 0; m < IDTNTB_MESSAGES; m++) {
		struct message now = message(snapshot, slot, m, status, mask);

		inspect_append(registers, message_json(snapshot, m, &now));
	}
	inspect_add(json, "registers", registers);
	return json;
}

struct json_object *inspect_messages_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	return inspect_each(snapshot, slot, port_json);
}
