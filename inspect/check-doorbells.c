/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a doorbell does not arrive (section 7): rung in vain, masked by who should hear it, or held up by the global masks.
 */
#include "check.h"

/* What is known of the doorbells of all ports. */
struct bells {
	bool known; /* every port that is held has a history */
	uint32_t status[IDTNTB_PORTS], mask[IDTNTB_PORTS], rung[IDTNTB_PORTS], unmasked[IDTNTB_PORTS];
};

static void bells_get(struct bells *bells, const struct idtntb_snapshot *snapshot)
{
	struct idtntb_doorbell_history history;
	struct idtntb_member member;

	memset(bells, 0, sizeof(*bells));
	bells->known = true;
	for (unsigned s = 0; inspect_has(snapshot, s); s++) {
		idtntb_switch_member(snapshot->sw, inspect_setup(snapshot, s)->port, &member);
		/* Nobody listens at a port that nobody holds, though reset leaves all doorbells unmasked. */
		bells->mask[s] = ~0u;
		if (!member.owner)
			continue;
		bells->mask[s] = inspect_peek(snapshot, s, "INDBELLMSK", 0, 0);
		bells->status[s] = inspect_peek(snapshot, s, "INDBELLSTS", 0, 0);
		if (!snapshot->counters[s]) {
			bells->known = false;
			continue;
		}
		idtntb_counters_doorbells(snapshot->counters[s], &history);
		bells->rung[s] = history.rung;
		bells->unmasked[s] = history.unmasked;
	}
}

/* Doorbells that this port rings, that arrived at a peer and that no peer has ever listened to: the wrong ones. */
static void bells_wrong(struct check *check, const struct bells *bells, unsigned slot)
{
	static const struct check_condition condition = {
		"doorbell.bit",
		"INDBELLMSK",
		IDTNTB_ERROR,
		"",
		NULL,
		"doorbells have no destination: ring the bit that the peer's client unmasks in INDBELLMSK, its port number "
		"for ntb_pingpong"
	};
	struct check_subject subject = { slot, -1, -1, NULL };
	char text[CHECK_LINE], line[CHECK_LINE], list[INSPECT_BITS];
	unsigned port = inspect_setup(check->snapshot, slot)->port;
	uint32_t heard = 0, pending = 0;
	int victim = -1;

	for (unsigned s = 0; inspect_has(check->snapshot, s); s++) {
		if (s == slot)
			continue;
		heard |= bells->unmasked[s] | ~bells->mask[s];
		pending |= bells->status[s];
		if (bells->rung[slot] & bells->status[s] & bells->mask[s])
			victim = (int)s;
	}
	if (victim < 0 || !(bells->rung[slot] & pending & ~heard))
		return;
	subject.peer = victim;
	subject.text = check_line(text, "doorbells of port %u", port);
	check_add(check, &condition, &subject, (unsigned)victim, 0, 0,
		  check_line(line,
			     "port %u rings doorbell %s, which every peer masks in INDBELLMSK: is it the wrong bit?",
			     port, inspect_bits(bells->rung[slot] & pending & ~heard, list)));
}

/* Pending and masked here, rung by a peer and not by oneself, and listened to once: the mask is wrong. */
static void bells_masked(struct check *check, const struct bells *bells, unsigned slot)
{
	static const struct check_condition condition = {
		"doorbell.mask",
		"INDBELLMSK",
		IDTNTB_WARNING,
		"INDBELLMSK",
		NULL,
		"a bit of INDBELLMSK masks its doorbell when it is 1: clear the bits that shall interrupt; is it inverted?"
	};
	struct check_subject subject = { slot, -1, -1, NULL };
	char text[CHECK_LINE], line[CHECK_LINE], list[INSPECT_BITS];
	unsigned port = inspect_setup(check->snapshot, slot)->port;
	uint32_t bits = bells->status[slot] & bells->mask[slot] & bells->unmasked[slot] & ~bells->rung[slot], rung = 0;

	for (unsigned s = 0; inspect_has(check->snapshot, s); s++) {
		if (bells->rung[s] & bits)
			subject.peer = (int)s;
		rung |= bells->rung[s];
	}
	if (!(bits & rung))
		return;
	subject.text = check_line(text, "doorbells of port %u", port);
	check_add(check, &condition, &subject, slot, 0, 0,
		  check_line(line, "doorbell %s is pending but masked in INDBELLMSK of port %u: no interrupt for it",
			     inspect_bits(bits & rung, list), port));
}

/* Doorbells that the global masks keep from being rung, or from arriving. */
static void bells_global(struct check *check, const struct bells *bells, unsigned slot)
{
	static const struct check_condition out = {
		"doorbell.global",
		"GODBELLMSK%u",
		IDTNTB_ERROR,
		NULL,
		NULL,
		"clear the partition's bit in GODBELLMSK, or ring another doorbell"
	};
	static const struct check_condition in = { "doorbell.reach",
						   "GIDBELLMSK%u",
						   IDTNTB_NOTE,
						   NULL,
						   NULL,
						   "clear the partition's bit in GIDBELLMSK if it should be reached" };
	unsigned partition = inspect_setup(check->snapshot, slot)->partition;
	struct check_subject subject = { slot, -1, -1, NULL };
	char text[CHECK_LINE], line[CHECK_LINE];

	subject.text = check_line(text, "doorbells of port %u", inspect_setup(check->snapshot, slot)->port);
	for (unsigned b = 0; b < IDTNTB_DOORBELLS; b++) {
		uint32_t rung = 0;

		for (unsigned s = 0; inspect_has(check->snapshot, s); s++)
			rung |= s == slot ? 0 : bells->rung[s];
		if (bells->rung[slot] >> b & 1 &&
		    inspect_peek(check->snapshot, slot, "GODBELLMSK%u", b, 0) >> partition & 1)
			check_add(check, &out, &subject, slot, b, 0,
				  check_line(line, "it rings doorbell %u, which partition %u may not ring", b,
					     partition));
		if (rung >> b & ~bells->mask[slot] >> b & 1 &&
		    inspect_peek(check->snapshot, slot, "GIDBELLMSK%u", b, 0) >> partition & 1)
			check_add(
				check, &in, &subject, slot, b, 0,
				check_line(line, "doorbell %u is rung, but does not reach partition %u", b, partition));
	}
}

void check_doorbells(struct check *check, unsigned slot)
{
	struct bells bells;

	bells_get(&bells, check->snapshot);
	bells_global(check, &bells, slot);
	if (!bells.known)
		return;
	bells_wrong(check, &bells, slot);
	bells_masked(check, &bells, slot);
}
