/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What has gone through the ports, as their owners count it, and the guest errors they keep.
 */
#include "inspect.h"

/* The sums, with the name each has in text and JSON. */
static const struct {
	const char *name;
	size_t offset;
} sums[] = {
	{ "register_reads", offsetof(struct idtntb_port_stats, register_reads) },
	{ "register_writes", offsetof(struct idtntb_port_stats, register_writes) },
	{ "window_reads", offsetof(struct idtntb_port_stats, window_reads) },
	{ "window_writes", offsetof(struct idtntb_port_stats, window_writes) },
	{ "window_refused", offsetof(struct idtntb_port_stats, window_refused) },
	{ "interrupts", offsetof(struct idtntb_port_stats, interrupts) },
	{ "guest_errors", offsetof(struct idtntb_port_stats, guest_errors) },
};

#define SUMS (sizeof(sums) / sizeof(sums[0]))

static uint64_t sum(const struct idtntb_port_stats *stats, size_t s)
{
	uint64_t value;

	memcpy(&value, (const char *)stats + sums[s].offset, sizeof(value));
	return value;
}

/* "SWP*MSGCTL*": counts are of all instances together. */
static void row_name(const struct idtntb_register *reg, char name[48])
{
	size_t at = 0;

	for (const char *c = reg->name; *c && at < 47; c++) {
		if (c[0] == '%' && c[1] == 'u')
			c++;
		name[at++] = *c == 'u' && c > reg->name && c[-1] == '%' ? '*' : *c;
	}
	name[at] = '\0';
}

static void registers_print(FILE *out, const void *counters)
{
	const struct idtntb_register *reg;
	struct idtntb_register_counts counts;
	char name[48];

	for (unsigned row = 0; (reg = idtntb_register_get(row)); row++) {
		idtntb_counters_register(counters, row, &counts);
		if (!counts.reads && !counts.writes)
			continue;
		row_name(reg, name);
		fprintf(out, "  %-16s %llu reads, %llu writes\n", name, (unsigned long long)counts.reads,
			(unsigned long long)counts.writes);
	}
}

static void windows_print(FILE *out, const void *counters)
{
	struct idtntb_window_counts counts;

	for (unsigned w = 0; w < IDTNTB_WINDOWS; w++) {
		idtntb_counters_window(counters, w, &counts);
		if (!counts.reads && !counts.writes && !counts.refused)
			continue;
		fprintf(out, "  window BAR%u.%u: %llu reads (%llu bytes), %llu writes (%llu bytes)",
			w / IDTNTB_LUT_ENTRIES, w % IDTNTB_LUT_ENTRIES, (unsigned long long)counts.reads,
			(unsigned long long)counts.read_bytes, (unsigned long long)counts.writes,
			(unsigned long long)counts.written_bytes);
		if (counts.refused)
			fprintf(out, ", %llu refused (%s)", (unsigned long long)counts.refused,
				idtntb_window_state_text(counts.refusal));
		fputc('\n', out);
	}
}

void inspect_stats_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);

	(void)flags;
	for (unsigned s = slots.first; s < slots.end; s++) {
		const void *counters = snapshot->counters[s];
		struct idtntb_inbound_counts inbound;
		struct idtntb_port_stats stats;

		fprintf(out, "port %u:%s\n", inspect_setup(snapshot, s)->port, counters ? "" : " nothing is counted");
		if (!counters)
			continue;
		idtntb_counters_stats(counters, &stats);
		for (size_t n = 0; n < SUMS; n++)
			fprintf(out, "  %-16s %llu\n", sums[n].name, (unsigned long long)sum(&stats, n));
		idtntb_counters_inbound(counters, &inbound);
		fprintf(out, "  %-16s %llu\n", "inbound_refused", (unsigned long long)inbound.refused);
		windows_print(out, counters);
		registers_print(out, counters);
	}
}

static struct json_object *registers_json(const void *counters)
{
	struct json_object *json = json_object_new_object();
	const struct idtntb_register *reg;
	struct idtntb_register_counts counts;
	char name[48];

	for (unsigned row = 0; (reg = idtntb_register_get(row)); row++) {
		struct json_object *one;

		idtntb_counters_register(counters, row, &counts);
		if (!counts.reads && !counts.writes)
			continue;
		row_name(reg, name);
		one = json_object_new_object();
		inspect_add(one, "reads", inspect_number(counts.reads));
		inspect_add(one, "writes", inspect_number(counts.writes));
		inspect_add(json, name, one);
	}
	return json;
}

static struct json_object *port_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_object();
	const void *counters = snapshot->counters[slot];
	struct idtntb_inbound_counts inbound;
	struct idtntb_port_stats stats;

	inspect_add(json, "port", inspect_number(inspect_setup(snapshot, slot)->port));
	if (!counters)
		return json;
	idtntb_counters_stats(counters, &stats);
	for (size_t n = 0; n < SUMS; n++)
		inspect_add(json, sums[n].name, inspect_number(sum(&stats, n)));
	idtntb_counters_inbound(counters, &inbound);
	inspect_add(json, "inbound_refused", inspect_number(inbound.refused));
	inspect_add(json, "registers", registers_json(counters));
	return json;
}

struct json_object *inspect_stats_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	return inspect_each(snapshot, slot, port_json);
}

/* ------------------------------------------------------------------ guest errors */

#define ERRORS_MAX 64u /* more than an owner keeps, so that nothing read from memory makes it endless */

static bool error_get(const struct idtntb_snapshot *snapshot, unsigned slot, unsigned index,
		      struct idtntb_guest_error *error)
{
	return snapshot->counters[slot] && index < ERRORS_MAX &&
	       idtntb_counters_guest_error(snapshot->counters[slot], index, error);
}

void inspect_errors_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);
	struct idtntb_guest_error error;

	(void)flags;
	for (unsigned s = slots.first; s < slots.end; s++) {
		for (unsigned e = 0; error_get(snapshot, s, e, &error); e++)
			fprintf(out, "port %u: %llu: %s\n", inspect_setup(snapshot, s)->port,
				(unsigned long long)error.number, error.text);
	}
}

struct json_object *inspect_errors_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);
	struct json_object *json = json_object_new_array();
	struct idtntb_guest_error error;

	for (unsigned s = slots.first; s < slots.end; s++) {
		for (unsigned e = 0; error_get(snapshot, s, e, &error); e++) {
			struct json_object *one = json_object_new_object();

			inspect_add(one, "port", inspect_number(inspect_setup(snapshot, s)->port));
			inspect_add(one, "number", inspect_number(error.number));
			inspect_add(one, "text", inspect_string(error.text));
			inspect_append(json, one);
		}
	}
	return json;
}
