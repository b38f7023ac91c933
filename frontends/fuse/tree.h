/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The directory tree of a mount: made once from the table of entries and the topology, and never changed.
 */
#ifndef TREE_H
#define TREE_H

#include <idtntb-inspect.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a file is about: as much of it as its path has said. */
struct place {
	const struct idtntb_subject *subject;
	unsigned slot; /* or IDTNTB_SLOT_ALL */
	unsigned partition;
	unsigned window; /* IDTNTB_WINDOW() number */
	struct idtntb_register_ref ref;
	enum idtntb_facet facet;
};

/* A kind of file. */
struct entry {
	/* Components separated by slashes; what is in brackets stands for each there is, see tree.c. */
	const char *path;
	/* Write the file's content for that place. */
	void (*render)(FILE *out, const struct idtntb_snapshot *snapshot, const struct place *place);
	/* Name of the subject where the path does not say it; or NULL. */
	const char *subject;
};

#define NODE_NAME 48

/* A file or a directory. Its inode number is its index plus one; the root's is 1, as FUSE has it. */
struct node {
	char name[NODE_NAME];
	uint32_t parent, first, last, next; /* indexes; 0 = none, for the root is nobody's child */
	const struct entry *entry; /* NULL: a directory */
	struct place place;
	size_t size; /* of a file, as last rendered */
	unsigned subdirectories;
};

struct tree {
	struct node *nodes;
	uint32_t count, room;
};

/*
 * Make the tree of a switch. Where two entries want the same name in a directory the first has it.
 * @return 0 or -ENOMEM.
 */
int tree_build(struct tree *tree, const struct idtntb_snapshot *snapshot, const struct entry *entries, size_t count);
void tree_free(struct tree *tree);

/* The child of that name, or 0. */
uint32_t tree_child(const struct tree *tree, uint32_t parent, const char *name);

#endif
