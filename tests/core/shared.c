/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared-state protocol: hosts at the same time, ordered by nothing but the block's atomic words. A test gets stuck,
 * and is told so, when an interrupt is lost. Built twice: with threads, and with fibers.
 */
#include "crowd.h"

#define TOKENS 4u

static uint32_t own_bits(const struct actor *actor)
{
	return ((1u << TOKENS) - 1) << TOKENS * actor->slot;
}

/* Pass on the tokens that have arrived, as pingpong does it: mask, read, clear, ring, unmask. */
static uint32_t pass_on(struct actor *actor)
{
	unsigned next = (actor->slot + 1) % actor->crowd->topology.port_count;
	uint32_t bits, mine = own_bits(actor);

	actor_write(actor, 0x42C, ~0u);
	bits = actor_read(actor, 0x428) & mine;
	actor_write(actor, 0x428, bits);
	if (bits)
		actor_write(actor, 0x420, bits >> TOKENS * actor->slot << TOKENS * next);
	actor_write(actor, 0x42C, ~mine);
	return bits;
}

/* Several tokens go round; each host acts on an interrupt only, so one that is lost stops them for ever. */
static bool tokens(struct actor *actor)
{
	uint32_t passed = 0;

	actor_write(actor, 0x42C, ~own_bits(actor));
	if (actor->slot == 0)
		actor_write(actor, 0x420, own_bits(actor));
	while (passed < crowd_rounds && !actor_stopped(actor)) {
		actor_idle(actor);
		if (actor_interrupted(actor))
			passed += (uint32_t)__builtin_popcount(pass_on(actor));
	}
	/* The others have their rounds to do. */
	while (!actor_stopped(actor) && atomic_load(&actor->crowd->progress[7]) < actor->crowd->topology.port_count) {
		if (passed != ~0u)
			atomic_fetch_add(&actor->crowd->progress[7], 1);
		passed = ~0u;
		actor_idle(actor);
		if (actor_interrupted(actor))
			pass_on(actor);
	}
	return true;
}

static void no_interrupt_is_lost(void **state)
{
	(void)state;
	crowd_runs("2", tokens);
	crowd_runs("3", tokens);
	crowd_runs("4", tokens);
}

/* The same tokens with the interrupt line: it is a level, the handler runs while it is asserted. */
static bool tokens_by_level(struct actor *actor)
{
	uint32_t passed = 0;

	idtntb_port_config_write(actor->port, 0xD0, 0, 4);
	actor_write(actor, 0x408, 0xB9);
	actor_write(actor, 0x42C, ~own_bits(actor));
	if (actor->slot == 0)
		actor_write(actor, 0x420, own_bits(actor));
	while (!actor_stopped(actor) && atomic_load(&actor->crowd->progress[7]) < actor->crowd->topology.port_count) {
		actor_idle(actor);
		if (actor->intx && passed < crowd_rounds) {
			passed += (uint32_t)__builtin_popcount(pass_on(actor));
			if (passed >= crowd_rounds)
				atomic_fetch_add(&actor->crowd->progress[7], 1);
		} else if (actor->intx) {
			pass_on(actor);
		}
	}
	return true;
}

static void no_level_is_lost(void **state)
{
	(void)state;
	crowd_runs("3", tokens_by_level);
}

/* Every ring of a bit is seen: the owner of the bit rings again only when the receiver has answered by another bit. */
static bool call_and_answer(struct actor *actor)
{
	uint32_t call = 1u << actor->slot, answer = 0x100u << actor->slot, seen = 0, calls = 0;

	if (actor->slot == 0) {
		/* Answers all callers as it finds them, in one write, with clears that race the rings of others. */
		uint64_t total = (uint64_t)(crowd_rounds / 2) * (actor->crowd->topology.port_count - 1);

		for (uint64_t answered = 0; answered < total && !actor_stopped(actor);) {
			uint32_t bits = actor_read(actor, 0x428) & 0xFE;

			actor_write(actor, 0x428, bits);
			actor_write(actor, 0x420, bits << 8);
			answered += (uint64_t)__builtin_popcount(bits);
			actor_idle(actor);
		}
		return true;
	}
	actor_write(actor, 0x420, call);
	for (calls = 1; seen < crowd_rounds / 2 && !actor_stopped(actor);) {
		if (actor_read(actor, 0x428) & answer) {
			actor_write(actor, 0x428, answer | call);
			if (++seen == calls && calls < crowd_rounds / 2) {
				actor_write(actor, 0x420, call);
				calls++;
			}
		}
		actor_idle(actor);
	}
	return seen == calls;
}

static void every_ring_is_seen(void **state)
{
	(void)state;
	crowd_runs("4", call_and_answer);
}

/* Put a message, again and again until the register takes it; what it says is believed. */
static bool send(struct actor *actor, unsigned m, uint32_t data)
{
	while (!actor_stopped(actor)) {
		actor_write(actor, 0x430 + 4 * m, data);
		if (!(actor_read(actor, 0x460) & 1u << m))
			return true;
		actor_write(actor, 0x460, 1u << m);
		actor_idle(actor);
	}
	return false;
}

