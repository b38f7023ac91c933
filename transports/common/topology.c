/* SPDX-License-Identifier: BSD-3-Clause */
/* The topology of a switch: which to make, which ports there are. */
#include "transport.h"

#include <stdio.h>

char *ntb_topology_ports(const struct idtntb_topology *topology, uint32_t slots, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (unsigned slot = 0; slot < topology->port_count && used < size; slot++) {
		if (slots & 1u << slot)
			used += (size_t)snprintf(text + used, size - used, "%s%u", used ? ", " : "",
						 topology->ports[slot].port);
	}
	return text;
}

int ntb_topology_choose(struct idtntb_topology *topology, const struct idtntb_attach_options *options,
			struct idtntb_error *error)
{
	if (!options->topology)
		return idtntb_topology_parse(topology, NULL, NULL, NULL, error);
	*topology = *options->topology;
	return idtntb_topology_check(topology, error);
}
