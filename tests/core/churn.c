/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links, bus masters, mapping table and lookup tables of all hosts change at the same time; nobody may be left with a
 * window as it was, or with a line that does not fall. Built twice, as shared.c.
 */
#include "crowd.h"

#define ENTRIES 4u /* of the table, that are used */

static void set_window(struct actor *actor, unsigned entry, unsigned slot, uint32_t address)
{
	actor_write(actor, 0x4E0, 0x200 | entry);
	actor_write(actor, 0x4E4, address);
	actor_write(actor, 0x4EC, 1u << 31 | actor->crowd->topology.ports[slot].partition);
}

static void turmoil(struct actor *actor)
{
	uint32_t random = actor_random(actor), count = actor->crowd->topology.port_count;

	switch (random % 8) {
	case 0:
		idtntb_port_link_set(actor->port, random >> 8 & 1);
		break;
	case 1:
		idtntb_port_config_write(actor->port, 4, random >> 8 & 1 ? 6 : 2, 2);
		break;
	case 2:
		actor_write(actor, 0x4D0, actor->crowd->topology.ports[(random >> 8) % count].partition);
		actor_write(actor, 0x4D8, (random >> 16 & 1) | actor_read(actor, 0x4D0) << 17);
		break;
	case 3:
		/* Or take it for dead, wrongly. */
		if (random >> 20 & 1)
			idtntb_switch_sweep(actor->sw, actor->crowd->topology.ports[(random >> 8) % count].port,
					    100 + (random >> 8) % count);
		else
			idtntb_switch_link_force(actor->sw, actor->crowd->topology.ports[(random >> 8) % count].port,
						 random >> 16 & 1);
		idtntb_port_announce(actor->port);
		break;
	case 4:
		actor_write(actor, 0x400, random >> 8 & 1 ? 2 : 0);
		break;
	case 5:
		if (random >> 8 & 3)
			break;
		idtntb_port_reset(actor->port);
		idtntb_port_config_write(actor->port, 4, 6, 2);
		actor_write(actor, 0x400, 2);
		actor_write(actor, 0x408, 0xB0);
		break;
	default:
		set_window(actor, (random >> 8) % ENTRIES, (random >> 16) % count, random & ~0xFFFu);
	}
}

/*
 * What a host was last told of a window is where a read of it goes at the moment, and the line is as the status has it:
 * nothing was missed.
 */
static bool is_settled(struct actor *actor)
{
	unsigned char byte;
	bool pending;

	for (unsigned entry = 0; entry < ENTRIES; entry++) {
		unsigned index = IDTNTB_WINDOW(2, entry);

		actor->reads = 0;
		idtntb_port_bar_read(actor->port, 2, entry * 0x100000ull, &byte, 1);
		if (actor->mapped[index] != (actor->reads == 1))
			return false;
		if (actor->reads && actor->address[index] != actor->read_address)
			return false;
	}
	pending = actor_read(actor, 0x404) & ~actor_read(actor, 0x408);
	return actor->intx == pending;
}

/* Wait until all hosts have come here `times` times. */
static void meet(struct actor *actor, uint64_t times)
{
	struct crowd *crowd = actor->crowd;

	atomic_fetch_add(&crowd->progress[7], 1);
	while (!actor_stopped(actor) && atomic_load(&crowd->progress[7]) < times * crowd->topology.port_count)
		actor_idle(actor);
}

static void answer(struct actor *actor)
{
	while (atomic_load(&actor->crowd->kicked[actor->slot]))
		actor_idle(actor);
}

/* Few changes at a time, of what the windows of others depend on; then all stop, answer their kicks, and compare. */
static bool churn(struct actor *actor)
{
	idtntb_port_log_set(actor->port, IDTNTB_LOG_ERROR);
	idtntb_port_config_write(actor->port, 0xD0, 0, 4);
	for (uint32_t n = 0; n < crowd_rounds && !actor_stopped(actor); n++) {
		for (uint32_t changes = actor_random(actor) % 4; changes; changes--)
			turmoil(actor);
		/* No more changes; but who was taken for dead may say only now that it lives, and tells the others. */
		meet(actor, 3 * n + 1);
		answer(actor);
		meet(actor, 3 * n + 2);
		answer(actor);
		if (!is_settled(actor))
			return false;
		meet(actor, 3 * n + 3);
	}
	return true;
}

static void nothing_is_missed(void **state)
{
	(void)state;
	crowd_runs("2", churn);
	crowd_runs("4", churn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
