/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl dump: all registers. */
#include "ctl.h"

struct dump {
	struct ctl *ctl;
	const char *port;
	bool raw, decoded, all;
};

enum { OPTION_ALL = 'a', OPTION_RAW = OPTION_OWN, OPTION_DECODED };

static const struct argp_option options[] = {
	{ "raw", OPTION_RAW, NULL, 0, "Addresses and values", 0 },
	{ "decoded", OPTION_DECODED, NULL, 0, "Names, values and fields (default)", 0 },
	{ "all", OPTION_ALL, NULL, 0, "Also what is as after power-on", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct dump *dump = state->input;

	switch (key) {
	case OPTION_RAW:
		dump->raw = true;
		return 0;
	case OPTION_DECODED:
		dump->decoded = true;
		return 0;
	case OPTION_ALL:
		dump->all = true;
		return 0;
	case ARGP_KEY_ARG:
		if (dump->port)
			break;
		dump->port = argument;
		return 0;
	}
	return ctl_parse_key(key, argument, state, dump->ctl);
}

static const struct argp dump_argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[PORT]",
	.doc = "Dump the whole switch, or one port. With --json: everything that is known, not registers alone.",
	.children = ctl_children,
};

int command_dump(struct ctl *ctl, int argc, char **argv)
{
	struct dump dump = { .ctl = ctl };
	unsigned slot;

	ctl_parse(ctl, &dump_argp, argc, argv, &dump);
	if (dump.raw + dump.decoded + ctl->json > 1)
		refuse("--raw, --decoded and --json: one of them");
	if (ctl_open(ctl))
		return CTL_FAILED;
	slot = dump.port ? ctl_slot(ctl, dump.port) : IDTNTB_SLOT_ALL;
	if (ctl->json)
		idtntb_json_print(stdout, idtntb_state_json(&ctl->snapshot, slot));
	else
		idtntb_subject_find(dump.raw ? "raw" : "dump")
			->print(stdout, &ctl->snapshot, slot, (dump.all ? IDTNTB_PRINT_ALL : 0) | ctl_color(ctl));
	return CTL_DONE;
}
