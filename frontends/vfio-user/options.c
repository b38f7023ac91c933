/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line. */
#include "server.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MODE 0600

enum {
	OPTION_SWITCH = 's',
	OPTION_PORT = 'p',
	OPTION_HELP = '?',
	OPTION_VERSION = 'V',
	OPTION_CHIP = 256, /* long only from here on */
	OPTION_PORTS,
	OPTION_BARS,
	OPTION_LOG,
	OPTION_MODE,
};

struct command_line {
	struct server_options *options;
	const char *chip, *ports, *bars;
};

/* clang-format off */
static const struct argp_option option_table[] = {
	{ "switch", OPTION_SWITCH, "SPEC", 0,
	  "Which switch: local:NAME, one that this process is; or ivshmem:PATH, that of an ivshmem server", 0 },
	{ "port", OPTION_PORT, "N=PATH", 0, "Give port N to the client of the Unix socket PATH; repeat for more", 0 },
	{ "chip", OPTION_CHIP, "NAME", 0,
	  "Member of the switch family; default 89HPES24NT6AG2 for up to six ports, else 89HPES32NT8AG2", 0 },
	{ "ports", OPTION_PORTS, "N|LIST", 0,
	  "NT ports of the switch: how many, or their numbers, each with a partition if wanted: 0,4,6 or 0=0,4=3; "
	  "default with local: those given by --port", 0 },
	{ "bars", OPTION_BARS, "SETUP", 0,
	  "Windows of each port: lut24[:SIZE] (default), lut12x2[:SIZE], or six BARSETUP values", 0 },
	{ "log", OPTION_LOG, "LEVEL", 0, "error, warning, info (default), debug or trace", 0 },
	{ "mode", OPTION_MODE, "OCTAL", 0, "Who may connect: mode of the sockets (default 0600)", 0 },
	{ "help", OPTION_HELP, NULL, 0, "Print this", -1 },
	{ "version", OPTION_VERSION, NULL, 0, "Print the version", -1 },
	{ 0 },
};
/* clang-format on */

__attribute__((format(printf, 1, 2), noreturn)) static void refuse(const char *format, ...)
{
	char text[512];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	say("%s", text);
	exit(BAD_OPTION);
}

static enum idtntb_log_level parse_level(const char *text)
{
	static const char *const names[] = {
		[IDTNTB_LOG_ERROR] = "error", [IDTNTB_LOG_WARNING] = "warning", [IDTNTB_LOG_INFO] = "info",
		[IDTNTB_LOG_DEBUG] = "debug", [IDTNTB_LOG_TRACE] = "trace",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i]))
			return (enum idtntb_log_level)i;
	}
	refuse("--log %.40s: not a level; error, warning, info, debug or trace", text);
}

static mode_t parse_mode(const char *text)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 8);
	if (*text < '0' || *text > '7' || errno || *end || (value & ~0666ul) || (value & 0600) != 0600)
		refuse("--mode %.40s: not a mode for sockets; octal, read and write for the owner at least: 0600, 0660 "
		       "or 0666",
		       text);
	return (mode_t)value;
}

static void parse_port(struct server_options *options, const char *text)
{
	struct port_option *port = &options->ports[options->port_count];
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || *end != '=' || number >= IDTNTB_PORT_NUMBERS)
		refuse("--port %.80s: not a port number from 0 to %d and a path; --port 0=/run/ntb0.sock", text,
		       IDTNTB_PORT_NUMBERS - 1);
	if (!end[1])
		refuse("--port %lu=: the path is empty; --port %lu=/run/ntb%lu.sock", number, number, number);
	if (strlen(end + 1) > LISTENER_PATH_MAXIMUM)
		refuse("--port %lu=%.40s...: %zu characters are too long for a Unix socket; %zu at most", number,
		       end + 1, strlen(end + 1), LISTENER_PATH_MAXIMUM);
	if (options->port_count == IDTNTB_PORTS)
		refuse("--port %lu: a switch has at most %d NT ports", number, IDTNTB_PORTS);
	for (unsigned i = 0; i < options->port_count; i++) {
		if (options->ports[i].port == number)
			refuse("--port %lu: given twice; each port has one client", number);
		if (!strcmp(options->ports[i].path, end + 1))
			refuse("--port %lu=%.80s: port %u has that socket; each port needs its own", number, end + 1,
			       options->ports[i].port);
	}
	port->port = (unsigned)number;
	port->path = end + 1;
	options->port_count++;
}

