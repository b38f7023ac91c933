/* SPDX-License-Identifier: BSD-3-Clause */
/* What the command lines of the project's servers have in common. */
#ifndef NTB_OPTIONS_H
#define NTB_OPTIONS_H

#include <idtntb.h>

#include <argp.h>
#include <sys/types.h>

#define NTB_BAD_OPTION 2 /* exit status of a program that is told nonsense */

/* The switch to make: --chip, --ports, --bars. Not given is NULL. */
struct ntb_switch_options {
	const char *chip, *ports, *bars; /* as idtntb_topology_parse() takes them */
};

#define NTB_DEFAULT_MODE 0600

/*
 * The `children` of a program's own parser, which sets their inputs on ARGP_KEY_INIT: 0, a struct ntb_switch_options; 1, a
 * mode_t, which holds the default, for --mode: who may connect. The last, --help and --version, has none.
 */
extern const struct argp_child ntb_server_children[];

/*
 * Parse all of a command line. A bad one ends the process with one line and NTB_BAD_OPTION, --help and --version end
 * it with 0. @argp has ntb_server_children.
 */
void ntb_options_parse(const struct argp *argp, int argc, char **argv, void *input);

/* The topology asked for. Does not return if it is refused. */
void ntb_options_topology(const struct ntb_switch_options *options, struct idtntb_topology *topology);

/* End the process: "PROGRAM: TEXT" on stderr, status NTB_BAD_OPTION. */
void ntb_refuse(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
