/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OPTION_HELP = '?',
	OPTION_VERSION = 'V',
	OPTION_CHIP = 256, /* long only from here on */
	OPTION_PORTS,
	OPTION_BARS,
	OPTION_MODE,
};

/* clang-format off */
static const struct argp_option switch_table[] = {
	{ "chip", OPTION_CHIP, "NAME", 0,
	  "Member of the switch family; default 89HPES24NT6AG2 for up to six ports, else 89HPES32NT8AG2", 0 },
	{ "ports", OPTION_PORTS, "N|LIST", 0,
	  "How many hosts (default 2), or their port numbers, each with a partition if wanted: 0,4,6 or 0=0,4=3", 0 },
	{ "bars", OPTION_BARS, "SETUP", 0,
	  "Windows of each port: lut24[:SIZE] (default), lut12x2[:SIZE], or six BARSETUP values", 0 },
	{ 0 },
};
static const struct argp_option mode_table[] = {
	{ "mode", OPTION_MODE, "OCTAL", 0,
	  "Who may connect: mode of the sockets, and of shared memory if there is some (default 0600)", 0 },
	{ 0 },
};
static const struct argp_option help_table[] = {
	{ "help", OPTION_HELP, NULL, 0, "Print this", -1 },
	{ "version", OPTION_VERSION, NULL, 0, "Print the version", -1 },
	{ 0 },
};
/* clang-format on */

void ntb_refuse(const char *format, ...)
{
	char line[512];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	/* One write per line: programs that share a log do not mix theirs. */
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, line);
	exit(NTB_BAD_OPTION);
}

static error_t parse_switch(int key, char *argument, struct argp_state *state)
{
	struct ntb_switch_options *options = state->input;

	switch (key) {
	case OPTION_CHIP:
		options->chip = argument;
		return 0;
	case OPTION_PORTS:
		options->ports = argument;
		return 0;
	case OPTION_BARS:
		options->bars = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp switch_argp = { .options = switch_table, .parser = parse_switch };

static mode_t mode_of(const char *text)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 8);
	if (*text < '0' || *text > '7' || errno || *end || (value & ~0666ul) || (value & 0600) != 0600)
		ntb_refuse("--mode %.40s: not a mode for sockets and memory; octal, read and write for the owner at "
			   "least: 0600, 0660 or 0666",
			   text);
	return (mode_t)value;
}

static error_t parse_mode(int key, char *argument, struct argp_state *state)
{
	if (key != OPTION_MODE)
		return ARGP_ERR_UNKNOWN;
	*(mode_t *)state->input = mode_of(argument);
	return 0;
}

static const struct argp mode_argp = { .options = mode_table, .parser = parse_mode };

static error_t parse_help(int key, char *argument, struct argp_state *state)
{
	(void)argument;
	switch (key) {
	case OPTION_HELP:
		argp_help(state->root_argp, stdout, ARGP_HELP_STD_HELP, program_invocation_short_name);
		exit(0);
	case OPTION_VERSION:
		printf("%s %s\n", program_invocation_short_name, idtntb_version());
		exit(0);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp help_argp = { .options = help_table, .parser = parse_help };

const struct argp_child ntb_server_children[] = {
	{ &switch_argp, 0, NULL, 0 },
	{ &mode_argp, 0, NULL, 0 },
	{ &help_argp, 0, NULL, -1 },
	{ 0 },
};

void ntb_options_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	int index = 0;

	/* Not argp's own messages, which are two lines. With them goes its own --help. */
	if (argp_parse(argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, &index, input))
		ntb_refuse("%.80s: not an option, or its value is missing or in excess; --help lists them",
			   argv[index > 1 ? index - 1 : argc - 1]);
}

void ntb_options_topology(const struct ntb_switch_options *options, struct idtntb_topology *topology)
{
	struct idtntb_error error;

	if (idtntb_topology_parse(topology, options->chip, options->ports, options->bars, &error))
		ntb_refuse("%s", error.text);
}
