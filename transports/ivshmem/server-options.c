/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line.
 */
#include "server.h"

#include "../common/layout.h"

#include <errno.h>
#include <options.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define DEFAULT_SIZE (4ull << 20)
#define MAXIMUM_SIZE (1ull << 40)
#define DEFAULT_VECTORS 2
/* The longest path from which that of PATH.ram can be made. */
#define PATH_MAXIMUM (sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof(".ram"))

enum {
	OPTION_SOCKET = 's',
	OPTION_VERBOSE = 'v',
	OPTION_VECTORS = 256, /* long only from here on */
	OPTION_SIZE,
};

struct command_line {
	struct server_options *options;
	struct ntb_switch_options topology;
};

/* clang-format off */
static const struct argp_option option_table[] = {
	{ "socket", OPTION_SOCKET, "PATH", 0,
	  "Unix socket to listen on; PATH.ram, PATH.shm and PATH.lock are made beside it", 0 },
	{ "vectors", OPTION_VECTORS, "N", 0, "Interrupt vectors of each client, 1-64 (default 2)", 0 },
	{ "size", OPTION_SIZE, "BYTES", 0, "Shared memory, a power of two, K, M or G may follow (default 4M)", 0 },
	{ "verbose", OPTION_VERBOSE, NULL, 0, "Tell of clients that come and go", 0 },
	{ 0 },
};
/* clang-format on */

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
		ntb_refuse("--size %s: not a number; bytes, with K, M or G behind if you like: 4M", text);
	if (*rest) {
		suffix = strchr(suffixes, *rest);
		if (!suffix || rest[1])
			ntb_refuse("--size %s: '%s' is no unit; K, M or G", text, rest);
		shift = 10 * (unsigned)(suffix - suffixes + 1);
	}
	if (value > MAXIMUM_SIZE >> shift || !value)
		ntb_refuse("--size %s: out of range; up to 1024G", text);
	value <<= shift;
	if (value & (value - 1))
		ntb_refuse("--size %s: not a power of two, as a PCI BAR must be; %llu is the next", text,
			   1ull << (64 - __builtin_clzll(value)));
	return value;
}

static unsigned parse_vectors(const char *text)
{
	unsigned long long value;
	const char *rest;

	if (!number(text, 10, &value, &rest) || *rest || value < 1 || value > SERVER_VECTORS)
		ntb_refuse("--vectors %s: not a number of vectors; 1 to %d", text, SERVER_VECTORS);
	return (unsigned)value;
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
	case OPTION_SOCKET:
		options->socket = argument;
		return 0;
	case OPTION_VECTORS:
		options->vectors = parse_vectors(argument);
		return 0;
	case OPTION_SIZE:
		options->size = parse_size(argument);
		return 0;
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		ntb_refuse("%s: an argument is not expected; the socket is given with --socket %s", argument, argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse_one,
	.children = ntb_server_children,
	.doc = "Let virtual machines on this host share one emulated PCIe switch with non-transparent bridges. Runs in "
	       "the foreground until SIGTERM, SIGINT or SIGHUP."
	       "\vGuests use it through the QEMU device idt-ntb,switch=ivshmem:PATH,port=N. Any ivshmem client of "
	       "protocol version 0 may connect too, such as QEMU's ivshmem-doorbell.",
};

static void check_socket(const char *path)
{
	if (!path)
		ntb_refuse("--socket is missing; give the path to listen on: --socket /run/ntb.sock");
	if (!*path)
		ntb_refuse("--socket: the path is empty; --socket /run/ntb.sock");
	if (strlen(path) > PATH_MAXIMUM)
		ntb_refuse("--socket %.40s...: %zu characters are too long for a Unix socket; %zu at most", path,
			   strlen(path), PATH_MAXIMUM);
}

static void check_size(struct server_options *options)
{
	const unsigned long long least = ntb_layout_size(options->topology.port_count);

	if (!options->size)
		for (options->size = DEFAULT_SIZE; options->size < least;)
			options->size *= 2;
	if (options->size < least)
		ntb_refuse("--size %llu: too little for %u ports, which need %llu; a power of two from there on",
			   (unsigned long long)options->size, options->topology.port_count, least);
}

void options_parse(struct server_options *options, int argc, char **argv)
{
	struct command_line line = { .options = options };

	*options = (struct server_options){ .vectors = DEFAULT_VECTORS, .mode = NTB_DEFAULT_MODE };
	ntb_options_parse(&parser, argc, argv, &line);
	check_socket(options->socket);
	ntb_options_topology(&line.topology, &options->topology);
	check_size(options);
}