/* Senders fight for one register: each one's numbers arrive once and in order; the receiver acts on interrupts only. */
static bool numbers(struct actor *actor)
{
	uint32_t next[IDTNTB_PORTS] = { 0 }, count = actor->crowd->topology.port_count, received = 0;

	if (actor->slot) {
		actor_route(actor, 0, 0);
		for (uint32_t n = 0; n < (crowd_rounds / 2); n++) {
			if (!send(actor, 0, actor->slot << 24 | n))
				return false;
		}
		return true;
	}
	actor_write(actor, 0x464, 0xEFFFF);
	actor_write(actor, 0x42C, ~0u);
	while (received < (crowd_rounds / 2) * (count - 1) && !actor_stopped(actor)) {
		actor_idle(actor);
		if (!actor_interrupted(actor))
			continue;
		actor_write(actor, 0x404, 8);
		if (!(actor_read(actor, 0x460) & 0x10000))
			continue;
		uint32_t source = actor_read(actor, 0x450), data = actor_read(actor, 0x440), from = data >> 24;

		actor_write(actor, 0x460, 0x10000);
		if (!from || from >= count || source != from || (data & 0xFFFFFF) != next[from]++)
			return false;
		received++;
	}
	return true;
}

static void messages_arrive_once(void **state)
{
	(void)state;
	crowd_runs("4", numbers);
}

/* ntb_perf: register 1 is the lock, 2 and 0 follow; the receiver takes three and clears all at once (12.1). */
static bool command(struct actor *actor)
{
	uint32_t next[IDTNTB_PORTS] = { 0 }, count = actor->crowd->topology.port_count, received = 0, data[3],
		 source[3];

	if (actor->slot) {
		for (unsigned m = 0; m < 3; m++)
			actor_route(actor, m, 0);
		for (uint32_t n = 0; n < (crowd_rounds / 2); n++) {
			if (!send(actor, 1, actor->slot << 24 | n))
				return false;
			actor_write(actor, 0x438, actor->slot << 24 | n);
			actor_write(actor, 0x430, actor->slot << 24 | n);
			if (actor_read(actor, 0x460) & 7)
				return false;
		}
		return true;
	}
	actor_write(actor, 0x464, 0xEFFFF);
	actor_write(actor, 0x42C, ~0u);
	while (received < (crowd_rounds / 2) * (count - 1) && !actor_stopped(actor)) {
		actor_idle(actor);
		if (!actor_interrupted(actor))
			continue;
		actor_write(actor, 0x404, 8);
		if ((actor_read(actor, 0x460) & 0x70000) != 0x70000)
			continue;
		for (unsigned m = 0; m < 3; m++) {
			source[m] = actor_read(actor, 0x450 + 4 * m);
			data[m] = actor_read(actor, 0x440 + 4 * m);
		}
		actor_write(actor, 0x460, 0xF0000);
		if (data[0] != data[1] || data[0] != data[2] || source[0] != source[1] || source[0] != source[2] ||
		    source[0] != data[0] >> 24 || (data[0] & 0xFFFFFF) != next[source[0]]++)
			return false;
		received++;
	}
	return true;
}

static void commands_stay_whole(void **state)
{
	(void)state;
	crowd_runs("3", command);
}

/*
 * A host writes its news and signals; the others, woken by interrupts only, clear SEVENT and look: whatever the order,
 * the last news of each are seen in the end (10.1).
 */
static bool news(struct actor *actor)
{
	const struct idtntb_topology *topology = &actor->crowd->topology;
	uint32_t seen[IDTNTB_PORTS] = { 0 }, own = 0;
	bool finished = false;

	actor_write(actor, 0x42C, ~0u);
	while (!actor_stopped(actor) && atomic_load(&actor->crowd->progress[7]) < topology->port_count) {
		bool all = own == crowd_rounds / 4;

		actor_idle(actor);
		if (!all && actor_random(actor) % 4 == 0) {
			actor_write(actor, 0x40C, ++own);
			actor_write(actor, 0x410, 1);
		}
		/* A clear of another latched bit takes no SEVENT with it. */
		actor_write(actor, 0x404, 0x80);
		if (actor_interrupted(actor)) {
			actor_write(actor, 0x404, 8);
			for (unsigned slot = 0; slot < topology->port_count; slot++)
				seen[slot] = actor_global_read(actor, 0x140C + 0x2000u * topology->ports[slot].port);
		}
		for (unsigned slot = 0; slot < topology->port_count; slot++)
			all &= seen[slot] == crowd_rounds / 4;
		if (all && !finished)
			atomic_fetch_add(&actor->crowd->progress[7], 1);
		finished |= all;
	}
	return true;
}

static void no_event_is_lost(void **state)
{
	(void)state;
	crowd_runs("2", news);
	crowd_runs("4", news);
}

/* Bits of one switch register, each host's own, set and cleared at the same time: nobody undoes another's. */
static bool shared_register(struct actor *actor)
{
	uint32_t signal = 1u << actor->crowd->topology.ports[actor->slot].partition;

	actor_write(actor, 0x42C, ~0u);
	for (uint32_t n = 0; n < crowd_rounds / 2 && !actor_stopped(actor); n++) {
		actor_write(actor, 0x410, 1);
		if (!(actor_global_read(actor, 0x3EC30) & signal))
			return false;
		actor_global_write(actor, 0x3EC30, signal);
		if (actor_global_read(actor, 0x3EC30) & signal)
			return false;
		actor_idle(actor);
	}
	return true;
}

static void switch_registers_are_atomic(void **state)
{
	(void)state;
	crowd_runs("4", shared_register);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_interrupt_is_lost),        cmocka_unit_test(no_level_is_lost),
		cmocka_unit_test(every_ring_is_seen),          cmocka_unit_test(messages_arrive_once),
		cmocka_unit_test(commands_stay_whole),         cmocka_unit_test(no_event_is_lost),
		cmocka_unit_test(switch_registers_are_atomic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
