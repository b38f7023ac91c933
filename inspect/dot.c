/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The topology as a Graphviz graph. What goes into it are numbers and constant texts, so nothing needs quoting.
 */
#include "check.h"

static void port_print(FILE *out, const struct inspect_side *side)
{
	const char *why = check_side_brief(side);

	fprintf(out, "\tport%u [label=\"port %u\\npartition %u\", shape=box, style=filled, fillcolor=%s];\n",
		side->port, side->port, side->partition, why ? "mistyrose" : "honeydew");
	if (side->member.owner)
		fprintf(out, "\thost%u [label=\"host %u\", shape=ellipse];\n", side->port, side->member.owner);
	else
		fprintf(out, "\thost%u [label=\"no host\", shape=ellipse, style=dashed];\n", side->port);
	fprintf(out, "\thost%u -- port%u [color=%s, label=\"%s\"];\n", side->port, side->port,
		side->linkup ? "darkgreen" : "red", why ? why : "");
}

static void pair_print(FILE *out, const struct inspect_side *one, const struct inspect_side *other)
{
	bool up = inspect_sees(one, other) && inspect_sees(other, one);

	fprintf(out, "\tport%u -- port%u [color=%s, style=%s, label=\"%s\"];\n", one->port, other->port,
		up ? "darkgreen" : "red", up ? "solid" : "dashed", up ? "up" : "down");
}

void idtntb_dot_print(FILE *out, const struct idtntb_snapshot *snapshot)
{
	struct inspect_side one, other;

	fprintf(out,
		"graph ntb {\n\tlabel=\"%s\";\n\tnode [fontname=\"sans-serif\"];\n\tedge [fontname=\"sans-serif\"];\n",
		idtntb_switch_topology(snapshot->sw)->chip->name);
	for (unsigned s = 0; inspect_has(snapshot, s); s++) {
		inspect_side(&one, snapshot, s);
		port_print(out, &one);
		for (unsigned p = s + 1; inspect_has(snapshot, p); p++) {
			inspect_side(&other, snapshot, p);
			pair_print(out, &one, &other);
		}
	}
	fputs("}\n", out);
}
