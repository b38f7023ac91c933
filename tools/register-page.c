/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The register table as Markdown.
 */
#include "register-page.h"

#include <string.h>

#define PORT_STRIDE 0x2000u /* global addresses between ports (section 4.2) */
#define NT_OFFSET 0x1000u /* NT function in them */

struct space {
	enum idtntb_space space;
	const char *title, *text;
};

static const struct space spaces[] = {
	{ IDTNTB_SPACE_NT, "NT function",
	  "Offsets in configuration space and in BAR0 of each port; the same registers through both doors, and through the "
	  "global address space at `port * 0x2000 + 0x1000 + offset`. Below 0x400 a VMM that keeps its own configuration "
	  "image rules." },
	{ IDTNTB_SPACE_SWITCH, "Switch",
	  "Global addresses, reached through GASAADDR and GASADATA. One set for all ports." },
	{ IDTNTB_SPACE_BRIDGE, "Bridge function",
	  "Offsets at `port * 0x2000` of the global address space. Pure NT ports have no bridge." },
};

static const char *const status_names[] = {
	[IDTNTB_STATUS_MODELLED] = "modelled",
	[IDTNTB_STATUS_STORED] = "stored",
	[IDTNTB_STATUS_ABSENT] = "absent",
};

/* After power-on, of the first port where each port has its own. */
static uint32_t reset_value(const struct model *fresh, const struct idtntb_register *reg, unsigned i, unsigned j)
{
	uint32_t base = idtntb_switch_topology(fresh->sw)->ports[0].port * PORT_STRIDE;
	uint32_t address = idtntb_register_address(reg, i, j);

	if (reg->space == IDTNTB_SPACE_NT)
		address += base + NT_OFFSET;
	else if (reg->space == IDTNTB_SPACE_BRIDGE)
		address += base;
	return idtntb_switch_peek(fresh->sw, address);
}

/* One value, or all that differ from the table's with their instance. */
static void print_reset(const struct page *page, const struct idtntb_register *reg)
{
	FILE *out = page->out;
	bool from_table = true;
	const char *comma = "";

	if (reg->status == IDTNTB_STATUS_ABSENT) {
		fputs("0", out);
		return;
	}
	for (unsigned i = 0; i < reg->count[0]; i++) {
		for (unsigned j = 0; j < reg->count[1]; j++)
			from_table = from_table && reset_value(&page->fresh, reg, i, j) == reg->reset;
	}
	if (from_table) {
		fprintf(out, reg->reset ? "0x%08X" : "0", reg->reset);
		return;
	}
	for (unsigned i = 0; i < reg->count[0]; i++) {
		for (unsigned j = 0; j < reg->count[1]; j++) {
			uint32_t value = reset_value(&page->fresh, reg, i, j);
			char name[64];

			if (value == reg->reset)
				continue;
			fputs(comma, out);
			comma = ", ";
			if (reg->count[0] * reg->count[1] > 1)
				fprintf(out, "%s ", idtntb_register_name(reg, i, j, name, sizeof(name)));
			fprintf(out, "0x%08X", value);
		}
	}
	fputs(" (derived)", out);
}

static void print_mask(FILE *out, const char **separator, const char *kind, uint32_t mask)
{
	if (!mask)
		return;
	fprintf(out, mask == UINT32_MAX ? "%s%s" : "%s%s 0x%08X", *separator, kind, mask);
	*separator = ", ";
}

/* Bits that the topology makes writable: those that hold both values. */
static uint32_t writable_now(const struct model *used, uint32_t offset)
{
	uint32_t ones, zeros;

	idtntb_port_config_write(used->port, offset, UINT32_MAX, 4);
	ones = idtntb_port_peek(used->port, offset);
	idtntb_port_config_write(used->port, offset, 0, 4);
	zeros = idtntb_port_peek(used->port, offset);
	return ones & ~zeros;
}

static void print_access(const struct page *page, const struct idtntb_register *reg)
{
	unsigned count = reg->space == IDTNTB_SPACE_NT ? reg->count[0] : 0, alike = 0;
	FILE *out = page->out;
	const char *separator = "";
	uint32_t masks[64];

	print_mask(out, &separator, "RW", reg->rw);
	print_mask(out, &separator, "W1C", reg->w1c);
	print_mask(out, &separator, "W1S", reg->w1s);
	if (*separator)
		return;
	if (count > sizeof(masks) / sizeof(masks[0]))
		count = sizeof(masks) / sizeof(masks[0]);
	for (unsigned i = 0; i < count; i++) {
		masks[i] = writable_now(&page->used, idtntb_register_address(reg, i, 0));
		alike += masks[i] == masks[0];
	}
	if (alike == count) {
		print_mask(out, &separator, "RW", count ? masks[0] : 0);
	} else {
		for (unsigned i = 0; i < count; i++) {
			char kind[80];

			idtntb_register_name(reg, i, 0, kind, sizeof(kind) - 3);
			print_mask(out, &separator, strcat(kind, " RW"), masks[i]);
		}
	}
	fputs(*separator ? " (derived)" : "RO", out);
}

