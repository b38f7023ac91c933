/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts that run at the same time, in threads or in processes, on one block. Kicks are flags; nobody waits for anybody.
 */
#ifndef CROWD_H
#define CROWD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <idtntb.h>

/* What all share: in memory that a fork leaves shared. */
struct crowd {
	_Atomic uint32_t kicked[IDTNTB_PORTS];
	_Atomic uint32_t stop;
	_Atomic uint32_t failures; /* of processes, which cannot fail a test by themselves */
	_Atomic uint64_t progress[IDTNTB_PORTS];
	struct idtntb_topology topology;
	void *block;
};

/* One host, of one thread or process. */
struct actor {
	struct crowd *crowd;
	struct idtntb_switch *sw;
	struct idtntb_port *port;
	unsigned slot;
	unsigned msis; /* interrupts that no handler has taken */
	bool intx;
	bool mapped[IDTNTB_WINDOWS]; /* windows that were readable when last told of */
	uint64_t address[IDTNTB_WINDOWS]; /* their targets */
	unsigned reads; /* that went through a window to a peer */
	uint64_t read_address; /* of the last */
	uint64_t random;
};

/* A switch in shared memory; topology as idtntb_topology_parse() takes it. */
struct crowd *crowd_create(const char *ports);
void crowd_destroy(struct crowd *crowd);

/* Take a slot: attached, enumerated, link up and enabled, interrupts unmasked. False when something refuses. */
bool actor_start(struct actor *actor, struct crowd *crowd, unsigned slot, uint32_t owner);
void actor_stop(struct actor *actor);
/* Answer a kick, if there is one; else let others run. */
void actor_idle(struct actor *actor);
/* Whether the test is over, well or not. */
bool actor_stopped(struct actor *actor);
/* Whether an interrupt has come since the last call. */
bool actor_interrupted(struct actor *actor);

uint32_t actor_read(struct actor *actor, uint32_t offset);
void actor_write(struct actor *actor, uint32_t offset, uint32_t value);
uint32_t actor_global_read(struct actor *actor, uint32_t address);
void actor_global_write(struct actor *actor, uint32_t address, uint32_t value);
/* Route own message register m to register m of a slot. */
void actor_route(struct actor *actor, unsigned m, unsigned slot);
uint32_t actor_random(struct actor *actor);

/* Seconds of a clock that only runs forward. */
double crowd_now(void);

/*
 * Run `body` for each slot at the same time, each with an actor of its own; all must come to an end and return true.
 * crowd-threads.c does it in threads, crowd-fibers.c in turns that change at every atomic access of the core.
 */
void crowd_run(struct crowd *crowd, bool (*body)(struct actor *actor));
/* The same on a new switch each time, crowd_repeats times. */
void crowd_runs(const char *ports, bool (*body)(struct actor *actor));
/* Let somebody else run. */
void crowd_yield(void);
/* How long a test is, and how many times to run it. */
extern const unsigned crowd_rounds, crowd_repeats;

#endif
