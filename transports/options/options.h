/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the command lines of the project's servers have in common, as children for argp: a program's own parser names
 * those it wants in its `children`, and sets their inputs on ARGP_KEY_INIT.
 */
#ifndef NTB_OPTIONS_H
#define NTB_OPTIONS_H

#include <idtntb.h>

#include <argp.h>
#include <sys/types.h>

#define NTB_BAD_OPTION 2 /* exit status of a program that is told nonsense */

/* The switch to make: --chip, --ports, --bars. Input: struct ntb_switch_options; not given is NULL. */
struct ntb_switch_options {
	const char *chip, *ports, *bars; /* as idtntb_topology_parse() takes them */
};
extern const struct argp ntb_switch_argp;

/* Who may connect: --mode. Input: mode_t, which holds the default. */
#define NTB_DEFAULT_MODE 0600
extern const struct argp ntb_mode_argp;

/* --help, --version. No input. */
extern const struct argp ntb_help_argp;

/*
 * Parse all of a command line. A bad one ends the process with one line and NTB_BAD_OPTION, --help and --version end
 * it with 0. @argp has the children it wants and ntb_help_argp.
 */
void ntb_options_parse(const struct argp *argp, int argc, char **argv, void *input);

/* The topology asked for. Does not return if it is refused. */
void ntb_options_topology(const struct ntb_switch_options *options, struct idtntb_topology *topology);

/* End the process: "PROGRAM: TEXT" on stderr, status NTB_BAD_OPTION. */
void ntb_refuse(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
