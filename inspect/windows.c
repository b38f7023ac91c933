/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory windows (section 6): where each leads, whether it is open, and what has gone through it.
 */
#include "inspect.h"

static uint64_t pair(const struct idtntb_snapshot *snapshot, unsigned slot, const char *name, unsigned bar, bool wide)
{
	uint64_t value = inspect_peek(snapshot, slot, name, bar, 0);

	return wide ? value | (uint64_t)inspect_peek(snapshot, slot, name, bar + 1, 0) << 32 : value;
}

static void direct_fill(struct inspect_window *window, const struct idtntb_snapshot *snapshot, bool wide)
{
	unsigned bar = window->info.bar;

	window->words[0] = inspect_peek(snapshot, window->slot, "BARLTBASE%u", bar, 0);
	window->words[1] = inspect_peek(snapshot, window->slot, "BARUTBASE%u", bar, 0);
	window->limit = pair(snapshot, window->slot, "BARLIMIT%u", bar, wide);
	window->partition = inspect_field("BARSETUP%u", "TPART", window->setup);
}

bool inspect_window(struct inspect_window *window, const struct idtntb_snapshot *snapshot, unsigned slot,
		    unsigned number)
{
	bool wide;

	memset(window, 0, sizeof(*window));
	if (!inspect_has(snapshot, slot) ||
	    idtntb_switch_window(snapshot->sw, inspect_setup(snapshot, slot)->port, number, &window->info))
		return false;
	window->slot = slot;
	window->number = number;
	window->setup = inspect_peek(snapshot, slot, "BARSETUP%u", window->info.bar, 0);
	wide = inspect_field("BARSETUP%u", "TYPE", window->setup) == 2;
	window->lut = inspect_field("BARSETUP%u", "ATRAN", window->setup) &&
		      !idtntb_switch_lut(snapshot->sw, inspect_setup(snapshot, slot)->port, window->info.bar,
					 window->info.entry, window->words);
	if (window->lut)
		window->partition = inspect_field("LUTUDATA", "PART", window->words[2]);
	else
		direct_fill(window, snapshot, wide);
	window->address = (uint64_t)window->words[1] << 32 | window->words[0];
	window->start = (pair(snapshot, slot, "BAR%u", window->info.bar, wide) & ~0xFull) + window->info.offset;
	if (snapshot->counters[slot]) {
		window->counted = true;
		idtntb_counters_window(snapshot->counters[slot], number, &window->counts);
	}
	return true;
}

bool inspect_window_wanted(const struct inspect_window *window)
{
	return window->words[0] || window->words[1] || window->words[2] || window->limit || window->counts.refused;
}

int idtntb_window_of_mw(const struct idtntb_snapshot *snapshot, unsigned slot, unsigned mw)
{
	struct idtntb_window info;

	for (unsigned w = 0; inspect_has(snapshot, slot) && w < IDTNTB_WINDOWS; w++) {
		if (!idtntb_switch_window(snapshot->sw, inspect_setup(snapshot, slot)->port, w, &info) && !mw--)
			return (int)w;
	}
	return -1;
}

/* How accesses reach the target. */
static const char *way(const struct inspect_window *window)
{
	if (window->info.state != IDTNTB_WINDOW_OPEN)
		return "closed";
	if (!window->counted)
		return "unknown";
	return window->counts.mapped ? "mapped" : "by copy";
}

static void target_print(FILE *out, const struct idtntb_snapshot *snapshot, const struct inspect_window *window)
{
	int slot = inspect_slot_of_partition(snapshot, window->partition);

	fprintf(out, "partition %u ", window->partition);
	if (slot >= 0)
		fprintf(out, "(port %u)", inspect_setup(snapshot, (unsigned)slot)->port);
	else
		fputs("(no NT port)", out);
}

static const char *state_text(const struct inspect_window *window)
{
	return window->info.state == IDTNTB_WINDOW_OPEN && !window->info.readable
		       ? "open for writes, but NTCTL.CPEN is 0: reads give all ones"
		       : idtntb_window_state_text(window->info.state);
}

void idtntb_window_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned number)
{
	struct inspect_window window;
	char size[INSPECT_SIZE];

	if (!inspect_window(&window, snapshot, slot, number))
		return;
	fprintf(out, "type: %s\nBAR: %u\nentry: %u\n", window.lut ? "lookup table" : "direct", window.info.bar,
		window.info.entry);
	fprintf(out, "size: %s\nbus address: 0x%llx\ntarget: ", inspect_size(window.info.size, size),
		(unsigned long long)window.start);
	target_print(out, snapshot, &window);
	fprintf(out, "\naddress: 0x%llx\n", (unsigned long long)window.address);
	if (window.lut)
		fprintf(out, "words: LUTLDATA 0x%08x, LUTMDATA 0x%08x, LUTUDATA 0x%08x\n", window.words[0],
			window.words[1], window.words[2]);
	else
		fprintf(out, "limit: 0x%llx\n", (unsigned long long)window.limit);
	fprintf(out, "state: %s\naccesses: %s\n", state_text(&window), way(&window));
	if (window.info.state == IDTNTB_WINDOW_OPEN)
		fprintf(out, "length: %s\n", inspect_size(window.info.length, size));
	if (!window.counted)
		return;
	fprintf(out, "reads by copy: %llu, %llu bytes\n", (unsigned long long)window.counts.reads,
		(unsigned long long)window.counts.read_bytes);
	fprintf(out, "writes by copy: %llu, %llu bytes\n", (unsigned long long)window.counts.writes,
		(unsigned long long)window.counts.written_bytes);
	fprintf(out, "refused: %llu", (unsigned long long)window.counts.refused);
	if (window.counts.refused)
		fprintf(out, ", the last at offset 0x%llx: %s", (unsigned long long)window.counts.refused_offset,
			idtntb_window_state_text(window.counts.refusal));
	fputc('\n', out);
}

