/* SPDX-License-Identifier: BSD-3-Clause */
/* What two hosts do on any transport. A test of a behaviour runs over every one of them. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "host.h"

/* a and b hold the ports with index 0 and 1, in partitions 0 and 1. */
void scenario_doorbells(struct host *a, struct host *b);
void scenario_messages(struct host *a, struct host *b);
/* Windows by copy: all sizes and alignments, both ways, large blocks, holes, order before a doorbell. */
void scenario_copy(struct host *a, struct host *b);
/* Both read the other's window at the same time, each in a thread of its own. */
void scenario_both_read(struct host *a, struct host *b);
/* Windows mapped: appear, follow changes of target, RAM and link, and go. */
void scenario_mapped(struct host *a, struct host *b);
/* Descriptors that must not be mapped are not, and the window goes by copy. */
void scenario_refused_ram(const char *spec);

#endif
