/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port in figures.
 */
#include "inspect.h"

static uint32_t sees(const struct idtntb_snapshot *snapshot, const struct inspect_side *self)
{
	uint32_t slots = 0;

	for (unsigned s = 0; inspect_has(snapshot, s); s++) {
		struct inspect_side peer;

		if (s == self->slot)
			continue;
		inspect_side(&peer, snapshot, s);
		if (inspect_sees(self, &peer))
			slots |= 1u << s;
	}
	return slots;
}

static void windows_count(struct idtntb_overview *overview, const struct idtntb_snapshot *snapshot, unsigned slot)
{
	const void *counters = snapshot->counters[slot];
	struct idtntb_window_counts counts;
	struct idtntb_window info;

	for (unsigned w = 0; w < IDTNTB_WINDOWS; w++) {
		if (idtntb_switch_window(snapshot->sw, overview->port, w, &info))
			continue;
		overview->windows++;
		overview->windows_open += info.state == IDTNTB_WINDOW_OPEN;
		if (!counters)
			continue;
		idtntb_counters_window(counters, w, &counts);
		overview->windows_mapped += counts.mapped;
		overview->window_bytes_read += counts.read_bytes;
		overview->window_bytes_written += counts.written_bytes;
	}
}

void idtntb_overview(struct idtntb_overview *overview, const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct inspect_side side;

	memset(overview, 0, sizeof(*overview));
	if (!inspect_has(snapshot, slot))
		return;
	inspect_side(&side, snapshot, slot);
	overview->port = side.port;
	overview->partition = side.partition;
	overview->member = side.member;
	overview->linkup = side.linkup;
	overview->enabled = side.bme && side.cpen && side.valid;
	overview->sees = sees(snapshot, &side);
	overview->indbellsts = inspect_peek(snapshot, slot, "INDBELLSTS", 0, 0);
	overview->indbellmsk = inspect_peek(snapshot, slot, "INDBELLMSK", 0, 0);
	overview->msgsts = inspect_peek(snapshot, slot, "MSGSTS", 0, 0);
	overview->ntintsts = inspect_peek(snapshot, slot, "NTINTSTS", 0, 0);
	overview->ntintmsk = side.ntintmsk;
	windows_count(overview, snapshot, slot);
	if (!snapshot->counters[slot])
		return;
	overview->counted = true;
	overview->doorbells = inspect_counts(snapshot, slot, "OUTDBELLSET").writes;
	overview->messages = inspect_counts(snapshot, slot, "OUTMSG%u").writes;
	idtntb_counters_stats(snapshot->counters[slot], &overview->stats);
}
