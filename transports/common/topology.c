/* SPDX-License-Identifier: BSD-3-Clause */
/* Topologies as a person sees them: what differs, which ports there are. */
#include "error.h"
#include "transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static int setup_same(const struct idtntb_port_setup *wanted, const struct idtntb_port_setup *found,
		      struct idtntb_error *error)
{
	if (wanted->partition != found->partition)
		return ntb_fail(error, -EINVAL, "the switch has port %u in partition %u, not %u: ask for the same",
				found->port, found->partition, wanted->partition);
	if (wanted->link_speed != found->link_speed || wanted->link_width != found->link_width)
		return ntb_fail(error, -EINVAL,
				"the switch has port %u as gen %u x%u, not gen %u x%u: ask for the same", found->port,
				found->link_speed, found->link_width, wanted->link_speed, wanted->link_width);
	for (unsigned bar = 0; bar < IDTNTB_BARS; bar++) {
		if (wanted->barsetup[bar] != found->barsetup[bar])
			return ntb_fail(error, -EINVAL,
					"the switch has BARSETUP%u 0x%08x on port %u, not 0x%08x: "
					"ask for the same bars",
					bar, found->barsetup[bar], found->port, wanted->barsetup[bar]);
	}
	return 0;
}

int ntb_topology_same(const struct idtntb_topology *wanted, const struct idtntb_topology *found,
		      struct idtntb_error *error)
{
	char ports[64], others[64];

	if (wanted->chip != found->chip)
		return ntb_fail(error, -EINVAL, "the switch is a %s, not a %s: ask for the same chip",
				found->chip->name, wanted->chip->name);
	ntb_topology_ports(wanted, UINT32_MAX, ports, sizeof(ports));
	ntb_topology_ports(found, UINT32_MAX, others, sizeof(others));
	if (strcmp(ports, others))
		return ntb_fail(error, -EINVAL, "the switch has NT ports %s, not %s: ask for the same ports", others,
				ports);
	for (unsigned slot = 0; slot < found->port_count; slot++) {
		int ret = setup_same(&wanted->ports[slot], &found->ports[slot], error);

		if (ret)
			return ret;
	}
	for (unsigned bell = 0; bell < IDTNTB_DOORBELLS; bell++) {
		if (wanted->godbellmsk[bell] != found->godbellmsk[bell] ||
		    wanted->gidbellmsk[bell] != found->gidbellmsk[bell])
			return ntb_fail(error, -EINVAL, "the switch has other masks for doorbell %u: ask for the same",
					bell);
	}
	return 0;
}
