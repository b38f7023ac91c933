/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl top: command line, samples, and frames for pipes. */
#include "top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAXIMUM_FRAMES 1000000
#define PIPE_COLUMNS 160 /* room for all columns */

struct top {
	struct ctl *ctl;
	unsigned long frames; /* 0: live */
	double delay;
};

enum { OPTION_DELAY = 'd', OPTION_BATCH = 'b', OPTION_ONCE = '1' };

static const struct argp_option options[] = {
	{ "delay", OPTION_DELAY, "SECONDS", 0, "Time between frames, 0.1 to 3600 (default 1)", 0 },
	{ "batch", OPTION_BATCH, "N", 0, "Print N frames one after the other and end: for pipes and files", 0 },
	{ "once", OPTION_ONCE, NULL, 0, "Print one frame and end", 0 },
	{ 0 },
};

static double parse_delay(const char *text)
{
	char *end;
	double value;

	value = strtod(text, &end);
	if (*text < '0' || *text > '9' || *end || !(value >= 0.1 && value <= 3600))
		refuse("--delay %.40s: 0.1 to 3600 seconds expected", text);
	return value;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
	case OPTION_DELAY:
		top->delay = parse_delay(argument);
		return 0;
	case OPTION_BATCH:
		if (!ctl_number(argument, MAXIMUM_FRAMES, &top->frames) || !top->frames)
			refuse("--batch %.40s: a number of frames from 1 to %d expected", argument, MAXIMUM_FRAMES);
		return 0;
	case OPTION_ONCE:
		top->frames = 1;
		return 0;
	}
	return ctl_parse_key(key, argument, state, top->ctl);
}

static const struct argp top_argp = {
	.options = options,
	.parser = parse,
	.doc = "Show what all ports do: links, and each second: doorbells, messages, interrupts, accesses; windows and what is "
	       "wrong. q or Ctrl-C ends it. What goes through a mapped window is not counted: it costs no exit.",
	.children = ctl_children,
};

double top_rate(const struct top_frame *frame, uint64_t now, uint64_t before)
{
	if (frame->seconds <= 0)
		return 0;
	return (double)(now < before ? now : now - before) / frame->seconds;
}

const char *top_link_word(const struct idtntb_overview *port)
{
	if (port->member.forced_down)
		return "broken";
	if (!port->member.owner)
		return "free";
	if (!port->linkup)
		return "down";
	return port->enabled ? "up" : "off";
}

/* What is wrong now; of what may be a mere moment, only if it was so at the last frame too. */
static void check(struct top_frame *frame)
{
	struct idtntb_findings last = frame->found;

	frame->found = (struct idtntb_findings){ 0 };
	idtntb_findings_free(&frame->findings);
	frame->findings = (struct idtntb_findings){ 0 };
	if (!idtntb_check(&frame->found, &frame->ctl->snapshot) &&
	    !idtntb_check(&frame->findings, &frame->ctl->snapshot))
		idtntb_findings_keep(&frame->findings, &last);
	idtntb_findings_free(&last);
}

int top_sample(struct ctl *ctl, struct top_frame *frame)
{
	frame->trouble = (struct idtntb_error){ "" };
	if (frame->now.count && ctl_refresh(ctl, &frame->trouble))
		return CTL_FAILED;
	frame->before = frame->now;
	clock_gettime(CLOCK_MONOTONIC, &frame->now.at);
	frame->now.count = idtntb_switch_topology(ctl->snapshot.sw)->port_count;
	for (unsigned slot = 0; slot < frame->now.count; slot++)
		idtntb_overview(&frame->now.ports[slot], &ctl->snapshot, slot);
	frame->seconds = 0;
	/* A switch that was made anew may have other ports. */
	if (frame->before.count == frame->now.count)
		frame->seconds = (double)(frame->now.at.tv_sec - frame->before.at.tv_sec) +
				 (double)(frame->now.at.tv_nsec - frame->before.at.tv_nsec) / 1e9;
	check(frame);
	return 0;
}

static void pause_for(double seconds)
{
	struct timespec left = { .tv_sec = (time_t)seconds,
				 .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };

	while (nanosleep(&left, &left) && errno == EINTR) {
	}
}

static unsigned pipe_columns(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	unsigned long value;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return columns && ctl_number(columns, 10000, &value) && value ? (unsigned)value : PIPE_COLUMNS;
}

static int batch(struct ctl *ctl, struct top_frame *frame, unsigned long frames)
{
	if (top_sample(ctl, frame))
		return CTL_FAILED;
	for (unsigned long i = 0; i < frames; i++) {
		pause_for(frame->delay);
		if (top_sample(ctl, frame)) {
			say("%s", frame->trouble.text);
			return CTL_FAILED;
		}
		if (ctl->json) {
			top_print_json(stdout, frame);
		} else {
			if (i)
				putchar('\n');
			top_print(stdout, frame, pipe_columns(), 0, "\n");
			putchar('\n');
		}
		/* Nobody reads any more: main() tells. */
		if (fflush(stdout))
			return CTL_FAILED;
	}
	return CTL_DONE;
}

int command_top(struct ctl *ctl, int argc, char **argv)
{
	struct top top = { .ctl = ctl, .delay = 1 };
	struct top_frame frame = { .ctl = ctl };
	int status;

	ctl_parse(ctl, &top_argp, argc, argv, &top);
	if (ctl->json && !top.frames)
		refuse("--json: of a live view there is none; with --once or --batch N");
	if (!top.frames && !isatty(STDOUT_FILENO))
		refuse("top: standard output is no terminal; --once or --batch N expected");
	if (ctl_open(ctl))
		return CTL_FAILED;
	frame.delay = top.delay;
	status = top.frames ? batch(ctl, &frame, top.frames) : top_live(ctl, &frame);
	idtntb_findings_free(&frame.findings);
	idtntb_findings_free(&frame.found);
	return status;
}
