/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl: the table of subcommands, and which one it is. */
#include "ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct command commands[] = {
	{ "info", "What switch it is, and who is there", command_info },
	{ "topology", "Ports and links as a tree, or for Graphviz", command_topology },
	{ "check", "What does not work, why, and what to do", command_check },
	{ "top", "A live view of all ports", command_top },
	{ "show", "One subject: windows, doorbells, messages, ...", command_show },
	{ "dump", "All registers, decoded or raw", command_dump },
	{ "peek", "Read registers by name or address, without side effects", command_peek },
	{ "poke", "Let a port's owner write one of its registers", command_poke },
	{ "link", "Break the link of a port on purpose, or mend it", command_link },
	{ "save", "Save the state of the switch to a file", command_save },
	{ "load", "Load a saved state into a switch that has no port attached", command_load },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

struct command_line {
	struct ctl *ctl;
	int command; /* index of its name in argv, or 0 */
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct command_line *line = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = line->ctl;
		return 0;
	case ARGP_KEY_ARG:
		(void)argument;
		/* All that follows is its own. */
		line->command = state->next - 1;
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The subcommands, where argp puts the text after the options. */
static char *list_commands(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t size;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC || !(out = open_memstream(&list, &size)))
		return (char *)(uintptr_t)text;
	fputs("Commands (each has --help):\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].brief);
	fputs("\nExit status: 0 done; 1 it could not be done, or check found a fault; 2 bad command line.", out);
	return fclose(out) ? (char *)(uintptr_t)text : list;
}

static const struct argp parser = {
	.parser = parse,
	.args_doc = "COMMAND [ARGUMENT...]",
	.doc = "Look into an emulated PCIe switch, and break it on purpose.\v",
	.children = ctl_children,
	.help_filter = list_commands,
};

static const struct command *find_command(const char *name)
{
	char list[256] = "";
	size_t at = 0;

	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "", commands[i].name);
	}
	refuse("%.40s: not a command; %s expected", name, list);
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .name = "idtntbctl" };
	struct command_line line = { .ctl = &ctl };
	int status;

	if (argp_parse(&parser, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_IN_ORDER, NULL, &line))
		ctl_refuse_option(&ctl);
	if (!line.command)
		refuse("a command is missing; idtntbctl --help lists them");
	status = find_command(argv[line.command])->run(&ctl, argc - line.command, argv + line.command);
	idtntb_view_close(ctl.view);
	if (fflush(stdout) || ferror(stdout)) {
		say("standard output cannot be written: %s", strerror(errno));
		return CTL_FAILED;
	}
	return status;
}
