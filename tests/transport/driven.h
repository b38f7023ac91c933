/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts that run in threads of their own while a test looks at them from outside. */
#ifndef DRIVEN_H
#define DRIVEN_H

#include "host.h"

#include <pthread.h>
#include <stdatomic.h>

/* One or two hosts served by a thread, until it is stopped. */
struct driven {
	struct host *a, *b;
	pthread_t thread;
	atomic_bool stop;
	_Atomic uint32_t links; /* slots whose link a finds up */
};

void driven_start(struct driven *driven, struct host *a, struct host *b);
void driven_stop(struct driven *driven);
bool driven_link_up(struct driven *driven, unsigned slot);

#define DRIVEN_UNTIL(condition)                                                                                        \
	do {                                                                                                           \
		int64_t driven_deadline_ = now_ms() + PATIENCE_MS;                                                     \
		while (!(condition)) {                                                                                 \
			if (now_ms() > driven_deadline_)                                                               \
				fail_msg("in vain: %s", #condition);                                                   \
			usleep(1000);                                                                                  \
		}                                                                                                      \
	} while (0)

/* A host on every port, each in a thread, that rings, writes where it may not, and answers, as fast as it can. */
struct crew {
	unsigned count;
	struct host hosts[IDTNTB_PORTS];
	pthread_t threads[IDTNTB_PORTS];
	atomic_bool stop;
};

void crew_start(struct crew *crew, const char *spec, const struct idtntb_topology *topology);
void crew_stop(struct crew *crew);

/* Somebody who writes random words all over a switch's memory. */
struct scribbler {
	void *memory;
	pthread_t thread;
	atomic_bool stop;
};

void scribbler_start(struct scribbler *scribbler, int memory);
void scribbler_stop(struct scribbler *scribbler);

#endif
