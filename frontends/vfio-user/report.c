/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines on standard error, each by one write, so that threads do not mix them. */
#include "server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void line(const char *who, const char *format, va_list list)
{
	char text[768];
	int at = snprintf(text, sizeof(text), "idtntb-vfio-user: %s", who);
	size_t length;

	vsnprintf(text + at, sizeof(text) - (size_t)at - 1, format, list);
	length = strlen(text);
	text[length++] = '\n';
	/* Nobody is left to be told that standard error cannot be written to. */
	if (write(STDERR_FILENO, text, length) < 0)
		return;
}

void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	line("", format, list);
	va_end(list);
}

void say_port(const struct port *port, const char *format, ...)
{
	char who[24];
	va_list list;

	snprintf(who, sizeof(who), "port %u: ", port->number);
	va_start(list, format);
	line(who, format, list);
	va_end(list);
}

bool worth_a_line(unsigned *count)
{
	unsigned n = ++*count;

	return n <= 4 || !(n & (n - 1));
}

void report_log(void *opaque, enum idtntb_log_level level, const char *text)
{
	(void)level;
	say_port(opaque, "%s", text);
}

/* Not a matter of the log level: the core limits the rate. */
void report_guest_error(void *opaque, const char *text)
{
	say_port(opaque, "guest error: %s", text);
}

/* What libvfio-user calls errors is what clients ask for in vain, as often as they like. */
void report_library(vfu_ctx_t *context, int level, const char *text)
{
	const struct port *port = vfu_get_private(context);

	(void)level;
	if (port->options->log_level >= IDTNTB_LOG_DEBUG)
		say_port(port, "libvfio-user: %s", text);
}
