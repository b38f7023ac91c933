/* SPDX-License-Identifier: BSD-3-Clause */
/* One line of idtntbctl top: what a port is doing. */
#include "top-columns.h"

#include <string.h>

#define SEES_WIDTH 10

#define CELL_FUNCTION(name)                                                                                            \
	static const char *name(char text[TOP_CELL], const struct top_frame *frame, const struct idtntb_overview *now, \
				const struct idtntb_overview *before)

/* Short numbers keep columns narrow: 12.3k. */
static void number(char text[TOP_CELL], double value)
{
	static const char units[] = "kMGTP";
	int unit = -1;

	while (value >= 100000 && units[unit + 1]) {
		value /= 1000;
		unit++;
	}
	if (unit < 0)
		snprintf(text, TOP_CELL, "%.0f", value);
	else
		snprintf(text, TOP_CELL, "%.1f%c", value, units[unit]);
}

static const char *rate(char text[TOP_CELL], const struct top_frame *frame, bool counted, uint64_t now, uint64_t before)
{
	if (!counted || frame->seconds <= 0)
		snprintf(text, TOP_CELL, "-");
	else
		number(text, top_rate(frame, now, before));
	return NULL;
}

CELL_FUNCTION(cell_port)
{
	(void)frame, (void)before;
	snprintf(text, TOP_CELL, "%u", now->port);
	return BOLD;
}

CELL_FUNCTION(cell_partition)
{
	(void)frame, (void)before;
	snprintf(text, TOP_CELL, "%u", now->partition);
	return NULL;
}

CELL_FUNCTION(cell_link)
{
	const char *word = top_link_word(now);

	(void)frame, (void)before;
	snprintf(text, TOP_CELL, "%s", word);
	return !strcmp(word, "up") ? GREEN : !strcmp(word, "free") ? NULL : !strcmp(word, "off") ? YELLOW : RED;
}

/* The ports whose link its driver finds up; how many they are, where they are more than the column has room for. */
CELL_FUNCTION(cell_sees)
{
	unsigned seen = 0;
	size_t at = 0;

	(void)before;
	snprintf(text, TOP_CELL, "-");
	for (unsigned slot = 0; slot < frame->now.count; slot++) {
		if (!(now->sees & 1u << slot))
			continue;
		seen++;
		if (at < TOP_CELL)
			at += (size_t)snprintf(text + at, TOP_CELL - at, "%s%u", at ? "," : "",
					       frame->now.ports[slot].port);
	}
	if (at > SEES_WIDTH)
		snprintf(text, TOP_CELL, "%u of %u", seen, frame->now.count - 1);
	return NULL;
}

CELL_FUNCTION(cell_doorbells)
{
	return rate(text, frame, now->counted, now->doorbells, before->doorbells);
}

CELL_FUNCTION(cell_pending)
{
	(void)frame, (void)before;
	snprintf(text, TOP_CELL, "%08x", now->indbellsts);
	return NULL;
}

CELL_FUNCTION(cell_messages)
{
	return rate(text, frame, now->counted, now->messages, before->messages);
}

CELL_FUNCTION(cell_message_status)
{
	(void)frame, (void)before;
	snprintf(text, TOP_CELL, "%08x", now->msgsts);
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
		snprintf(text, TOP_CELL, "%u/%u/%u", now->windows_mapped, now->windows_open, now->windows);
	else
		snprintf(text, TOP_CELL, "-/%u/%u", now->windows_open, now->windows);
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
static const char *total(char text[TOP_CELL], bool counted, uint64_t now, uint64_t before)
{
	if (counted)
		number(text, (double)now);
	else
		snprintf(text, TOP_CELL, "-");
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

const struct top_column top_columns[] = {
	{ "PORT", 4, 0, cell_port },
	{ "PART", 4, 4, cell_partition },
	{ "LINK", 6, 0, cell_link },
	{ "SEES", SEES_WIDTH, 3, cell_sees },
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

const size_t top_column_count = sizeof(top_columns) / sizeof(top_columns[0]);
