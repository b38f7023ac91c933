/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers of a switch by name and by what is typed; everything about them from the table.
 */
#include "inspect.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

/* Fill a reference to instance (i, j) of a row. */
static void ref_fill(struct idtntb_register_ref *ref, const struct idtntb_switch *sw, unsigned slot, unsigned row,
		     unsigned i, unsigned j)
{
	const struct idtntb_register *reg = idtntb_register_get(row);
	bool of_port = reg->space == IDTNTB_SPACE_NT;

	*ref = (struct idtntb_register_ref){ .reg = reg, .row = row, .slot = of_port ? slot : IDTNTB_SLOT_ALL };
	ref->i = i;
	ref->j = j;
	ref->address = idtntb_register_address(reg, i, j);
	if (of_port)
		ref->address += inspect_nt_address(idtntb_switch_topology(sw)->ports[slot].port);
	idtntb_register_name(reg, i, j, ref->name, sizeof(ref->name));
}

static bool is_listed(const struct idtntb_register *reg, unsigned slot)
{
	return reg->status != IDTNTB_STATUS_ABSENT &&
	       reg->space == (slot == IDTNTB_SLOT_ALL ? IDTNTB_SPACE_SWITCH : IDTNTB_SPACE_NT);
}

bool idtntb_register_next(struct idtntb_register_ref *ref, const struct idtntb_switch *sw, unsigned slot)
{
	unsigned row = 0, i = 0, j = 0;

	if (slot != IDTNTB_SLOT_ALL && slot >= idtntb_switch_topology(sw)->port_count)
		return false;
	if (ref->reg) {
		row = ref->row;
		i = ref->i;
		j = ref->j + 1;
		if (j >= ref->reg->count[1]) {
			j = 0;
			i++;
		}
		if (i >= ref->reg->count[0]) {
			i = 0;
			row++;
		}
	}
	for (const struct idtntb_register *reg; (reg = idtntb_register_get(row)); row++) {
		if (is_listed(reg, slot)) {
			ref_fill(ref, sw, slot, row, i, j);
			return true;
		}
	}
	return false;
}

static const struct idtntb_register *row_find(const char *name, unsigned *row)
{
	const struct idtntb_register *reg;

	for (*row = 0; (reg = idtntb_register_get(*row)); ++*row) {
		if (!strcmp(reg->name, name))
			return reg;
	}
	return NULL;
}

bool inspect_ref(struct idtntb_register_ref *ref, const struct idtntb_switch *sw, unsigned slot, const char *name,
		 unsigned i, unsigned j)
{
	unsigned row;
	const struct idtntb_register *reg = row_find(name, &row);

	if (!reg || i >= reg->count[0] || j >= reg->count[1] ||
	    (reg->space == IDTNTB_SPACE_NT && slot >= idtntb_switch_topology(sw)->port_count))
		return false;
	ref_fill(ref, sw, slot, row, i, j);
	return true;
}

uint32_t inspect_peek(const struct idtntb_snapshot *snapshot, unsigned slot, const char *name, unsigned i, unsigned j)
{
	struct idtntb_register_ref ref;

	return inspect_ref(&ref, snapshot->sw, slot, name, i, j) ? idtntb_switch_peek(snapshot->sw, ref.address) : 0;
}

uint32_t inspect_field(const char *name, const char *field, uint32_t value)
{
	unsigned row;
	const struct idtntb_register *reg = row_find(name, &row);

	for (const struct idtntb_field *f = reg ? reg->fields : NULL; f && f->name; f++) {
		if (!strcmp(f->name, field))
			return inspect_field_get(f, value);
	}
	return 0;
}

struct idtntb_register_counts inspect_counts(const struct idtntb_snapshot *snapshot, unsigned slot, const char *name)
{
	struct idtntb_register_counts counts = { 0 };
	unsigned row;

	if (snapshot->counters[slot] && row_find(name, &row))
		idtntb_counters_register(snapshot->counters[slot], row, &counts);
	return counts;
}

/* ------------------------------------------------------------------ what is typed */

