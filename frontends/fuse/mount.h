/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mounted view of a switch.
 *
 * One thread serves the mount: a rendering takes a few milliseconds at most, and taking a snapshot is bounded. Guests
 * notice nothing of either.
 */
#ifndef MOUNT_H
#define MOUNT_H

#include "tree.h"

#include <idtntb-view.h>
#include <time.h>

#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>

/* What a file held when it was opened, until it is closed. */
struct open_file {
	struct open_file *next;
	fuse_ino_t ino;
	char *text;
	size_t size;
};

struct mount {
	struct idtntb_view *view;
	struct idtntb_topology topology; /* that the tree was made for */
	struct tree tree;
	int64_t taken; /* when the snapshot was, in milliseconds of the monotonic clock */
	int64_t gone_until; /* the same: when the switch, found gone, is looked for again */
	time_t taken_at, made_at; /* by the clock on the wall: the snapshot and the tree */
	struct open_file *open; /* all, the last opened first */
};

extern const struct fuse_lowlevel_ops mount_operations;

/* Open the switch and make the tree. @return 0 or -errno with error filled. */
int mount_prepare(struct mount *mount, const char *spec, struct idtntb_error *error);
void mount_end(struct mount *mount);

/* Have a snapshot that is not older than that. @return 0; -ENODEV: that switch is gone; -ENOMEM. */
int mount_refresh(struct mount *mount, unsigned max_age_ms);
/* Render a file from the last snapshot. @return its text, to be freed, or NULL when memory is out. */
char *mount_render(const struct mount *mount, const struct node *node, size_t *size);

/* Forget what a file held. */
void mount_close(struct mount *mount, struct open_file *file);

/* The table of all files, entries.c. */
extern const struct entry mount_entries[];
extern const size_t mount_entry_count;

#endif
