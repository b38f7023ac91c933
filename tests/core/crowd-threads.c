/* SPDX-License-Identifier: BSD-3-Clause */
/* A crowd in threads: as parallel as the machine is. */
#include "crowd.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#ifdef __SANITIZE_THREAD__
const unsigned crowd_rounds = 2000;
#else
const unsigned crowd_rounds = 10000;
#endif
const unsigned crowd_repeats = 1;

#define SECONDS 100.0

void crowd_yield(void)
{
	sched_yield();
}

struct runner {
	pthread_t thread;
	struct actor actor;
	bool (*body)(struct actor *actor);
	_Atomic int result; /* 0 running, 1 right, 2 wrong */
};

static void *run(void *opaque)
{
	struct runner *runner = opaque;

	runner->result = runner->body(&runner->actor) ? 1 : 2;
	/* Those that are done still answer: others may wait for what their service does. */
	while (!atomic_load(&runner->actor.crowd->stop))
		actor_idle(&runner->actor);
	return NULL;
}

void crowd_run(struct crowd *crowd, bool (*body)(struct actor *actor))
{
	struct runner runners[IDTNTB_PORTS];
	unsigned count = crowd->topology.port_count, done;
	double end = crowd_now() + SECONDS;

	atomic_store(&crowd->stop, 0);
	for (unsigned slot = 0; slot < count; slot++) {
		runners[slot].body = body;
		runners[slot].result = 0;
		assert_true(actor_start(&runners[slot].actor, crowd, slot, 100 + slot));
	}
	for (unsigned slot = 0; slot < count; slot++)
		assert_int_equal(pthread_create(&runners[slot].thread, NULL, run, &runners[slot]), 0);
	do {
		nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
		done = 0;
		for (unsigned slot = 0; slot < count; slot++)
			done += atomic_load(&runners[slot].result) != 0;
	} while (done < count && crowd_now() < end);
	atomic_store(&crowd->stop, 1);
	for (unsigned slot = 0; slot < count; slot++)
		pthread_join(runners[slot].thread, NULL);
	for (unsigned slot = 0; slot < count; slot++)
		actor_stop(&runners[slot].actor);
	for (unsigned slot = 0; slot < count; slot++) {
		if (runners[slot].result != 1)
			fail_msg("host %u: something was wrong", slot);
	}
	if (done < count)
		fail_msg("%u of %u hosts got stuck", count - done, count);
}