static int parse_address(struct idtntb_register_ref *ref, const struct idtntb_switch *sw, int slot, uint64_t address,
			 struct idtntb_error *error)
{
	enum idtntb_space space = slot >= 0 ? IDTNTB_SPACE_NT : IDTNTB_SPACE_SWITCH;
	const struct idtntb_register *reg = NULL;
	unsigned instance[2] = { 0, 0 }, row;

	/* A global address may name the NT function of a port. */
	for (unsigned s = 0; slot < 0 && s < idtntb_switch_topology(sw)->port_count; s++) {
		uint32_t base = inspect_nt_address(idtntb_switch_topology(sw)->ports[s].port);

		if (address >= base && address - base < IDTNTB_NT_SIZE) {
			space = IDTNTB_SPACE_NT;
			slot = (int)s;
			address -= base;
		}
	}
	if (address < IDTNTB_GAS_SIZE && !(address & 3))
		reg = idtntb_register_find(space, (uint32_t)address, instance);
	if (!reg || reg->status == IDTNTB_STATUS_ABSENT || !row_find(reg->name, &row)) {
		if (error)
			snprintf(error->text, sizeof(error->text),
				 "no register at 0x%llx: a multiple of 4, as in 0:0x400 (NT function of port 0) or "
				 "0x3E204 (global), would be right",
				 (unsigned long long)address);
		return -EINVAL;
	}
	ref_fill(ref, sw, (unsigned)slot, row, instance[0], instance[1]);
	return 0;
}

static int parse_name(struct idtntb_register_ref *ref, const struct idtntb_switch *sw, int slot, const char *name,
		      struct idtntb_error *error)
{
	const char *elsewhere = "";
	struct idtntb_register_ref at;

	memset(&at, 0, sizeof(at));
	while (idtntb_register_next(&at, sw, slot < 0 ? IDTNTB_SLOT_ALL : (unsigned)slot)) {
		if (!strcasecmp(at.name, name)) {
			*ref = at;
			return 0;
		}
	}
	memset(&at, 0, sizeof(at));
	while (!*elsewhere && idtntb_register_next(&at, sw, slot < 0 ? 0 : IDTNTB_SLOT_ALL)) {
		if (!strcasecmp(at.name, name))
			elsewhere = slot < 0 ? "it is one of a port, so PORT:NAME would be right"
					     : "it is one of the switch, so NAME without a port would be right";
	}
	if (error)
		snprintf(error->text, sizeof(error->text), "no register \"%.40s\" %s: %s", name,
			 slot < 0 ? "of the switch" : "of a port",
			 *elsewhere ? elsewhere
			 : slot < 0 ? "a name such as SWPORT0STS would be right"
				    : "a name such as NTCTL would be right");
	return -EINVAL;
}

int idtntb_register_parse(struct idtntb_register_ref *ref, const struct idtntb_switch *sw, const char *text,
			  struct idtntb_error *error)
{
	const char *name = strchr(text, ':');
	unsigned long long number;
	int slot = -1;
	char *end;

	if (name) {
		number = strtoull(text, &end, 10);
		slot = end == name && isdigit((unsigned char)*text) && number < IDTNTB_PORT_NUMBERS
			       ? idtntb_switch_slot(sw, (unsigned)number)
			       : -1;
		if (slot < 0) {
			if (error)
				snprintf(error->text, sizeof(error->text),
					 "\"%.*s\" is no NT port of this switch: a port number as in %u:NTCTL would be "
					 "right",
					 name - text > 40 ? 40 : (int)(name - text), text,
					 idtntb_switch_topology(sw)->ports[0].port);
			return -EINVAL;
		}
		name++;
	} else {
		name = text;
	}
	number = strtoull(name, &end, 16);
	if (!strncasecmp(name, "0x", 2) && end > name + 2 && !*end)
		return parse_address(ref, sw, slot, number, error);
	return parse_name(ref, sw, slot, name, error);
}

/* ------------------------------------------------------------------ facets */

