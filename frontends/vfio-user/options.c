/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line. */
#include "server.h"

#include <errno.h>
#include <options.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTION_SWITCH = 's',
	OPTION_PORT = 'p',
	OPTION_LOG = 256, /* long only */
	OPTION_POKE,
};

struct command_line {
	struct server_options *options;
	struct ntb_switch_options topology;
};

/* clang-format off */
static const struct argp_option option_table[] = {
	{ "switch", OPTION_SWITCH, "SPEC", 0,
	  "Which switch: local:NAME, one that this process is; ivshmem:PATH, that of an ivshmem server; shm:PATH, in a file; or "
	  "uring:unix:PATH or uring:tcp:HOST:PORT, that of an idtntbd", 0 },
	{ "port", OPTION_PORT, "N=PATH", 0, "Give port N to the client of the Unix socket PATH; repeat for more", 0 },
	{ "poke", OPTION_POKE, NULL, 0, "Write registers of the ports when somebody who looks into the switch asks for it", 0 },
	{ "log", OPTION_LOG, "LEVEL", 0, "error, warning, info (default), debug or trace", 0 },
	{ 0 },
};
/* clang-format on */

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
	ntb_refuse("--log %.40s: not a level; error, warning, info, debug or trace", text);
}

static void parse_port(struct server_options *options, const char *text)
{
	struct port_option *port = &options->ports[options->port_count];
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || *end != '=' || number >= IDTNTB_PORT_NUMBERS)
		ntb_refuse("--port %.80s: not a port number from 0 to %d and a path; --port 0=/run/ntb0.sock", text,
			   IDTNTB_PORT_NUMBERS - 1);
	if (!end[1])
		ntb_refuse("--port %lu=: the path is empty; --port %lu=/run/ntb%lu.sock", number, number, number);
	if (strlen(end + 1) > NTB_PATH_SIZE - 1)
		ntb_refuse("--port %lu=%.40s...: %zu characters are too long for a Unix socket; %zu at most", number,
			   end + 1, strlen(end + 1), NTB_PATH_SIZE - 1);
	if (options->port_count == IDTNTB_PORTS)
		ntb_refuse("--port %lu: a switch has at most %d NT ports", number, IDTNTB_PORTS);
	for (unsigned i = 0; i < options->port_count; i++) {
		if (options->ports[i].port == number)
			ntb_refuse("--port %lu: given twice; each port has one client", number);
		if (!strcmp(options->ports[i].path, end + 1))
			ntb_refuse("--port %lu=%.80s: port %u has that socket; each port needs its own", number,
				   end + 1, options->ports[i].port);
	}
	port->port = (unsigned)number;
	port->path = end + 1;
	options->port_count++;
}

static error_t parse_one(int key, char *argument, struct argp_state *state)
{
	struct command_line *line = state->input;
	struct server_options *options = line->options;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &line->topology;
		state->child_inputs[1] = &options->mode;
		return 0;
	case OPTION_SWITCH:
		options->spec = argument;
		return 0;
	case OPTION_PORT:
		parse_port(options, argument);
		return 0;
	case OPTION_POKE:
		options->accept_poke = true;
		return 0;
	case OPTION_LOG:
		options->log_level = parse_level(argument);
		return 0;
	case ARGP_KEY_ARG:
		ntb_refuse("%.80s: an argument is not expected; a port is given with --port 0=%.80s", argument,
			   argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse_one,
	.children = ntb_server_children,
	.doc = "Give NT ports of an emulated PCIe switch to virtual machine monitors over vfio-user. Runs in the "
	       "foreground until SIGTERM, SIGINT or SIGHUP."
	       "\vA switch that this process makes (--switch local:NAME) has the ports given by --port, unless --ports says "
	       "otherwise. Clients are QEMU from 10.1 on (-device vfio-user-pci), cloud-hypervisor (--user-device) and "
	       "others; their guests' RAM must be shared memory.",
};

/*
 * A switch inside this process has the ports that clients get, unless it is said otherwise; one that is elsewhere has
 * what it has, and is compared only with what was asked for.
 */
static void choose_topology(struct server_options *options, struct ntb_switch_options *wanted)
{
	const bool local = !strncmp(options->spec, "local:", strlen("local:"));
	char ports[IDTNTB_PORTS * 4] = "";
	size_t at = 0;

	if (local && !wanted->ports) {
		for (unsigned i = 0; i < options->port_count; i++)
			at += (size_t)snprintf(ports + at, sizeof(ports) - at, "%s%u", i ? "," : "",
					       options->ports[i].port);
		/* A list of one would be read as a number of ports; and who is alone has nobody to talk to. */
		wanted->ports = options->port_count > 1 ? ports : NULL;
	}
	options->topology_given = local || wanted->chip || wanted->ports || wanted->bars;
	if (options->topology_given)
		ntb_options_topology(wanted, &options->topology);
}

void options_parse(struct server_options *options, int argc, char **argv)
{
	struct command_line line = { .options = options };

	*options = (struct server_options){ .log_level = IDTNTB_LOG_INFO, .mode = NTB_DEFAULT_MODE };
	ntb_options_parse(&parser, argc, argv, &line);
	if (!options->spec)
		ntb_refuse(
			"--switch is missing; it names the switch: --switch local:ntb or --switch ivshmem:/run/ntb.sock");
	if (!options->port_count)
		ntb_refuse("--port is missing; give a port and the socket of its client: --port 0=/run/ntb0.sock");
	choose_topology(options, &line.topology);
}
