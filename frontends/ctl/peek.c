/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl peek and poke: registers by name or address. */
#include "ctl.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

struct peek {
	struct ctl *ctl;
	char **targets;
	unsigned count;
	bool value_only, facets;
};

enum { OPTION_VALUE = 'v', OPTION_LONG = 'l' };

static const struct argp_option peek_options[] = {
	{ "value", OPTION_VALUE, NULL, 0, "Print nothing but the value", 0 },
	{ "long", OPTION_LONG, NULL, 0, "Tell all: fields, reset value, access, what it is", 0 },
	{ 0 },
};

static error_t parse_peek(int key, char *argument, struct argp_state *state)
{
	struct peek *peek = state->input;

	switch (key) {
	case OPTION_VALUE:
		peek->value_only = true;
		return 0;
	case OPTION_LONG:
		peek->facets = true;
		return 0;
	case ARGP_KEY_ARG:
		(void)argument;
		/* All the rest are targets; argp has put them behind the options. */
		return ARGP_ERR_UNKNOWN;
	case ARGP_KEY_ARGS:
		peek->targets = state->argv + state->next;
		peek->count = (unsigned)(state->argc - state->next);
		return 0;
	}
	return ctl_parse_key(key, argument, state, peek->ctl);
}

static const struct argp peek_argp = {
	.options = peek_options,
	.parser = parse_peek,
	.args_doc = "REGISTER...",
	.doc = "Read registers without any side effect: by name (0:NTCTL, 2:BARSETUP0: port and register of its NT "
	       "function; SWPORT0STS: of the switch) or by address (0:0x400, 0x3E204).",
	.children = ctl_children,
};

static void print_long(const struct ctl *ctl, const struct idtntb_register_ref *ref)
{
	idtntb_register_print_line(stdout, &ctl->snapshot, ref, ctl_color(ctl) | IDTNTB_PRINT_ALL);
	for (unsigned facet = 0; facet < IDTNTB_FACETS; facet++) {
		printf("%s:\n", idtntb_facet_name((enum idtntb_facet)facet));
		idtntb_register_print(stdout, &ctl->snapshot, ref, (enum idtntb_facet)facet);
	}
}

static void print_register(const struct peek *peek, const struct idtntb_register_ref *ref)
{
	if (peek->value_only)
		printf("0x%08x\n", idtntb_switch_peek(peek->ctl->snapshot.sw, ref->address));
	else if (peek->facets)
		print_long(peek->ctl, ref);
	else
		idtntb_register_print_line(stdout, &peek->ctl->snapshot, ref, ctl_color(peek->ctl) | IDTNTB_PRINT_ALL);
}

int command_peek(struct ctl *ctl, int argc, char **argv)
{
	struct peek peek = { .ctl = ctl };
	struct idtntb_register_ref *refs;
	struct json_object *list = NULL;

	ctl_parse(ctl, &peek_argp, argc, argv, &peek);
	if (!peek.count)
		refuse("peek wants a register: 0:NTCTL, 0:0x400, SWPORT0STS or 0x3E204");
	if (ctl_open(ctl))
		return CTL_FAILED;
	refs = calloc(peek.count, sizeof(*refs));
	if (!refs) {
		say("not enough memory for %u registers", peek.count);
		return CTL_FAILED;
	}
	/* A bad one among them is found before anything is printed. */
	for (unsigned i = 0; i < peek.count; i++)
		refs[i] = ctl_register(ctl, peek.targets[i]);
	if (ctl->json)
		list = json_object_new_array();
	for (unsigned i = 0; i < peek.count; i++) {
		if (ctl->json)
			json_object_array_add(list, idtntb_register_json(&ctl->snapshot, &refs[i]));
		else
			print_register(&peek, &refs[i]);
	}
	if (ctl->json)
		idtntb_json_print(stdout, list);
	free(refs);
	return CTL_DONE;
}

struct poke {
	struct ctl *ctl;
	const char *target, *value;
};

static error_t parse_poke(int key, char *argument, struct argp_state *state)
{
	struct poke *poke = state->input;

	if (key != ARGP_KEY_ARG || poke->value)
		return ctl_parse_key(key, argument, state, poke->ctl);
	*(poke->target ? &poke->value : &poke->target) = argument;
	return 0;
}

static const struct argp poke_argp = {
	.parser = parse_poke,
	.args_doc = "REGISTER VALUE",
	.doc = "Ask the owner of a port to write one of its registers, as its guest would, with all effects; any owner, if it is a "
	       "register of the switch. It must have been started so that it accepts this: idt-ntb's property poke=on, "
	       "idtntb-vfio-user --poke.",
	.children = ctl_children,
};

/* Any owner can write a register of the switch: the first that accepts it. */
static int poke_any(struct ctl *ctl, uint32_t address, uint32_t value, struct idtntb_error *error)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(ctl->snapshot.sw);
	int ret = -ENXIO;

	for (unsigned slot = 0; slot < topology->port_count && (ret == -ENXIO || ret == -EACCES); slot++) {
		/* Of several reasons that of one who is there is worth more. */
		struct idtntb_error reason = { "" };
		const int last = ret;

		ret = idtntb_view_poke(ctl->view, topology->ports[slot].port, address, value, &reason);
		if (ret == -ENXIO && slot)
			ret = last;
		else
			*error = reason;
	}
	return ret;
}

static int do_poke(struct ctl *ctl, const struct idtntb_register_ref *ref, uint32_t value)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(ctl->snapshot.sw);
	struct idtntb_error error = { "" };
	int ret;

	if (ref->slot == IDTNTB_SLOT_ALL)
		ret = poke_any(ctl, ref->address, value, &error);
	else
		ret = idtntb_view_poke(ctl->view, topology->ports[ref->slot].port,
				       idtntb_register_address(ref->reg, ref->i, ref->j), value, &error);
	if (ret || ctl_refresh(ctl, &error)) {
		say("%s", error.text);
		return CTL_FAILED;
	}
	if (ctl->json)
		idtntb_json_print(stdout, idtntb_register_json(&ctl->snapshot, ref));
	else
		idtntb_register_print_line(stdout, &ctl->snapshot, ref, ctl_color(ctl) | IDTNTB_PRINT_ALL);
	return CTL_DONE;
}

int command_poke(struct ctl *ctl, int argc, char **argv)
{
	struct poke poke = { .ctl = ctl };
	struct idtntb_register_ref ref;
	unsigned long value;

	ctl_parse(ctl, &poke_argp, argc, argv, &poke);
	if (!poke.value)
		refuse("poke wants a register and a value: poke 0:NTCTL 0x2");
	if (!ctl_number(poke.value, UINT32_MAX, &value))
		refuse("%.40s: not a value of 32 bits; decimal or 0x...", poke.value);
	if (ctl_open(ctl))
		return CTL_FAILED;
	ref = ctl_register(ctl, poke.target);
	return do_poke(ctl, &ref, (uint32_t)value);
}