/* "0x430 + 0x4i". */
static void print_address(FILE *out, const struct idtntb_register *reg)
{
	unsigned n = reg->count[0], m = reg->count[1];
	int digits = reg->space == IDTNTB_SPACE_SWITCH ? 5 : 3;

	fprintf(out, "0x%0*X", digits, reg->address);
	if (n > 1 || m > 1)
		fprintf(out, " + 0x%Xi", reg->stride[0]);
	if (m > 1)
		fprintf(out, " + 0x%Xj", reg->stride[1]);
}

/* "%u" becomes the letter of the dimension. */
static void print_name(FILE *out, const struct idtntb_register *reg)
{
	unsigned dimension = 0;

	for (const char *from = reg->name; *from; from++) {
		if (from[0] == '%' && from[1] == 'u') {
			fprintf(out, "*%c*", "ij"[dimension++ & 1]);
			from++;
		} else {
			fputc(*from, out);
		}
	}
	if (reg->count[1] > 1)
		fprintf(out, " (*i* 0-%u, *j* 0-%u)", reg->count[0] - 1, reg->count[1] - 1);
	else if (reg->count[0] > 1)
		fprintf(out, " (*i* 0-%u)", reg->count[0] - 1);
}

static void print_fields(FILE *out, const struct idtntb_register *reg)
{
	for (const struct idtntb_field *field = reg->fields; field && field->name; field++) {
		fputs(field == reg->fields ? "<br>`" : "; `", out);
		if (field->high > field->low)
			fprintf(out, "%u:%u", field->high, field->low);
		else
			fprintf(out, "%u", field->low);
		fprintf(out, " %s` %s", field->name, field->brief);
	}
}

static void print_space(const struct page *page, const struct space *space)
{
	FILE *out = page->out;
	const struct idtntb_register *reg;

	fprintf(out, "\n## %s\n\n%s\n\n", space->title, space->text);
	fputs("| address | name | access | reset | status | section | what |\n", out);
	fputs("|---|---|---|---|---|---|---|\n", out);
	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		if (reg->space != space->space)
			continue;
		fputs("| ", out);
		print_address(out, reg);
		fputs(" | ", out);
		print_name(out, reg);
		fputs(" | ", out);
		print_access(page, reg);
		fputs(" | ", out);
		print_reset(page, reg);
		fprintf(out, " | %s | %s | %s", status_names[reg->status], reg->section, reg->brief);
		print_fields(out, reg);
		fputs(" |\n", out);
	}
}

static void print_summary(FILE *out)
{
	unsigned rows[3] = { 0 }, words[3] = { 0 };
	const struct idtntb_register *reg;

	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		rows[reg->status]++;
		words[reg->status] += reg->count[0] * reg->count[1];
	}
	fputs("| status | meaning | rows | registers |\n|---|---|---|---|\n", out);
	fprintf(out, "| modelled | has its documented effect | %u | %u |\n", rows[IDTNTB_STATUS_MODELLED],
		words[IDTNTB_STATUS_MODELLED]);
	fprintf(out, "| stored | keeps its value, without effect | %u | %u |\n", rows[IDTNTB_STATUS_STORED],
		words[IDTNTB_STATUS_STORED]);
	fprintf(out,
		"| absent | on the chip, not here: reads 0, writes are lost, a guest error from 0x400 up | %u | %u |\n",
		rows[IDTNTB_STATUS_ABSENT], words[IDTNTB_STATUS_ABSENT]);
}

void page_print(const struct page *page)
{
	fputs("# Registers\n\n"
	      "Generated from the register table by `tools/register-status.c`; do not edit. To bring it up to date, from the "
	      "root of the project: `BUILD/tools/register-status > docs/registers.md`.\n\n"
	      "Access: RO read only, RW keeps what is written, W1C cleared by writing one, W1S acts when one is written and "
	      "reads 0; without a mask all 32 bits. *derived* marks what the setup of the ports or other state decides; "
	      "shown then is port 0 of the default switch of two hosts after power-on. Sections are those of the register reference, listed in "
	      "[architecture.md](architecture.md#the-register-reference).\n\n",
	      page->out);
	print_summary(page->out);
	for (size_t s = 0; s < sizeof(spaces) / sizeof(spaces[0]); s++)
		print_space(page, &spaces[s]);
}