void inspect_fields_print(FILE *out, const struct idtntb_register *reg, uint32_t value, bool all)
{
	const char *space = "";

	for (const struct idtntb_field *f = reg->fields; f && f->name; f++) {
		uint32_t bits = inspect_field_get(f, value);

		if (!bits && !all)
			continue;
		fprintf(out, bits > 9 ? "%s%s=0x%x" : "%s%s=%u", space, f->name, bits);
		space = " ";
	}
}

static void print_value(FILE *out, const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref)
{
	fprintf(out, "0x%08x\n", idtntb_switch_peek(snapshot->sw, ref->address));
}

static void print_fields(FILE *out, const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref)
{
	uint32_t value = idtntb_switch_peek(snapshot->sw, ref->address);

	for (const struct idtntb_field *f = ref->reg->fields; f && f->name; f++)
		fprintf(out, inspect_field_get(f, value) > 9 ? "%s=0x%x (%s)\n" : "%s=%u (%s)\n", f->name,
			inspect_field_get(f, value), f->brief);
}

static void print_reset(FILE *out, const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref)
{
	fprintf(out, "0x%08x\n", idtntb_switch_reset_value(snapshot->sw, ref->address));
}

static const char *status_text(enum idtntb_status status)
{
	static const char *const texts[] = {
		[IDTNTB_STATUS_MODELLED] = "modelled: has its documented effect",
		[IDTNTB_STATUS_STORED] = "stored: keeps its value, without effect",
		[IDTNTB_STATUS_ABSENT] = "absent: reads 0",
	};

	return texts[status];
}

static void print_access(FILE *out, const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref)
{
	uint32_t rw = idtntb_switch_writable(snapshot->sw, ref->address);

	fprintf(out, "rw  0x%08x\nw1c 0x%08x\nw1s 0x%08x\nro  0x%08x\n%s\n", rw, ref->reg->w1c, ref->reg->w1s,
		~(rw | ref->reg->w1c | ref->reg->w1s), status_text(ref->reg->status));
}

static void print_about(FILE *out, const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref)
{
	if (ref->slot == IDTNTB_SLOT_ALL)
		fprintf(out, "%s, global address 0x%05x\n", ref->name, ref->address);
	else
		fprintf(out, "%s of port %u, offset 0x%03x, global address 0x%05x\n", ref->name,
			inspect_setup(snapshot, ref->slot)->port, ref->address % IDTNTB_NT_SIZE, ref->address);
	fprintf(out, "%s\nsection %s of the register reference\n", ref->reg->brief, ref->reg->section);
}

static void print_counts(FILE *out, const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref)
{
	struct inspect_slots slots = inspect_slots(snapshot, ref->slot);

	for (unsigned slot = slots.first; slot < slots.end; slot++) {
		struct idtntb_register_counts counts;

		if (!snapshot->counters[slot])
			continue;
		idtntb_counters_register(snapshot->counters[slot], ref->row, &counts);
		fprintf(out, "port %u: %llu reads, %llu writes\n", inspect_setup(snapshot, slot)->port,
			(unsigned long long)counts.reads, (unsigned long long)counts.writes);
	}
}

static const struct {
	const char *name;
	void (*print)(FILE *out, const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref);
} facets[IDTNTB_FACETS] = {
	[IDTNTB_FACET_VALUE] = { "value", print_value }, [IDTNTB_FACET_FIELDS] = { "fields", print_fields },
	[IDTNTB_FACET_RESET] = { "reset", print_reset }, [IDTNTB_FACET_ACCESS] = { "access", print_access },
	[IDTNTB_FACET_ABOUT] = { "about", print_about }, [IDTNTB_FACET_COUNTS] = { "counts", print_counts },
};

const char *idtntb_facet_name(enum idtntb_facet facet)
{
	return (unsigned)facet < IDTNTB_FACETS ? facets[facet].name : NULL;
}

void idtntb_register_print(FILE *out, const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref,
			   enum idtntb_facet facet)
{
	if ((unsigned)facet < IDTNTB_FACETS)
		facets[facet].print(out, snapshot, ref);
}
