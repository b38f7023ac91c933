/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame of idtntbctl top as lines: no character lies beyond the last column. */
#include "top-columns.h"

#include <stdarg.h>
#include <string.h>

/* What the lines of a frame are written to. */
struct screen {
	FILE *out;
	const struct top_frame *frame;
	const char *line_end;
	unsigned columns, rows; /* rows 0: as many as there are */
	unsigned used; /* columns of this line */
	unsigned line; /* number of this line, from 0 */
	bool color;
};

static void put(struct screen *screen, const char *color, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Text at the end of the line, cut where the terminal ends; what is not plain ASCII would have another width. */
static void put(struct screen *screen, const char *color, const char *format, ...)
{
	char text[512];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (color && screen->color)
		fprintf(screen->out, "\033[%sm", color);
	for (const char *at = text; *at && screen->used < screen->columns; at++, screen->used++)
		fputc(*at >= ' ' && *at <= '~' ? *at : '?', screen->out);
	if (color && screen->color)
		fputs("\033[0m", screen->out);
}

/* Begin another line; false when there is no room for it. */
static bool next_line(struct screen *screen)
{
	if (screen->rows && screen->line + 1 >= screen->rows)
		return false;
	fputs(screen->line_end, screen->out);
	screen->line++;
	screen->used = 0;
	return true;
}

/* ------------------------------------------------------------------ the table of ports */

/* The greatest weight with which all columns that are no heavier have room. */
static unsigned choose_weight(unsigned width)
{
	for (unsigned weight = TOP_WEIGHT_MAXIMUM; weight; weight--) {
		unsigned sum = 0;

		for (size_t i = 0; i < top_column_count; i++)
			sum += top_columns[i].weight <= weight ? top_columns[i].width + 1 : 0;
		if (sum <= width + 1)
			return weight;
	}
	return 0;
}

static void put_ports(struct screen *screen)
{
	const struct top_frame *frame = screen->frame;
	const unsigned weight = choose_weight(screen->columns);

	if (!next_line(screen))
		return;
	for (size_t i = 0; i < top_column_count; i++) {
		if (top_columns[i].weight <= weight)
			put(screen, REVERSE, "%s%*s", i ? " " : "", (int)top_columns[i].width, top_columns[i].title);
	}
	for (unsigned slot = 0; slot < frame->now.count && next_line(screen); slot++) {
		for (size_t i = 0; i < top_column_count; i++) {
			char text[TOP_CELL];
			const char *color;

			if (top_columns[i].weight > weight)
				continue;
			color = top_columns[i].cell(text, frame, &frame->now.ports[slot],
						    frame->seconds > 0 ? &frame->before.ports[slot]
								       : &frame->now.ports[slot]);
			put(screen, color, "%s%*s", i ? " " : "", (int)top_columns[i].width, text);
		}
	}
}

/* ------------------------------------------------------------------ above and below it */

static void put_header(struct screen *screen)
{
	const struct top_frame *frame = screen->frame;
	const struct idtntb_topology *topology = idtntb_switch_topology(frame->ctl->snapshot.sw);
	const time_t now = time(NULL);
	char clock[16] = "";
	struct tm local;

	if (localtime_r(&now, &local))
		strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	put(screen, BOLD, "%s  %s, %u ports", clock, topology->chip->name, topology->port_count);
	if (frame->trouble.text[0])
		put(screen, RED, "  %s", frame->trouble.text);
	else
		put(screen, NULL, "  %s  every %g s", frame->ctl->spec, frame->delay);
}

/* Rows that may be used for findings, when guest errors shall have a fair share of them. */
static unsigned share(const struct screen *screen)
{
	return screen->rows > screen->line + 4 ? (screen->rows - screen->line) / 2 : 0;
}

static void put_findings(struct screen *screen)
{
	const struct idtntb_findings *findings = &screen->frame->findings;
	const unsigned room = share(screen);
	unsigned shown = 0;

	for (size_t i = 0; i < findings->count; i++) {
		const struct idtntb_finding *finding = &findings->items[i];

		/* Guest errors have lines of their own. */
		if (finding->severity < IDTNTB_WARNING || !strcmp(finding->id, "guest.error") ||
		    (screen->rows && shown >= room))
			continue;
		if ((!shown && !next_line(screen)) || !next_line(screen))
			return;
		put(screen, finding->severity == IDTNTB_ERROR ? RED : YELLOW, "%s", finding->subject);
		if (finding->where[0])
			put(screen, BOLD, ": %s = 0x%08x", finding->where, finding->value);
		put(screen, NULL, ": %s", finding->cause);
		shown++;
	}
}

static void put_errors(struct screen *screen)
{
	const struct top_frame *frame = screen->frame;
	bool first = true;

	for (unsigned slot = 0; slot < frame->now.count; slot++) {
		const void *counters = frame->ctl->snapshot.counters[slot];
		struct idtntb_guest_error error;

		for (unsigned i = 0; counters && idtntb_counters_guest_error(counters, i, &error); i++) {
			if ((first && !next_line(screen)) || !next_line(screen))
				return;
			first = false;
			put(screen, YELLOW, "port %u guest error %llu", frame->now.ports[slot].port,
			    (unsigned long long)error.number);
			put(screen, NULL, ": %s", error.text);
		}
	}
}

void top_print(FILE *out, const struct top_frame *frame, unsigned width, unsigned rows, const char *line_end)
{
	struct screen screen = {
		.out = out,
		.frame = frame,
		.line_end = line_end,
		.columns = width,
		.rows = rows,
		.color = ctl_color(frame->ctl),
	};

	put_header(&screen);
	put_ports(&screen);
	put_findings(&screen);
	put_errors(&screen);
}
