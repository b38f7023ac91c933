/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idtntbctl: what its subcommands have in common. Each has a file of its own and a row in the table in main.c.
 */
#ifndef CTL_H
#define CTL_H

#include <idtntb-inspect.h>
#include <idtntb-view.h>

#include <argp.h>

/* Exit status. */
enum {
	CTL_DONE = 0,
	CTL_FAILED = 1, /* it could not be done; check: something is wrong */
	CTL_USAGE = 2, /* bad command line */
};

/* Keys of options; those of a subcommand's own start at OPTION_OWN. */
enum {
	OPTION_SWITCH = 's',
	OPTION_JSON = 'j',
	OPTION_HELP = '?',
	OPTION_VERSION = 'V',
	OPTION_COLOR = 256, /* long only from here on */
	OPTION_OWN,
};

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* What every subcommand is given: its options, and the switch once it is opened. */
struct ctl {
	const char *spec;
	bool json;
	enum color color;
	char name[32]; /* of the program and the subcommand, for messages of the parser */
	const char *bad; /* the word at which the parser gave up */
	struct idtntb_view *view;
	struct idtntb_snapshot snapshot;
};

struct command {
	const char *name;
	const char *brief;
	/* Parse, do, return the exit status. argv[0] is the subcommand's name. */
	int (*run)(struct ctl *ctl, int argc, char **argv);
};

int command_check(struct ctl *ctl, int argc, char **argv);
int command_dump(struct ctl *ctl, int argc, char **argv);
int command_info(struct ctl *ctl, int argc, char **argv);
int command_link(struct ctl *ctl, int argc, char **argv);
int command_load(struct ctl *ctl, int argc, char **argv);
int command_peek(struct ctl *ctl, int argc, char **argv);
int command_poke(struct ctl *ctl, int argc, char **argv);
int command_save(struct ctl *ctl, int argc, char **argv);
int command_show(struct ctl *ctl, int argc, char **argv);
int command_top(struct ctl *ctl, int argc, char **argv);
int command_topology(struct ctl *ctl, int argc, char **argv);

/* One line on standard error. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the end: the command line is bad. */
void refuse(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The common options, as children of every parser. */
extern const struct argp_child ctl_children[];
/*
 * Parse a subcommand's arguments; ends the program when they are bad. The parser gets input, and leaves to ctl_parse_key() the
 * keys it does not know.
 */
void ctl_parse(struct ctl *ctl, const struct argp *argp, int argc, char **argv, void *input);
/* For keys a subcommand's parser does not know itself. */
error_t ctl_parse_key(int key, char *argument, struct argp_state *state, struct ctl *ctl);

/* After an error of the parser: one line, and the end. */
void ctl_refuse_option(const struct ctl *ctl) __attribute__((noreturn));

/* Open the switch and take a snapshot. @return 0, or CTL_FAILED after a line. */
int ctl_open(struct ctl *ctl);
/* Take a new snapshot. @return as idtntb_view_refresh(). */
int ctl_refresh(struct ctl *ctl, struct idtntb_error *error);
/* Whether output is to be coloured: IDTNTB_PRINT_COLOR or 0. */
unsigned ctl_color(const struct ctl *ctl);

/* The slot of a port that a person names by number; ends the program when there is none such. */
unsigned ctl_slot(const struct ctl *ctl, const char *text);
/* The register of "0:NTCTL"; ends the program when there is none such. */
struct idtntb_register_ref ctl_register(const struct ctl *ctl, const char *text);
/* A whole number, decimal or 0x...; false when text is none, or greater than the maximum. */
bool ctl_number(const char *text, unsigned long maximum, unsigned long *value);

#endif
