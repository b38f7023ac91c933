/* SPDX-License-Identifier: BSD-3-Clause */
/* Two hosts that do nothing wrong, on a daemon that others offend. */
#ifndef SCENE_H
#define SCENE_H

#include "raw.h"
#include "scenario.h"

#define QUICK_MS 8000 /* for what happens at once on an idle machine */

struct scene {
	struct place place;
	struct host a, b;
	unsigned before;
};

void scene_open(struct scene *scene, const char *silence);
/* The second leaves: its port is what offenders take. It returns when the daemon keeps nothing of them. */
void second_leaves(struct scene *scene);
void second_returns(struct scene *scene);
/* Checks that all is as it was, before it ends: the two work, and the daemon has no descriptor more. */
void scene_close(struct scene *scene);
/* The same, with no look at the two: for offences that any holder of a port can commit. */
void scene_abandon(struct scene *scene);

/* The daemon hangs up, for what these words say. */
void expect_bye(int fd, const char *words);

#endif
