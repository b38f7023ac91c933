/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl check: what does not work, and why. */
#include "ctl.h"

#include <json-c/json.h>
#include <time.h>

/* Between two looks: what holds at both is no mere moment of a switch at work. */
#define SECOND_LOOK_MS 200

struct check {
	struct ctl *ctl;
	const char *ports[2];
	const char *window;
	bool all;
	unsigned slots[2];
	int window_number; /* or -1 */
};

enum { OPTION_ALL = 'a', OPTION_WINDOW = 'w' };

static const struct argp_option options[] = {
	{ "window", OPTION_WINDOW, "N", 0,
	  "Only memory window N of the port, as Linux counts them: why is it closed, or not mapped?", 0 },
	{ "all", OPTION_ALL, NULL, 0, "Also what is in order, and what is closed because nobody wants it open", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct check *check = state->input;

	switch (key) {
	case OPTION_WINDOW:
		check->window = argument;
		return 0;
	case OPTION_ALL:
		check->all = true;
		return 0;
	case ARGP_KEY_ARG:
		if (check->ports[1])
			break;
		check->ports[check->ports[0] ? 1 : 0] = argument;
		return 0;
	}
	return ctl_parse_key(key, argument, state, check->ctl);
}

static const struct argp check_argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[PORT [PEER]]",
	.doc = "Go through the conditions of links, windows, doorbells, messages and interrupts, and name the first of each that "
	       "fails: the register, its value, what to do. Of the whole switch, of a port, or why two ports do not "
	       "see each other.\vExit status 1 when there is an error among the findings; for a pair or a window that was asked for, a "
	       "warning too.",
	.children = ctl_children,
};

static int look(const struct check *check, struct idtntb_findings *findings)
{
	const struct idtntb_snapshot *snapshot = &check->ctl->snapshot;

	if (check->window_number >= 0)
		return idtntb_check_window(findings, snapshot, check->slots[0], (unsigned)check->window_number);
	if (check->ports[1])
		return idtntb_check_pair(findings, snapshot, check->slots[0], check->slots[1]);
	if (check->ports[0])
		return idtntb_check_port(findings, snapshot, check->slots[0]);
	return idtntb_check(findings, snapshot);
}

static int look_twice(const struct check *check, struct idtntb_findings *findings)
{
	const struct timespec pause = { .tv_nsec = SECOND_LOOK_MS * 1000000L };
	struct idtntb_error error = { "" };
	struct idtntb_findings before;

	if (look(check, &before)) {
		say("not enough memory");
		return CTL_FAILED;
	}
	/* A saved state has no next moment. */
	if (!idtntb_view_writable(check->ctl->view)) {
		*findings = before;
		return 0;
	}
	nanosleep(&pause, NULL);
	if (ctl_refresh(check->ctl, &error)) {
		say("%s", error.text);
	} else if (look(check, findings)) {
		say("not enough memory");
	} else {
		idtntb_findings_keep(findings, &before);
		idtntb_findings_free(&before);
		return 0;
	}
	idtntb_findings_free(&before);
	return CTL_FAILED;
}

static void print(const struct check *check, const struct idtntb_findings *findings)
{
	const enum idtntb_severity least = check->all ? IDTNTB_OK : IDTNTB_WARNING;
	const enum idtntb_severity worst = idtntb_findings_worst(findings);

	if (check->ctl->json) {
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "worst", json_object_new_string(idtntb_severity_name(worst)));
		json_object_object_add(json, "findings", idtntb_findings_json(findings, least));
		idtntb_json_print(stdout, json);
		return;
	}
	idtntb_findings_print(stdout, findings, least, ctl_color(check->ctl));
	if (worst < least)
		puts("nothing wrong found");
}

static void choose(struct check *check)
{
	unsigned long window;

	for (unsigned i = 0; i < 2 && check->ports[i]; i++)
		check->slots[i] = ctl_slot(check->ctl, check->ports[i]);
	if (check->ports[1] && check->slots[0] == check->slots[1])
		refuse("%.40s and %.40s: one port; two different ones are a pair", check->ports[0], check->ports[1]);
	check->window_number = -1;
	if (!check->window)
		return;
	if (ctl_number(check->window, IDTNTB_WINDOWS, &window))
		check->window_number = idtntb_window_of_mw(&check->ctl->snapshot, check->slots[0], (unsigned)window);
	if (check->window_number < 0)
		refuse("--window %.40s: port %s has no such window; show windows %s --all lists them", check->window,
		       check->ports[0], check->ports[0]);
}

int command_check(struct ctl *ctl, int argc, char **argv)
{
	struct check check = { .ctl = ctl };
	struct idtntb_findings findings;
	enum idtntb_severity bad = IDTNTB_ERROR;
	int status;

	ctl_parse(ctl, &check_argp, argc, argv, &check);
	if (check.window && (!check.ports[0] || check.ports[1]))
		refuse("--window %.40s: of one port; check 0 --window 3", check.window);
	if (ctl_open(ctl))
		return CTL_FAILED;
	choose(&check);
	if (look_twice(&check, &findings))
		return CTL_FAILED;
	print(&check, &findings);
	/* That a port is free may be meant so; but who asks why something does not work is told that it does not. */
	if (check.ports[1] || check.window)
		bad = IDTNTB_WARNING;
	status = idtntb_findings_worst(&findings) >= bad ? CTL_FAILED : CTL_DONE;
	idtntb_findings_free(&findings);
	return status;
}
