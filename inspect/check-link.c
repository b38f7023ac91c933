/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a link is down (section 10.2): the conditions of a port's part in all of its links, in the order in which a person
 * can put them right.
 */
#include "check.h"

/* What a driver that is loaded has unmasked (section 10.3, step 9). */
static bool interrupts_masked(const struct inspect_side *side)
{
	const uint32_t wanted = 0xB; /* MSG, DBELL, SEVENT */

	return (side->ntintmsk & wanted) == wanted;
}

static bool is_held(const struct inspect_side *side)
{
	return side->member.owner;
}

static bool is_up(const struct inspect_side *side)
{
	return side->member.up;
}

static bool is_not_forced(const struct inspect_side *side)
{
	return !side->member.forced_down;
}

/* A mapping table entry is no sign of a driver: it outlives a reset (section 5). */
static bool is_driven(const struct inspect_side *side)
{
	return side->bme || side->cpen || !interrupts_masked(side);
}

static bool is_wanted(const struct inspect_side *side)
{
	return side->cpen || side->valid;
}

static bool has_bme(const struct inspect_side *side)
{
	return side->bme;
}

static bool has_cpen(const struct inspect_side *side)
{
	return side->cpen;
}

static bool has_entry(const struct inspect_side *side)
{
	return side->valid;
}

static bool has_own_entry(const struct inspect_side *side)
{
	return inspect_field("NTMTBLDATA", "PART", side->entry) == side->partition;
}

static const struct {
	bool (*holds)(const struct inspect_side *side);
	const char *brief; /* what is wrong when it does not hold, in two words */
	struct check_condition condition;
} conditions[] = {
	{ is_held,
	  "no host",
	  { "link.attached", "SWPORT%uSTS", IDTNTB_WARNING, NULL, "nobody has attached to this port: LINKUP is 0",
	    "start the host of this port; if it ran before, it has ended or was killed" } },
	{ is_not_forced,
	  "broken on purpose",
	  { "link.forced", "SWPORT%uSTS", IDTNTB_WARNING, NULL, "the link is broken on purpose: LINKUP is 0",
	    "mend it with: idtntbctl link PORT up" } },
	{ is_up,
	  "not raised",
	  { "link.up", "SWPORT%uSTS", IDTNTB_WARNING, NULL,
	    "the host has attached, but has not raised its link: LINKUP is 0",
	    "the host is being reset or has not started its machine yet" } },
	{ is_driven,
	  "no driver",
	  { "link.driver", "NTCTL", IDTNTB_WARNING, NULL,
	    "no driver is at work: PCICMD.BME and NTCTL.CPEN are 0, and NTINTMSK masks all",
	    "load the NTB driver in this port's guest (modprobe ntb_hw_idt); it was unloaded, or has not been loaded" } },
	{ is_wanted,
	  "not enabled",
	  { "link.enable", "NTCTL", IDTNTB_WARNING, NULL,
	    "the driver is there, but nobody has enabled the link: NTCTL.CPEN is 0 and there is no mapping table entry",
	    "load a client that enables it (ntb_pingpong, ntb_perf), or write 1 to link of ntb_tool" } },
	{ has_bme,
	  "bus master off",
	  { "link.bme", "PCICMDSTS", IDTNTB_ERROR, NULL,
	    "bus master is off (PCICMD.BME is 0) although the driver has enabled the link",
	    "the driver must call pci_set_master() before it enables the link and keep it on" } },
	{ has_cpen,
	  "no completions",
	  { "link.cpen", "NTCTL", IDTNTB_ERROR, NULL,
	    "completion enable is lost: CPEN is 0 although the mapping table entry is valid",
	    "write CPEN=1 to NTCTL when the link is enabled; any reset of the function clears it" } },
	{ has_entry,
	  "no mapping table entry",
	  { "link.entry", "NTMTBLDATA", IDTNTB_ERROR, NULL, NULL,
	    "write the partition to NTMTBLADDR, then requester id << 1 | partition << 17 | 1 to NTMTBLDATA" } },
	{ has_own_entry,
	  "wrong mapping table entry",
	  { "link.partition", "NTMTBLDATA", IDTNTB_ERROR, NULL, NULL,
	    "PART (bits 19:17) of the entry must be the partition of this port: its requests are refused else" } },
};

#define CONDITIONS (sizeof(conditions) / sizeof(conditions[0]))

/* The first condition that does not hold, or CONDITIONS. */
static size_t first_failing(const struct inspect_side *side)
{
	size_t c = 0;

	while (c < CONDITIONS && conditions[c].holds(side))
		c++;
	return c;
}

const struct check_condition *check_side(const struct inspect_side *side)
{
	size_t c = first_failing(side);

	return c < CONDITIONS ? &conditions[c].condition : NULL;
}

const char *check_side_brief(const struct inspect_side *side)
{
	size_t c = first_failing(side);

	return c < CONDITIONS ? conditions[c].brief : NULL;
}

/* Mapping table entries lie behind a cursor: their value is not that of the register at the moment. */
static void entry_add(struct check *check, const struct check_condition *condition, const struct inspect_side *side,
		      const struct check_subject *subject)
{
	char line[CHECK_LINE];
	struct idtntb_finding *finding =
		check_add(check, condition, subject, side->slot, 0, 0,
			  check_line(line,
				     side->valid ? "NT mapping table entry %u is of partition %u: PART is wrong"
						 : "NT mapping table entry %u is not set: VALID is 0",
				     side->partition, inspect_field("NTMTBLDATA", "PART", side->entry)));

	if (finding)
		finding->value = side->entry;
}

static void side_add(struct check *check, const struct inspect_side *side, const struct check_condition *condition,
		     const struct check_subject *subject)
{
	if (!condition->cause)
		entry_add(check, condition, side, subject);
	else
		check_add(check, condition, subject, side->slot,
			  !strcmp(condition->reg, "SWPORT%uSTS") ? side->port : 0, 0, NULL);
}

bool check_link_port(struct check *check, unsigned slot)
{
	const struct check_condition *condition;
	struct check_subject subject = { slot, -1, -1, NULL };
	struct inspect_side side;
	char text[CHECK_LINE];

	inspect_side(&side, check->snapshot, slot);
	condition = check_side(&side);
	if (!condition)
		return false;
	subject.text = check_line(text, "link of port %u", side.port);
	side_add(check, &side, condition, &subject);
	return true;
}

void check_link_pair(struct check *check, unsigned slot, unsigned peer)
{
	static const struct check_condition up = { .id = "link", .reg = "SWPORT%uSTS", .cause = "up" };
	const struct check_condition *first, *second;
	struct check_subject subject = { slot, (int)peer, -1, NULL };
	struct inspect_side one, other;
	char text[CHECK_LINE];

	inspect_side(&one, check->snapshot, slot);
	inspect_side(&other, check->snapshot, peer);
	subject.text = check_line(text, "link %u - %u", one.port, other.port);
	first = check_side(&one);
	second = check_side(&other);
	if (first) {
		subject.text = check_line(text, "link %u - %u, port %u", one.port, other.port, one.port);
		side_add(check, &one, first, &subject);
	}
	if (second) {
		subject = (struct check_subject){ peer, (int)slot, -1, NULL };
		subject.text = check_line(text, "link %u - %u, port %u", one.port, other.port, other.port);
		side_add(check, &other, second, &subject);
	}
	if (!first && !second)
		check_add(check, &up, &subject, peer, other.port, 0, NULL);
}
