/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A second, naive reading of sections 6.2 to 9, to compare the core with: one thread, no atomics, no cleverness.
 */
#ifndef MODEL_H
#define MODEL_H

#include "bench.h"

struct model_port {
	uint32_t doorbells;
	uint32_t full; /* inbound message registers, bits 3:0 */
	uint32_t failed; /* outbound ones */
	uint32_t data[IDTNTB_MESSAGES], source[IDTNTB_MESSAGES];
	uint32_t announced; /* act_previous of section 9 */
	unsigned msis; /* of the host, when last looked at */
};

struct model {
	struct bench *bench;
	struct model_port ports[IDTNTB_PORTS];
};

void model_init(struct model *model, struct bench *bench);
/* The function of `slot` was reset, or has a new owner. */
void model_reset(struct model *model, unsigned slot);
/* A host writes an own register: to be told before the core is. */
void model_write(struct model *model, unsigned slot, uint32_t offset, uint32_t value, uint32_t enabled);
/* Compare everything of a port; `restarted`: it was reset in this step, MSIs are not counted. */
void model_check(struct model *model, unsigned slot, bool restarted);
/* Compare a window with the decision of section 6.2. */
void model_check_window(const struct model *model, unsigned slot, unsigned index);

#endif
