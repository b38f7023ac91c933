/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line.
 */
#include "server.h"

#include "../common/layout.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define BAD_OPTION 2
#define DEFAULT_SIZE (4ull << 20)
#define MAXIMUM_SIZE (1ull << 40)
#define DEFAULT_VECTORS 2
#define DEFAULT_MODE 0600
/* The longest path from which that of PATH.ram can be made. */
#define PATH_MAXIMUM (sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof(".ram"))

enum {
	OPTION_SOCKET = 's',
	OPTION_VERBOSE = 'v',
	OPTION_HELP = '?',
	OPTION_VERSION = 'V',
	OPTION_CHIP = 256, /* long only from here on */
	OPTION_PORTS,
	OPTION_BARS,
	OPTION_VECTORS,
	OPTION_SIZE,
	OPTION_MODE,
};

struct command_line {
	struct server_options *options;
	const char *chip, *ports, *bars;
};

/* clang-format off */
static const struct argp_option option_table[] = {
	{ "socket", OPTION_SOCKET, "PATH", 0,
	  "Unix socket to listen on; PATH.ram, PATH.shm and PATH.lock are made beside it", 0 },
	{ "chip", OPTION_CHIP, "NAME", 0,
	  "Member of the switch family; default 89HPES24NT6AG2 for up to six ports, else 89HPES32NT8AG2", 0 },
	{ "ports", OPTION_PORTS, "N|LIST", 0,
	  "How many hosts (default 2), or their port numbers, each with a partition if wanted: 0,4,6 or 0=0,4=3", 0 },
	{ "bars", OPTION_BARS, "SETUP", 0,
	  "Windows of each port: lut24[:SIZE] (default), lut12x2[:SIZE], or six BARSETUP values", 0 },
	{ "vectors", OPTION_VECTORS, "N", 0, "Interrupt vectors of each client, 1-64 (default 2)", 0 },
	{ "size", OPTION_SIZE, "BYTES", 0, "Shared memory, a power of two, K, M or G may follow (default 4M)", 0 },
	{ "mode", OPTION_MODE, "OCTAL", 0, "Who may connect: mode of the sockets and the memory (default 0600)", 0 },
	{ "verbose", OPTION_VERBOSE, NULL, 0, "Tell of clients that come and go", 0 },
	{ "help", OPTION_HELP, NULL, 0, "Print this", -1 },
	{ "version", OPTION_VERSION, NULL, 0, "Print the version", -1 },
	{ 0 },
};
/* clang-format on */

__attribute__((format(printf, 1, 2), noreturn)) static void refuse(const char *format, ...)
{
	char line[512];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	say("%s", line);
	exit(BAD_OPTION);
}

/* A whole number and nothing behind it but what *rest returns. */
static bool number(const char *text, int base, unsigned long long *value, const char **rest)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, base);
	*rest = end;
	return !errno && end != text;
}

static uint64_t parse_size(const char *text)
{
	static const char suffixes[] = "KMG";
	unsigned long long value;
	const char *rest, *suffix;
	unsigned shift = 0;

	if (!number(text, 0, &value, &rest))
		refuse("--size %s: not a number; bytes, with K, M or G behind if you like: 4M", text);
	if (*rest) {
		suffix = strchr(suffixes, *rest);
		if (!suffix || rest[1])
			refuse("--size %s: '%s' is no unit; K, M or G", text, rest);
		shift = 10 * (unsigned)(suffix - suffixes + 1);
	}
	if (value > MAXIMUM_SIZE >> shift || !value)
		refuse("--size %s: out of range; up to 1024G", text);
	value <<= shift;
	if (value & (value - 1))
		refuse("--size %s: not a power of two, as a PCI BAR must be; %llu is the next", text,
		       1ull << (64 - __builtin_clzll(value)));
	return value;
}

static unsigned parse_vectors(const char *text)
{
	unsigned long long value;
	const char *rest;

	if (!number(text, 10, &value, &rest) || *rest || value < 1 || value > SERVER_VECTORS)
		refuse("--vectors %s: not a number of vectors; 1 to %d", text, SERVER_VECTORS);
	return (unsigned)value;
}

static mode_t parse_mode(const char *text)
{
	unsigned long long value;
	const char *rest;

	if (!number(text, 8, &value, &rest) || *rest || (value & ~0666ull) || (value & 0600) != 0600)
		refuse("--mode %s: not a mode for sockets and memory; octal, read and write for the owner at least: "
		       "0600, 0660 or 0666",
		       text);
	return (mode_t)value;
}

static error_t parse_one(int key, char *argument, struct argp_state *state);

static const struct argp parser = {
	.options = option_table,
	.parser = parse_one,
	.doc = "Let virtual machines on this host share one emulated PCIe switch with non-transparent bridges. Runs in "
	       "the foreground until SIGTERM, SIGINT or SIGHUP."
	       "\vGuests use it through the QEMU device idt-ntb,switch=ivshmem:PATH,port=N. Any ivshmem client of "
	       "protocol version 0 may connect too, such as QEMU's ivshmem-doorbell.",
};

static error_t parse_one(int key, char *argument, struct argp_state *state)
{
	struct command_line *line = state->input;
	struct server_options *options = line->options;

	switch (key) {
	case OPTION_SOCKET:
		options->socket = argument;
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
	case OPTION_VECTORS:
		options->vectors = parse_vectors(argument);
		return 0;
	case OPTION_SIZE:
		options->size = parse_size(argument);
		return 0;
	case OPTION_MODE:
		options->mode = parse_mode(argument);
		return 0;
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	case OPTION_HELP:
		argp_help(&parser, stdout, ARGP_HELP_STD_HELP, program_invocation_short_name);
		exit(0);
	case OPTION_VERSION:
		printf("idtntb-ivshmem-server %s\n", idtntb_version());
		exit(0);
	case ARGP_KEY_ARG:
		refuse("%s: an argument is not expected; the socket is given with --socket %s", argument, argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check_socket(const char *path)
{
	if (!path)
		refuse("--socket is missing; give the path to listen on: --socket /run/ntb.sock");
	if (!*path)
		refuse("--socket: the path is empty; --socket /run/ntb.sock");
	if (strlen(path) > PATH_MAXIMUM)
		refuse("--socket %.40s...: %zu characters are too long for a Unix socket; %zu at most", path,
		       strlen(path), PATH_MAXIMUM);
}

static void check_size(struct server_options *options)
{
	const unsigned long long least = ntb_layout_size(options->topology.port_count);

	if (!options->size)
		for (options->size = DEFAULT_SIZE; options->size < least;)
			options->size *= 2;
	if (options->size < least)
		refuse("--size %llu: too little for %u ports, which need %llu; a power of two from there on",
		       (unsigned long long)options->size, options->topology.port_count, least);
}

void options_parse(struct server_options *options, int argc, char **argv)
{
	struct command_line line = { .options = options };
	struct idtntb_error error;
	int index = 0;

	*options = (struct server_options){ .vectors = DEFAULT_VECTORS, .mode = DEFAULT_MODE };
	/* Not argp's own messages, which are two lines. With them goes its own --help. */
	if (argp_parse(&parser, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, &index, &line))
		refuse("%s: not an option, or its value is missing or in excess; --help lists them",
		       argv[index > 1 ? index - 1 : argc - 1]);
	check_socket(options->socket);
	if (idtntb_topology_parse(&options->topology, line.chip, line.ports, line.bars, &error))
		refuse("%s", error.text);
	check_size(options);
}
