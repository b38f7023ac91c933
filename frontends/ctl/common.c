/* SPDX-License-Identifier: BSD-3-Clause */
/* Options and errors of all subcommands, and the switch they are about. */
#include "ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void line(const char *format, va_list list)
{
	fflush(stdout);
	fputs("idtntbctl: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
}

void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	line(format, list);
	va_end(list);
}

void refuse(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	line(format, list);
	va_end(list);
	exit(CTL_USAGE);
}

/* clang-format off */
static const struct argp_option common_options[] = {
	{ "switch", OPTION_SWITCH, "SPEC", 0,
	  "Which switch: ivshmem:PATH or another spec of a running one, or file:PATH, a saved state "
	  "(default: environment IDTNTB_SWITCH)", 1 },
	{ "json", OPTION_JSON, NULL, 0, "Print JSON", 1 },
	{ "color", OPTION_COLOR, "WHEN", 0, "auto (default: on a terminal), always or never", 1 },
	{ "help", OPTION_HELP, NULL, 0, "Print this", -1 },
	{ "version", OPTION_VERSION, NULL, 0, "Print the version", -1 },
	{ 0 },
};
/* clang-format on */

static enum color parse_color(const char *text)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i]))
			return (enum color)i;
	}
	refuse("--color %.40s: auto, always or never expected", text);
}

static error_t parse_common(int key, char *argument, struct argp_state *state)
{
	struct ctl *ctl = state->input;

	switch (key) {
	case OPTION_SWITCH:
		ctl->spec = argument;
		return 0;
	case OPTION_JSON:
		ctl->json = true;
		return 0;
	case OPTION_COLOR:
		ctl->color = parse_color(argument);
		return 0;
	case OPTION_HELP:
		argp_help(state->root_argp, stdout, ARGP_HELP_STD_HELP, ctl->name);
		exit(CTL_DONE);
	case OPTION_VERSION:
		printf("idtntbctl %s\n", idtntb_version());
		exit(CTL_DONE);
	case ARGP_KEY_ERROR:
		/* Past the option, or at it when more letters of "-xyz" were to come. */
		ctl->bad = state->argv[state->next > 1 ? state->next - 1 : 1];
		if (*ctl->bad != '-' && state->next < state->argc)
			ctl->bad = state->argv[state->next];
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp common = { .options = common_options, .parser = parse_common };
const struct argp_child ctl_children[] = { { .argp = &common }, { 0 } };

error_t ctl_parse_key(int key, char *argument, struct argp_state *state, struct ctl *ctl)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = ctl;
		return 0;
	case ARGP_KEY_ARG:
		refuse("%.80s: one argument too many; %s --help shows what is expected", argument, ctl->name);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void ctl_parse(struct ctl *ctl, const struct argp *argp, int argc, char **argv, void *input)
{
	snprintf(ctl->name, sizeof(ctl->name), "idtntbctl %s", argv[0]);
	/* Not argp's own messages, which are two lines. With them goes its own --help. */
	if (argp_parse(argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, input))
		ctl_refuse_option(ctl);
}

void ctl_refuse_option(const struct ctl *ctl)
{
	refuse("%.80s: not an option, or its value is missing or in excess; %s --help lists them",
	       ctl->bad ? ctl->bad : "", ctl->name);
}

static void fill_snapshot(struct ctl *ctl)
{
	ctl->snapshot = (struct idtntb_snapshot){ .sw = idtntb_view_switch(ctl->view) };
	for (unsigned slot = 0; slot < idtntb_switch_topology(ctl->snapshot.sw)->port_count; slot++)
		ctl->snapshot.counters[slot] = idtntb_view_counters(ctl->view, slot);
}

int ctl_open(struct ctl *ctl)
{
	struct idtntb_error error = { "" };

	if (!ctl->spec)
		ctl->spec = getenv("IDTNTB_SWITCH");
	if (!ctl->spec || !*ctl->spec)
		refuse("--switch is missing; it names the switch: --switch ivshmem:/run/ntb.sock or --switch "
		       "file:saved.state");
	if (idtntb_view_open(&ctl->view, ctl->spec, &error)) {
		say("%s", error.text);
		return CTL_FAILED;
	}
	fill_snapshot(ctl);
	return 0;
}

int ctl_refresh(struct ctl *ctl, struct idtntb_error *error)
{
	int ret = idtntb_view_refresh(ctl->view, error);

	/* After a failure too: the last snapshot stays, wherever it lies. */
	fill_snapshot(ctl);
	return ret;
}

unsigned ctl_color(const struct ctl *ctl)
{
	const char *term = getenv("TERM");

	switch (ctl->color) {
	case COLOR_ALWAYS:
		return IDTNTB_PRINT_COLOR;
	case COLOR_NEVER:
		return 0;
	case COLOR_AUTO:
		break;
	}
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") && !getenv("NO_COLOR") ? IDTNTB_PRINT_COLOR : 0;
}

bool ctl_number(const char *text, unsigned long maximum, unsigned long *value)
{
	/* Not by base 0: a zero in front makes no octal number of it. */
	const int base = !strncasecmp(text, "0x", 2) ? 16 : 10;
	char *end;

	errno = 0;
	*value = strtoul(text, &end, base);
	return *text >= '0' && *text <= '9' && !errno && !*end && *value <= maximum;
}

unsigned ctl_slot(const struct ctl *ctl, const char *text)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(ctl->snapshot.sw);
	char list[IDTNTB_PORTS * 4] = "";
	unsigned long port;
	size_t at = 0;
	int slot = -1;

	if (ctl_number(text, IDTNTB_PORT_NUMBERS - 1, &port))
		slot = idtntb_switch_slot(ctl->snapshot.sw, (unsigned)port);
	if (slot >= 0)
		return (unsigned)slot;
	for (unsigned i = 0; i < topology->port_count; i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%u", i ? ", " : "", topology->ports[i].port);
	refuse("%.40s: no NT port of this switch; it has %s", text, list);
}

struct idtntb_register_ref ctl_register(const struct ctl *ctl, const char *text)
{
	struct idtntb_register_ref ref = { 0 };
	struct idtntb_error error = { "" };

	if (idtntb_register_parse(&ref, ctl->snapshot.sw, text, &error))
		refuse("%s", error.text);
	return ref;
}
