/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of views share. */
#ifndef LOOKING_H
#define LOOKING_H

#include "bed.h"

#include <idtntb-view.h>

#define NTSDATA 0x40Cu
#define GLOBAL(port, offset) ((port)*0x2000u + 0x1000u + (offset))

/* A switch in a daemon: it goes with it, and its ports do not need their owners to run. */
bool view_remote(const struct bed_kind *kind);
/* What the host has posted has been done. */
void view_settle(struct host *host);
/* These fail the test when they cannot. */
struct idtntb_view *view_of(const struct bed *bed);
void view_refresh(struct idtntb_view *view);
/* Of the last snapshot. */
uint32_t view_peek(struct idtntb_view *view, uint32_t address);
struct idtntb_member view_member(struct idtntb_view *view, unsigned port);

#endif