static error_t parse_one(int key, char *argument, struct argp_state *state);

static const struct argp parser = {
	.options = option_table,
	.parser = parse_one,
	.doc = "Give NT ports of an emulated PCIe switch to virtual machine monitors over vfio-user. Runs in the "
	       "foreground until SIGTERM, SIGINT or SIGHUP."
	       "\vClients are QEMU from 10.1 on (-device vfio-user-pci), cloud-hypervisor (--user-device) and others; "
	       "their guests' RAM must be shared memory.",
};

static error_t parse_one(int key, char *argument, struct argp_state *state)
{
	struct command_line *line = state->input;
	struct server_options *options = line->options;

	switch (key) {
	case OPTION_SWITCH:
		options->spec = argument;
		return 0;
	case OPTION_PORT:
		parse_port(options, argument);
		return 0;
	case OPTION_CHIP:
		line->chip = argument;
		return 0;
	case OPTION_PORTS:
		line->ports = argument;
		return 0;
	case OPTION_BARS:
		line->bars = argument;
		return 0;
	case OPTION_LOG:
		options->log_level = parse_level(argument);
		return 0;
	case OPTION_MODE:
		options->mode = parse_mode(argument);
		return 0;
	case OPTION_HELP:
		argp_help(&parser, stdout, ARGP_HELP_STD_HELP, program_invocation_short_name);
		exit(0);
	case OPTION_VERSION:
		printf("idtntb-vfio-user %s\n", idtntb_version());
		exit(0);
	case ARGP_KEY_ARG:
		refuse("%.80s: an argument is not expected; a port is given with --port 0=%.80s", argument, argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/*
 * A switch inside this process has the ports that clients get, unless it is said otherwise; one that is elsewhere has
 * what it has, and is compared only with what was asked for.
 */
static void choose_topology(struct server_options *options, struct command_line *line)
{
	const bool local = !strncmp(options->spec, "local:", strlen("local:"));
	struct idtntb_error error;
	char ports[IDTNTB_PORTS * 4] = "";
	size_t at = 0;

	if (local && !line->ports) {
		for (unsigned i = 0; i < options->port_count; i++)
			at += (size_t)snprintf(ports + at, sizeof(ports) - at, "%s%u", i ? "," : "",
					       options->ports[i].port);
		/* A list of one would be read as a number of ports; and who is alone has nobody to talk to. */
		line->ports = options->port_count > 1 ? ports : NULL;
	}
	options->topology_given = local || line->chip || line->ports || line->bars;
	if (options->topology_given &&
	    idtntb_topology_parse(&options->topology, line->chip, line->ports, line->bars, &error))
		refuse("%s", error.text);
}

void options_parse(struct server_options *options, int argc, char **argv)
{
	struct command_line line = { .options = options };
	int index = 0;

	*options = (struct server_options){ .log_level = IDTNTB_LOG_INFO, .mode = DEFAULT_MODE };
	/* Not argp's own messages, which are two lines. With them goes its own --help. */
	if (argp_parse(&parser, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, &index, &line))
		refuse("%.80s: not an option, or its value is missing or in excess; --help lists them",
		       argv[index > 1 ? index - 1 : argc - 1]);
	if (!options->spec)
		refuse("--switch is missing; it names the switch: --switch local:ntb or --switch ivshmem:/run/ntb.sock");
	if (!options->port_count)
		refuse("--port is missing; give a port and the socket of its client: --port 0=/run/ntb0.sock");
	choose_topology(options, &line);
}
