/* SPDX-License-Identifier: BSD-3-Clause */
#include "mount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void snapshot_fill(const struct mount *mount, struct idtntb_snapshot *snapshot)
{
	*snapshot = (struct idtntb_snapshot){ .sw = idtntb_view_switch(mount->view) };
	for (unsigned slot = 0; slot < mount->topology.port_count; slot++)
		snapshot->counters[slot] = idtntb_view_counters(mount->view, slot);
}

int mount_prepare(struct mount *mount, const char *spec, struct idtntb_error *error)
{
	struct idtntb_snapshot snapshot;
	int ret;

	*mount = (struct mount){ 0 };
	ret = idtntb_view_open(&mount->view, spec, error);
	if (ret)
		return ret;
	mount->taken = now_ms();
	mount->taken_at = mount->made_at = time(NULL);
	mount->topology = *idtntb_switch_topology(idtntb_view_switch(mount->view));
	snapshot_fill(mount, &snapshot);
	ret = tree_build(&mount->tree, &snapshot, mount_entries, mount_entry_count);
	if (ret) {
		snprintf(error->text, sizeof(error->text), "not enough memory for the tree of files");
		mount_end(mount);
	}
	return ret;
}

void mount_close(struct mount *mount, struct open_file *file)
{
	struct open_file **at = &mount->open;

	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	free(file->text);
	free(file);
}

void mount_end(struct mount *mount)
{
	/* The kernel need not have told us of the last that were closed. */
	while (mount->open)
		mount_close(mount, mount->open);
	tree_free(&mount->tree);
	idtntb_view_close(mount->view);
	mount->view = NULL;
}

int mount_refresh(struct mount *mount, unsigned max_age_ms)
{
	const int64_t now = now_ms();
	int ret;

	if (mount->taken_at && now - mount->taken < max_age_ms)
		return 0;
	if (now < mount->gone_until)
		return -ENODEV;
	mount->taken_at = 0;
	ret = idtntb_view_refresh(mount->view, NULL);
	/* One with other ports in its place is not the switch that was mounted: the tree would not fit. */
	if (!ret)
		ret = idtntb_topology_compare(&mount->topology, idtntb_switch_topology(idtntb_view_switch(mount->view)),
					      NULL);
	if (ret) {
		/* One that does not answer is left alone for as long as it was waited for: grep -r asks for thousands of files. */
		mount->gone_until = 2 * now_ms() - now;
		return ret == -ENOMEM ? ret : -ENODEV;
	}
	mount->taken = now;
	mount->taken_at = time(NULL);
	return 0;
}

char *mount_render(const struct mount *mount, const struct node *node, size_t *size)
{
	struct idtntb_snapshot snapshot;
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (!out)
		return NULL;
	snapshot_fill(mount, &snapshot);
	node->entry->render(out, &snapshot, &node->place);
	if (ferror(out) | fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
