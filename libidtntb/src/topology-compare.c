/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether two topologies are one, and what the first difference is.
 */
#include "switch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void ports_print(const struct idtntb_topology *topology, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (unsigned slot = 0; slot < topology->port_count && used < size; slot++)
		used += (size_t)snprintf(text + used, size - used, "%s%u", used ? ", " : "",
					 topology->ports[slot].port);
}

static int setup_same(const struct idtntb_port_setup *wanted, const struct idtntb_port_setup *found,
		      struct idtntb_error *error)
{
	if (wanted->partition != found->partition)
		return idt_error(error, -EINVAL, "the switch has port %u in partition %u, not %u: ask for the same",
				 found->port, found->partition, wanted->partition);
	if (wanted->link_speed != found->link_speed || wanted->link_width != found->link_width)
		return idt_error(error, -EINVAL,
				 "the switch has port %u as gen %u x%u, not gen %u x%u: ask for the same", found->port,
				 found->link_speed, found->link_width, wanted->link_speed, wanted->link_width);
	for (unsigned bar = 0; bar < IDTNTB_BARS; bar++) {
		if (wanted->barsetup[bar] != found->barsetup[bar])
			return idt_error(error, -EINVAL,
					 "the switch has BARSETUP%u 0x%08x on port %u, not 0x%08x: "
					 "ask for the same bars",
					 bar, found->barsetup[bar], found->port, wanted->barsetup[bar]);
	}
	return 0;
}

int idtntb_topology_compare(const struct idtntb_topology *wanted, const struct idtntb_topology *found,
			    struct idtntb_error *error)
{
	char ports[64], others[64];

	if (wanted->chip != found->chip)
		return idt_error(error, -EINVAL, "the switch is a %s, not a %s: ask for the same chip",
				 found->chip->name, wanted->chip->name);
	ports_print(wanted, ports, sizeof(ports));
	ports_print(found, others, sizeof(others));
	if (strcmp(ports, others))
		return idt_error(error, -EINVAL, "the switch has NT ports %s, not %s: ask for the same ports", others,
				 ports);
	for (unsigned slot = 0; slot < found->port_count; slot++) {
		int ret = setup_same(&wanted->ports[slot], &found->ports[slot], error);

		if (ret)
			return ret;
	}
	for (unsigned bell = 0; bell < IDTNTB_DOORBELLS; bell++) {
		if (wanted->godbellmsk[bell] != found->godbellmsk[bell] ||
		    wanted->gidbellmsk[bell] != found->gidbellmsk[bell])
			return idt_error(error, -EINVAL, "the switch has other masks for doorbell %u: ask for the same",
					 bell);
	}
	return 0;
}
