/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line.
 */
#include "daemon.h"

#include "../options/options.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_SILENCE 5
#define MOST_SILENCE 3600

enum {
	OPTION_LISTEN = 'l',
	OPTION_VERBOSE = 'v',
	OPTION_USER = 256, /* long only from here on */
	OPTION_INSECURE,
	OPTION_SILENCE,
};

struct command_line {
	struct daemon_options *options;
	struct ntb_switch_options sw;
};

/* clang-format off */
static const struct argp_option option_table[] = {
	{ "listen", OPTION_LISTEN, "WHERE", 0,
	  "Where clients connect: unix:PATH, or tcp:PORT or tcp:ADDRESS:PORT", 0 },
	{ "user", OPTION_USER, "NAME", 0, "Only processes of this user, or root, may connect to unix:PATH", 0 },
	{ "insecure-network", OPTION_INSECURE, NULL, 0,
	  "Listen on an address that other machines reach, without encryption or password", 0 },
	{ "silence", OPTION_SILENCE, "SECONDS", 0,
	  "A client that has not been heard, or has read nothing, for so long is dead (default 5)", 0 },
	{ "verbose", OPTION_VERBOSE, NULL, 0, "Tell of clients that come and go", 0 },
	{ 0 },
};
/* clang-format on */

static bool number(const char *text, int base, unsigned long long *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, base);
	return !errno && !*end;
}

static uid_t parse_user(const char *text)
{
	const struct passwd *entry = getpwnam(text);
	unsigned long long value;

	if (entry)
		return entry->pw_uid;
	if (!number(text, 10, &value) || value >= UINT32_MAX)
		ntb_refuse("--user %s: there is no such user; a name or a number", text);
	return (uid_t)value;
}

static unsigned parse_silence(const char *text)
{
	unsigned long long value;

	if (!number(text, 10, &value) || value < 2 || value > MOST_SILENCE)
		ntb_refuse("--silence %s: not a number of seconds; 2 to %d", text, MOST_SILENCE);
	return (unsigned)value;
}

static error_t parse_one(int key, char *argument, struct argp_state *state)
{
	struct command_line *line = state->input;
	struct daemon_options *options = line->options;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &line->sw;
		state->child_inputs[1] = &options->mode;
		return 0;
	case OPTION_LISTEN:
		options->listen = argument;
		return 0;
	case OPTION_USER:
		options->user = parse_user(argument);
		options->user_given = true;
		return 0;
	case OPTION_INSECURE:
		options->insecure = true;
		return 0;
	case OPTION_SILENCE:
		options->silence = parse_silence(argument);
		return 0;
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		ntb_refuse("%s: an argument is not expected; where to listen is given with --listen", argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse_one,
	.children = ntb_server_children,
	.doc = "Own one emulated PCIe switch with non-transparent bridges, for virtual machines of this host or of "
	       "several. Runs in the foreground until SIGTERM, SIGINT or SIGHUP."
	       "\vGuests use it through the QEMU device idt-ntb,switch=uring:unix:PATH,port=N or "
	       "switch=uring:tcp:HOST:PORT.",
};

void options_parse(struct daemon_options *options, int argc, char **argv)
{
	struct command_line line = { .options = options };
	struct idtntb_error error;

	*options = (struct daemon_options){ .mode = NTB_DEFAULT_MODE, .silence = DEFAULT_SILENCE };
	ntb_options_parse(&parser, argc, argv, &line);
	if (!options->listen)
		ntb_refuse("--listen is missing; where clients connect: --listen unix:/run/idtntb.sock");
	if (ntb_address_parse(&options->address, options->listen, true, &error))
		ntb_refuse("--listen: %s", error.text);
	/* Who gives one of them believes that others are kept out. */
	if (options->address.tcp && options->user_given)
		ntb_refuse("--user: of a TCP connection nobody knows the user; only --listen unix:PATH admits by it");
	if (options->address.tcp && options->mode != NTB_DEFAULT_MODE)
		ntb_refuse("--mode: a TCP port has none; only --listen unix:PATH does");
	ntb_options_topology(&line.sw, &options->topology);
}
