/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame of idtntbctl top as lines: no character lies beyond the last column. */
#include "top.h"

#include <stdarg.h>
#include <string.h>

#define RED "31"
#define GREEN "32"
#define YELLOW "33"
#define BOLD "1"
#define REVERSE "7"
#define CELL 24

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

struct column {
	const char *title;
	unsigned width;
	unsigned weight; /* the heaviest are left out first when the terminal is narrow; 0 never */
	/* Print the cell; returns its colour or NULL. */
	const char *(*cell)(char text[CELL], const struct top_frame *frame, const struct idtntb_overview *now,
			    const struct idtntb_overview *before);
};

#define CELL_FUNCTION(name)                                                                                            \
	static const char *name(char text[CELL], const struct top_frame *frame, const struct idtntb_overview *now,     \
				const struct idtntb_overview *before)

/* Short numbers keep columns narrow: 12.3k. */
static void number(char text[CELL], double value)
{
	static const char units[] = "kMGTP";
	int unit = -1;

	while (value >= 100000 && units[unit + 1]) {
		value /= 1000;
		unit++;
	}
	if (unit < 0)
		snprintf(text, CELL, "%.0f", value);
	else
		snprintf(text, CELL, "%.1f%c", value, units[unit]);
}

static const char *rate(char text[CELL], const struct top_frame *frame, bool counted, uint64_t now, uint64_t before)
{
	if (!counted || frame->seconds <= 0)
		snprintf(text, CELL, "-");
	else
		number(text, top_rate(frame, now, before));
	return NULL;
}

CELL_FUNCTION(cell_port)
{
	(void)frame, (void)before;
	snprintf(text, CELL, "%u", now->port);
	return BOLD;
}

CELL_FUNCTION(cell_partition)
{
	(void)frame, (void)before;
	snprintf(text, CELL, "%u", now->partition);
	return NULL;
}

CELL_FUNCTION(cell_link)
{
	const char *word = top_link_word(now);

	(void)frame, (void)before;
	snprintf(text, CELL, "%s", word);
	return !strcmp(word, "up") ? GREEN : !strcmp(word, "free") ? NULL : !strcmp(word, "off") ? YELLOW : RED;
}

CELL_FUNCTION(cell_sees)
{
	size_t at = 0;

	(void)before;
	snprintf(text, CELL, "-");
	for (unsigned slot = 0; slot < frame->now.count && at < CELL; slot++) {
		if (now->sees & 1u << slot)
			at += (size_t)snprintf(text + at, CELL - at, "%s%u", at ? "," : "",
					       frame->now.ports[slot].port);
	}
	return NULL;
}

CELL_FUNCTION(cell_doorbells)
{
	return rate(text, frame, now->counted, now->doorbells, before->doorbells);
}

CELL_FUNCTION(cell_pending)
{
	(void)frame, (void)before;
	snprintf(text, CELL, "%08x", now->indbellsts);
	return NULL;
}

CELL_FUNCTION(cell_messages)
{
	return rate(text, frame, now->counted, now->messages, before->messages);
}

CELL_FUNCTION(cell_message_status)
{
	(void)frame, (void)before;
	snprintf(text, CELL, "%08x", now->msgsts);
	return NULL;
}

CELL_FUNCTION(cell_interrupts)
{
	return rate(text, frame, now->counted, now->stats.interrupts, before->stats.interrupts);
}

CELL_FUNCTION(cell_registers)
{
	return rate(text, frame, now->counted, now->stats.register_reads + now->stats.register_writes,
		    before->stats.register_reads + before->stats.register_writes);
}

CELL_FUNCTION(cell_windows)
{
	(void)frame, (void)before;
	if (now->counted)
		snprintf(text, CELL, "%u/%u/%u", now->windows_mapped, now->windows_open, now->windows);
	else
		snprintf(text, CELL, "-/%u/%u", now->windows_open, now->windows);
	return NULL;
}

CELL_FUNCTION(cell_read)
{
	return rate(text, frame, now->counted, now->window_bytes_read, before->window_bytes_read);
}

CELL_FUNCTION(cell_written)
{
	return rate(text, frame, now->counted, now->window_bytes_written, before->window_bytes_written);
}

/* A total: one refused access is worth knowing long after. */
static const char *total(char text[CELL], bool counted, uint64_t now, uint64_t before)
{
	if (counted)
		number(text, (double)now);
	else
		snprintf(text, CELL, "-");
	return counted && now > before ? RED : NULL;
}

CELL_FUNCTION(cell_refused)
{
	(void)frame;
	return total(text, now->counted, now->stats.window_refused, before->stats.window_refused);
}

CELL_FUNCTION(cell_errors)
{
	(void)frame;
	return total(text, now->counted, now->stats.guest_errors, before->stats.guest_errors);
}

static const struct column columns[] = {
	{ "PORT", 4, 0, cell_port },
	{ "PART", 4, 4, cell_partition },
	{ "LINK", 6, 0, cell_link },
	{ "SEES", 10, 3, cell_sees },
	{ "DBELL/s", 7, 1, cell_doorbells },
	{ "INDBELL", 8, 5, cell_pending },
	{ "MSG/s", 7, 1, cell_messages },
	{ "MSGSTS", 8, 6, cell_message_status },
	{ "IRQ/s", 7, 1, cell_interrupts },
	{ "REG/s", 7, 2, cell_registers },
	{ "MAP/OPEN/WIN", 12, 2, cell_windows },
	{ "COPY-RD B/s", 11, 3, cell_read },
	{ "COPY-WR B/s", 11, 3, cell_written },
	{ "REFUSED", 7, 1, cell_refused },
	{ "ERRORS", 6, 1, cell_errors },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* The greatest weight with which all columns that are no heavier have room. */
static unsigned choose_weight(unsigned width)
{
	for (unsigned weight = 6; weight; weight--) {
		unsigned sum = 0;

		for (size_t i = 0; i < COLUMNS; i++)
			sum += columns[i].weight <= weight ? columns[i].width + 1 : 0;
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
	for (size_t i = 0; i < COLUMNS; i++) {
		if (columns[i].weight <= weight)
			put(screen, REVERSE, "%s%*s", i ? " " : "", (int)columns[i].width, columns[i].title);
	}
	for (unsigned slot = 0; slot < frame->now.count && next_line(screen); slot++) {
		for (size_t i = 0; i < COLUMNS; i++) {
			char text[CELL];
			const char *color;

			if (columns[i].weight > weight)
				continue;
			color = columns[i].cell(text, frame, &frame->now.ports[slot],
						frame->seconds > 0 ? &frame->before.ports[slot]
								   : &frame->now.ports[slot]);
			put(screen, color, "%s%*s", i ? " " : "", (int)columns[i].width, text);
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

		if (finding->severity < IDTNTB_WARNING || (screen->rows && shown >= room))
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
