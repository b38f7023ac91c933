/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A crowd in one thread: hosts take turns, and a turn may end at any atomic access of the core (race.h). Chance from a
 * seed, so what fails once fails again; windows of two instructions are hit as easily as those of a thousand.
 */
#include "crowd.h"
#include "race.h"

#include <ucontext.h>

const unsigned crowd_rounds = 150;
const unsigned crowd_repeats = 60;

#define STACK (256u * 1024)
#define TURNS 20000000u /* of all hosts, before a test counts as stuck */

struct fiber {
	ucontext_t context;
	struct actor actor;
	bool (*body)(struct actor *actor);
	int result; /* 0 running, 1 right, 2 wrong */
	char *stack;
};

static struct {
	struct fiber fibers[IDTNTB_PORTS];
	ucontext_t director;
	unsigned count, now;
	unsigned turns;
	uint64_t seed;
	bool running;
} stage;

static uint32_t chance(void)
{
	stage.seed = stage.seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(stage.seed >> 33);
}

void crowd_yield(void)
{
	unsigned from = stage.now;

	if (!stage.running)
		return;
	if (++stage.turns > TURNS)
		atomic_store_explicit(&stage.fibers[0].actor.crowd->stop, 1, memory_order_seq_cst);
	stage.now = chance() % stage.count;
	if (stage.now != from)
		swapcontext(&stage.fibers[from].context, &stage.fibers[stage.now].context);
}

void race_point(void)
{
	if (stage.running && chance() % 4 == 0)
		crowd_yield();
}

static void run(void)
{
	struct fiber *fiber = &stage.fibers[stage.now];

	fiber->result = fiber->body(&fiber->actor) ? 1 : 2;
	for (;;) {
		unsigned done = 0;

		for (unsigned f = 0; f < stage.count; f++)
			done += stage.fibers[f].result != 0;
		if (done == stage.count)
			break;
		actor_idle(&fiber->actor);
	}
	stage.running = false;
	swapcontext(&fiber->context, &stage.director);
}

static void prepare(struct crowd *crowd, unsigned slot, bool (*body)(struct actor *actor))
{
	struct fiber *fiber = &stage.fibers[slot];

	assert_true(actor_start(&fiber->actor, crowd, slot, 100 + slot));
	fiber->body = body;
	fiber->result = 0;
	fiber->stack = malloc(STACK);
	assert_non_null(fiber->stack);
	getcontext(&fiber->context);
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = STACK;
	makecontext(&fiber->context, run, 0);
}

void crowd_run(struct crowd *crowd, bool (*body)(struct actor *actor))
{
	static uint64_t runs;

	stage.count = crowd->topology.port_count;
	stage.seed = ++runs;
	stage.turns = 0;
	atomic_store_explicit(&crowd->stop, 0, memory_order_seq_cst);
	for (unsigned f = 0; f < stage.count; f++)
		prepare(crowd, f, body);
	stage.now = 0;
	stage.running = true;
	swapcontext(&stage.director, &stage.fibers[0].context);
	for (unsigned f = 0; f < stage.count; f++) {
		actor_stop(&stage.fibers[f].actor);
		free(stage.fibers[f].stack);
	}
	for (unsigned f = 0; f < stage.count; f++) {
		if (stage.fibers[f].result != 1)
			fail_msg("run %u, host %u: something was wrong", (unsigned)runs, f);
	}
	if (atomic_load_explicit(&crowd->stop, memory_order_seq_cst))
		fail_msg("run %u: hosts got stuck", (unsigned)runs);
}
