/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The subjects there are.
 */
#include "inspect.h"

static const struct idtntb_subject subjects[] = {
	{ "info", "chip, ports, their setup and who is there", true, true, inspect_info_print, inspect_info_json },
	{ "topology", "the ports as a tree, and who sees whom", true, false, inspect_topology_print,
	  inspect_topology_json },
	{ "link", "what each port brings to its links, and what keeps them down", true, true, inspect_link_print,
	  inspect_link_json },
	{ "partitions", "the switch's partitions", true, false, inspect_partitions_print, inspect_partitions_json },
	{ "mapping-table", "the NT mapping table, decoded", true, false, inspect_mapping_print, inspect_mapping_json },
	{ "doorbells", "who has which doorbell set, and the masks", true, true, inspect_doorbells_print,
	  inspect_doorbells_json },
	{ "messages", "message registers, full or empty, and routes", true, true, inspect_messages_print,
	  inspect_messages_json },
	{ "events", "interrupts and switch events", true, true, inspect_events_print, inspect_events_json },
	{ "windows", "where each memory window leads, and whether it is open", true, true, inspect_windows_print,
	  inspect_windows_json },
	{ "stats", "accesses, interrupts and refusals, as the owners count them", true, true, inspect_stats_print,
	  inspect_stats_json },
	{ "errors", "what the guests did that the chip would not accept, newest first", true, true,
	  inspect_errors_print, inspect_errors_json },
	{ "dump", "every register, decoded", true, true, inspect_dump_print, inspect_dump_json },
	{ "raw", "every register as address and value", true, true, inspect_raw_print, inspect_raw_json },
};

const struct idtntb_subject *idtntb_subject_get(unsigned index)
{
	return index < sizeof(subjects) / sizeof(subjects[0]) ? &subjects[index] : NULL;
}

const struct idtntb_subject *idtntb_subject_find(const char *name)
{
	for (unsigned s = 0; idtntb_subject_get(s); s++) {
		if (!strcmp(subjects[s].name, name))
			return &subjects[s];
	}
	return NULL;
}
