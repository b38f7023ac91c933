/* SPDX-License-Identifier: BSD-3-Clause */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Make place the next thing of a kind, the n-th, and name it; false past the last. What it left in place the last time is
 * still there.
 */
typedef bool next(const struct idtntb_snapshot *snapshot, struct place *place, unsigned n, char name[NODE_NAME]);

struct expansion {
	const char *text; /* in paths */
	next *get;
};

struct builder {
	struct tree *tree;
	const struct idtntb_snapshot *snapshot;
	const struct entry *entry;
	int error;
};

static bool next_port(const struct idtntb_snapshot *snapshot, struct place *place, unsigned n, char name[NODE_NAME])
{
	const struct idtntb_topology *topology = idtntb_switch_topology(snapshot->sw);

	if (n >= topology->port_count)
		return false;
	place->slot = n;
	snprintf(name, NODE_NAME, "%u", topology->ports[n].port);
	return true;
}

static bool next_partition(const struct idtntb_snapshot *snapshot, struct place *place, unsigned n,
			   char name[NODE_NAME])
{
	(void)snapshot;
	place->partition = n;
	snprintf(name, NODE_NAME, "%u", n);
	return n < IDTNTB_PARTITIONS;
}

/* Memory windows by the number that Linux gives them. */
static bool next_window(const struct idtntb_snapshot *snapshot, struct place *place, unsigned n, char name[NODE_NAME])
{
	const int window = idtntb_window_of_mw(snapshot, place->slot, n);

	if (window < 0)
		return false;
	place->window = (unsigned)window;
	snprintf(name, NODE_NAME, "%u", n);
	return true;
}

/* Of the port that the path has named before, or of the switch. */
static bool next_register(const struct idtntb_snapshot *snapshot, struct place *place, unsigned n, char name[NODE_NAME])
{
	if (!n)
		place->ref = (struct idtntb_register_ref){ 0 };
	if (!idtntb_register_next(&place->ref, snapshot->sw, place->slot))
		return false;
	snprintf(name, NODE_NAME, "%s", place->ref.name);
	return true;
}

/* The manual calls what there is once a partition SWPARTx... and SWPx..., x being the partition (section 4.3, 8). */
static bool next_of_partition(const struct idtntb_snapshot *snapshot, struct place *place, unsigned n,
			      char name[NODE_NAME])
{
	while (next_register(snapshot, place, n++, name)) {
		if (!strncmp(place->ref.reg->name, "SWP", 3) && place->ref.reg->count[0] == IDTNTB_PARTITIONS &&
		    place->ref.i == place->partition)
			return true;
	}
	return false;
}

static bool next_facet(const struct idtntb_snapshot *snapshot, struct place *place, unsigned n, char name[NODE_NAME])
{
	const char *text = idtntb_facet_name((enum idtntb_facet)n);

	(void)snapshot;
	place->facet = (enum idtntb_facet)n;
	snprintf(name, NODE_NAME, "%s", text ? text : "");
	return text;
}

/* Of a port, or of the switch. */
static bool next_subject(const struct idtntb_snapshot *snapshot, struct place *place, unsigned n, char name[NODE_NAME])
{
	const struct idtntb_subject *subject;

	(void)snapshot;
	for (unsigned index = 0; (subject = idtntb_subject_get(index)); index++) {
		if (!(place->slot == IDTNTB_SLOT_ALL ? subject->of_switch : subject->of_port) || n--)
			continue;
		place->subject = subject;
		snprintf(name, NODE_NAME, "%s", subject->name);
		return true;
	}
	return false;
}

static const struct expansion expansions[] = {
	{ "<port>", next_port },         { "<partition>", next_partition },       { "<window>", next_window },
	{ "<register>", next_register }, { "<its-register>", next_of_partition }, { "<facet>", next_facet },
	{ "<subject>", next_subject },
};

static const struct expansion *find_expansion(const char *component, size_t length)
{
	for (size_t i = 0; i < sizeof(expansions) / sizeof(expansions[0]); i++) {
		if (strlen(expansions[i].text) == length && !memcmp(expansions[i].text, component, length))
			return &expansions[i];
	}
	return NULL;
}

uint32_t tree_child(const struct tree *tree, uint32_t parent, const char *name)
{
	uint32_t child = tree->nodes[parent].first;

	while (child && strcmp(tree->nodes[child].name, name))
		child = tree->nodes[child].next;
	return child;
}

/* A node at the end of the array; 0 when memory is out (the root is made before anything can be looked up). */
static uint32_t append(struct tree *tree)
{
	if (tree->count == tree->room) {
		const uint32_t room = tree->room ? 2 * tree->room : 1024;
		struct node *nodes = realloc(tree->nodes, room * sizeof(*nodes));

		if (!nodes)
			return 0;
		tree->nodes = nodes;
		tree->room = room;
	}
	memset(&tree->nodes[tree->count], 0, sizeof(tree->nodes[0]));
	return tree->count++;
}

static uint32_t add(struct tree *tree, uint32_t parent, const char *name, const struct entry *entry,
		    const struct place *place)
{
	const uint32_t index = append(tree);
	struct node *node, *above;

	if (!index)
		return 0;
	node = &tree->nodes[index];
	above = &tree->nodes[parent];
	memcpy(node->name, name, strlen(name) + 1);
	node->parent = parent;
	node->entry = entry;
	node->place = *place;
	if (above->last)
		tree->nodes[above->last].next = index;
	else
		above->first = index;
	above->last = index;
	above->subdirectories += !entry;
	return index;
}

static void expand(struct builder *builder, uint32_t parent, const char *path, struct place place);

/* One component is named; go on below it with the rest of the path, or make the file. */
static void enter(struct builder *builder, uint32_t parent, const char *name, const char *rest,
		  const struct place *place)
{
	uint32_t node = tree_child(builder->tree, parent, name);

	if (node && (!*rest || builder->tree->nodes[node].entry))
		return;
	if (!node)
		node = add(builder->tree, parent, name, *rest ? NULL : builder->entry, place);
	if (!node)
		builder->error = -ENOMEM;
	else if (*rest)
		expand(builder, node, rest + 1, *place);
}

static void expand(struct builder *builder, uint32_t parent, const char *path, struct place place)
{
	const size_t length = strcspn(path, "/");
	const struct expansion *expansion = find_expansion(path, length);
	char name[NODE_NAME];

	if (!expansion) {
		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		enter(builder, parent, name, path + length, &place);
		return;
	}
	for (unsigned n = 0; !builder->error && expansion->get(builder->snapshot, &place, n, name); n++)
		enter(builder, parent, name, path + length, &place);
}

int tree_build(struct tree *tree, const struct idtntb_snapshot *snapshot, const struct entry *entries, size_t count)
{
	struct builder builder = { .tree = tree, .snapshot = snapshot };
	struct place place = { .slot = IDTNTB_SLOT_ALL };

	*tree = (struct tree){ 0 };
	append(tree);
	if (!tree->count)
		return -ENOMEM;
	for (size_t i = 0; i < count && !builder.error; i++) {
		builder.entry = &entries[i];
		place.subject = entries[i].subject ? idtntb_subject_find(entries[i].subject) : NULL;
		expand(&builder, 0, entries[i].path, place);
	}
	if (builder.error)
		tree_free(tree);
	return builder.error;
}

void tree_free(struct tree *tree)
{
	free(tree->nodes);
	*tree = (struct tree){ 0 };
}
