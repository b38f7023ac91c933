/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl info, topology and show: one subject. */
#include "ctl.h"

#include <string.h>

struct show {
	struct ctl *ctl;
	const char *subject, *port;
	bool all, dot;
};

enum { OPTION_ALL = 'a', OPTION_DOT = OPTION_OWN };

/* Print a subject of a slot, as text or as JSON. */
static void print_subject(const struct ctl *ctl, const struct idtntb_subject *subject, unsigned slot, unsigned flags)
{
	if (ctl->json)
		idtntb_json_print(stdout, subject->json(&ctl->snapshot, slot));
	else
		subject->print(stdout, &ctl->snapshot, slot, flags | ctl_color(ctl));
}

static error_t parse_info(int key, char *argument, struct argp_state *state)
{
	return ctl_parse_key(key, argument, state, ((struct show *)state->input)->ctl);
}

static const struct argp info_argp = {
	.parser = parse_info,
	.doc = "Tell what switch it is, how its ports are set up, and who is there.",
	.children = ctl_children,
};

int command_info(struct ctl *ctl, int argc, char **argv)
{
	struct show show = { .ctl = ctl };

	ctl_parse(ctl, &info_argp, argc, argv, &show);
	if (ctl_open(ctl))
		return CTL_FAILED;
	print_subject(ctl, idtntb_subject_find("info"), IDTNTB_SLOT_ALL, IDTNTB_PRINT_ALL);
	return CTL_DONE;
}

static const struct argp_option topology_options[] = {
	{ "dot", OPTION_DOT, NULL, 0, "As a graph for Graphviz: idtntbctl topology --dot | dot -Tsvg", 0 },
	{ 0 },
};

static error_t parse_topology(int key, char *argument, struct argp_state *state)
{
	struct show *show = state->input;

	if (key != OPTION_DOT)
		return ctl_parse_key(key, argument, state, show->ctl);
	show->dot = true;
	return 0;
}

static const struct argp topology_argp = {
	.options = topology_options,
	.parser = parse_topology,
	.doc = "Show ports, hosts and links: which port sees which, and if not, why.",
	.children = ctl_children,
};

int command_topology(struct ctl *ctl, int argc, char **argv)
{
	struct show show = { .ctl = ctl };

	ctl_parse(ctl, &topology_argp, argc, argv, &show);
	if (show.dot && ctl->json)
		refuse("--dot and --json: one of them; a graph is no JSON");
	if (ctl_open(ctl))
		return CTL_FAILED;
	if (show.dot)
		idtntb_dot_print(stdout, &ctl->snapshot);
	else
		print_subject(ctl, idtntb_subject_find("topology"), IDTNTB_SLOT_ALL, IDTNTB_PRINT_ALL);
	return CTL_DONE;
}

static const struct argp_option show_options[] = {
	{ "all", OPTION_ALL, NULL, 0, "Also what is closed, empty or as after power-on", 0 },
	{ 0 },
};

static error_t parse_show(int key, char *argument, struct argp_state *state)
{
	struct show *show = state->input;

	switch (key) {
	case OPTION_ALL:
		show->all = true;
		return 0;
	case ARGP_KEY_ARG:
		if (show->port)
			break;
		*(show->subject ? &show->port : &show->subject) = argument;
		return 0;
	}
	return ctl_parse_key(key, argument, state, show->ctl);
}

/* The subjects, where argp puts the text after the options. */
static char *list_subjects(int key, const char *text, void *input)
{
	const struct idtntb_subject *subject;
	char *list = NULL;
	size_t size;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC || !(out = open_memstream(&list, &size)))
		return (char *)(uintptr_t)text;
	fputs("Subjects:\n", out);
	for (unsigned i = 0; (subject = idtntb_subject_get(i)); i++)
		fprintf(out, "  %-14s %s\n", subject->name, subject->brief);
	return fclose(out) ? (char *)(uintptr_t)text : list;
}

static const struct argp show_argp = {
	.options = show_options,
	.parser = parse_show,
	.args_doc = "SUBJECT [PORT]",
	.doc = "Show one subject of the whole switch or of a port.\v",
	.children = ctl_children,
	.help_filter = list_subjects,
};

static const struct idtntb_subject *find_subject(const char *name)
{
	const struct idtntb_subject *subject = name ? idtntb_subject_find(name) : NULL;
	char list[256] = "";
	size_t at = 0;

	for (unsigned i = 0; !subject && idtntb_subject_get(i) && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "",
				       idtntb_subject_get(i)->name);
	if (!subject)
		refuse("%.40s: not a subject; %s expected", name ? name : "show", list);
	return subject;
}

int command_show(struct ctl *ctl, int argc, char **argv)
{
	struct show show = { .ctl = ctl };
	const struct idtntb_subject *subject;
	unsigned slot;

	ctl_parse(ctl, &show_argp, argc, argv, &show);
	subject = find_subject(show.subject);
	if (show.port && !subject->of_port)
		refuse("%.40s: %s is of the whole switch; without a port", show.port, subject->name);
	if (ctl_open(ctl))
		return CTL_FAILED;
	slot = show.port ? ctl_slot(ctl, show.port) : IDTNTB_SLOT_ALL;
	print_subject(ctl, subject, slot, show.all ? IDTNTB_PRINT_ALL : 0);
	return CTL_DONE;
}