struct json_object *idtntb_window_json(const struct idtntb_snapshot *snapshot, unsigned slot, unsigned number)
{
	struct json_object *json;
	struct inspect_window window;
	int target;

	if (!inspect_window(&window, snapshot, slot, number))
		return NULL;
	json = json_object_new_object();
	target = inspect_slot_of_partition(snapshot, window.partition);
	inspect_add(json, "bar", inspect_number(window.info.bar));
	inspect_add(json, "entry", inspect_number(window.info.entry));
	inspect_add(json, "type", inspect_string(window.lut ? "lut" : "direct"));
	inspect_add(json, "size", inspect_number(window.info.size));
	inspect_add(json, "bus_address", inspect_hex64(window.start));
	inspect_add(json, "state", inspect_string(idtntb_window_state_text(window.info.state)));
	inspect_add(json, "open", inspect_bool(window.info.state == IDTNTB_WINDOW_OPEN));
	inspect_add(json, "readable", inspect_bool(window.info.readable));
	inspect_add(json, "accesses", inspect_string(way(&window)));
	inspect_add(json, "partition", inspect_number(window.partition));
	if (target >= 0)
		inspect_add(json, "target_port", inspect_number(inspect_setup(snapshot, (unsigned)target)->port));
	inspect_add(json, "address", inspect_hex64(window.address));
	inspect_add(json, "length", inspect_number(window.info.state == IDTNTB_WINDOW_OPEN ? window.info.length : 0));
	if (!window.counted)
		return json;
	inspect_add(json, "reads", inspect_number(window.counts.reads));
	inspect_add(json, "read_bytes", inspect_number(window.counts.read_bytes));
	inspect_add(json, "writes", inspect_number(window.counts.writes));
	inspect_add(json, "written_bytes", inspect_number(window.counts.written_bytes));
	inspect_add(json, "refused", inspect_number(window.counts.refused));
	if (window.counts.refused)
		inspect_add(json, "refusal", inspect_string(idtntb_window_state_text(window.counts.refusal)));
	return json;
}

/* ------------------------------------------------------------------ all of a port */

static void line_print(FILE *out, const struct idtntb_snapshot *snapshot, const struct inspect_window *window,
		       unsigned mw, unsigned flags)
{
	bool open = window->info.state == IDTNTB_WINDOW_OPEN;
	char size[INSPECT_SIZE];

	fprintf(out, "  mw%u BAR%u.%u %s, %s: %s%s%s", mw, window->info.bar, window->info.entry,
		window->lut ? "lut" : "direct", inspect_size(window->info.size, size),
		inspect_color(flags, open ? INSPECT_GREEN : INSPECT_DIM), state_text(window),
		inspect_color(flags, INSPECT_PLAIN));
	if (inspect_window_wanted(window)) {
		fputs(", to ", out);
		target_print(out, snapshot, window);
		fprintf(out, " at 0x%llx", (unsigned long long)window->address);
	}
	if (open)
		fprintf(out, ", %s, %s", inspect_size(window->info.length, size), way(window));
	if (window->counts.refused)
		fprintf(out, ", %llu refused (%s)", (unsigned long long)window->counts.refused,
			idtntb_window_state_text(window->counts.refusal));
	fputc('\n', out);
}

static void port_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	unsigned mw = 0, idle = 0;
	struct inspect_window window;

	fprintf(out, "port %u:\n", inspect_setup(snapshot, slot)->port);
	for (unsigned w = 0; w < IDTNTB_WINDOWS; w++) {
		if (!inspect_window(&window, snapshot, slot, w))
			continue;
		if ((flags & IDTNTB_PRINT_ALL) || inspect_window_wanted(&window))
			line_print(out, snapshot, &window, mw, flags);
		else
			idle++;
		mw++;
	}
	if (idle)
		fprintf(out, "  %u windows are not set up\n", idle);
}

void inspect_windows_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags)
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);

	for (unsigned s = slots.first; s < slots.end; s++)
		port_print(out, snapshot, s, flags);
}

static struct json_object *port_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_object(), *windows = json_object_new_array();

	for (unsigned w = 0; w < IDTNTB_WINDOWS; w++) {
		struct json_object *one = idtntb_window_json(snapshot, slot, w);

		if (one)
			inspect_append(windows, one);
	}
	inspect_add(json, "port", inspect_number(inspect_setup(snapshot, slot)->port));
	inspect_add(json, "windows", windows);
	return json;
}

struct json_object *inspect_windows_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	return inspect_each(snapshot, slot, port_json);
}
