/* SPDX-License-Identifier: BSD-3-Clause */
/* What files there are, and who writes them. */
#include "mount.h"

static void render_subject(FILE *out, const struct idtntb_snapshot *snapshot, const struct place *place)
{
	place->subject->print(out, snapshot, place->slot, IDTNTB_PRINT_ALL);
}

static void render_register(FILE *out, const struct idtntb_snapshot *snapshot, const struct place *place)
{
	idtntb_register_print(out, snapshot, &place->ref, place->facet);
}

static void render_window(FILE *out, const struct idtntb_snapshot *snapshot, const struct place *place)
{
	idtntb_window_print(out, snapshot, place->slot, place->window);
}

static void render_state(FILE *out, const struct idtntb_snapshot *snapshot, const struct place *place)
{
	idtntb_json_print(out, idtntb_state_json(snapshot, place->slot));
}

static void render_dot(FILE *out, const struct idtntb_snapshot *snapshot, const struct place *place)
{
	(void)place;
	idtntb_dot_print(out, snapshot);
}

/* What may hold for a moment in a switch at work is no fault before a second look, for which no reader of a file waits. */
static void doubt(struct idtntb_findings *findings)
{
	for (size_t f = 0; f < findings->count; f++) {
		if (findings->items[f].momentary && findings->items[f].severity > IDTNTB_NOTE)
			findings->items[f].severity = IDTNTB_NOTE;
	}
}

static void render_check(FILE *out, const struct idtntb_snapshot *snapshot, const struct place *place)
{
	struct idtntb_findings findings;

	if (place->slot == IDTNTB_SLOT_ALL ? idtntb_check(&findings, snapshot)
					   : idtntb_check_port(&findings, snapshot, place->slot)) {
		fputs("not enough memory for a check\n", out);
		return;
	}
	doubt(&findings);
	idtntb_findings_print(out, &findings, IDTNTB_OK, 0);
	idtntb_findings_free(&findings);
}

/* Directories come before the subjects: a name that is taken is not given again. */
const struct entry mount_entries[] = {
	{ "ports/<port>/nt/<register>/<facet>", render_register, NULL },
	{ "ports/<port>/windows/summary", render_subject, "windows" },
	{ "ports/<port>/windows/<window>", render_window, NULL },
	{ "ports/<port>/check", render_check, NULL },
	{ "ports/<port>/state.json", render_state, NULL },
	{ "ports/<port>/<subject>", render_subject, NULL },
	{ "partitions/summary", render_subject, "partitions" },
	{ "partitions/<partition>/<its-register>/<facet>", render_register, NULL },
	{ "stats/summary", render_subject, "stats" },
	{ "stats/<port>", render_subject, "stats" },
	{ "switch/<register>/<facet>", render_register, NULL },
	{ "topology.dot", render_dot, NULL },
	{ "check", render_check, NULL },
	{ "state.json", render_state, NULL },
	{ "<subject>", render_subject, NULL },
};

const size_t mount_entry_count = sizeof(mount_entries) / sizeof(mount_entries[0]);
