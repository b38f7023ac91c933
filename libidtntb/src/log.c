/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines for people: log, guest errors, and the text of failures.
 */
#include "port.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int idt_error(struct idtntb_error *error, int result, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return result;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	/* What a person typed may be quoted in it; a line stays one line. */
	for (char *at = error->text; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7F)
			*at = '?';
	}
	return result;
}

void idt_log_line(struct idtntb_port *port, enum idtntb_log_level level, const char *format, ...)
{
	char text[200];
	va_list arguments;

	if (!port->ops.log)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	port->ops.log(port->opaque, level, text);
}

const char *idt_name(const struct idt_decode *decode, uint32_t address, char name[IDT_NAME_SIZE])
{
	size_t used = 0;

	name[0] = '\0';
	if (decode->row)
		used = strlen(idtntb_register_name(&decode->row->reg, decode->i, decode->j, name, IDT_NAME_SIZE));
	snprintf(name + used, IDT_NAME_SIZE - used, used ? " (0x%03x)" : "0x%03x", address);
	return name;
}

#define ERRORS_TOLD 4
#define CHANGES_TOLD 4096

/* Without a clock a rate can only be one of counts: the first of a kind, then each power of two. */
static bool due(uint32_t count, uint32_t first)
{
	return count <= first || !(count & (count - 1));
}

/* Print a line to `text`; one that stands for many says so. */
__attribute__((format(printf, 5, 0))) static void print(char *text, size_t size, uint32_t count, uint32_t first,
							const char *format, va_list arguments)
{
	int used = vsnprintf(text, size, format, arguments);

	if (count > first && used > 0 && (size_t)used < size)
		snprintf(text + used, size - (size_t)used, " (%u times)", count);
}

void idt_log_change(struct idtntb_port *port, uint32_t *count, enum idtntb_log_level level, const char *format, ...)
{
	char text[200];
	va_list arguments;

	if (level > port->log_level || !port->ops.log || !due(++*count, CHANGES_TOLD))
		return;
	va_start(arguments, format);
	print(text, sizeof(text), *count, CHANGES_TOLD, format, arguments);
	va_end(arguments);
	port->ops.log(port->opaque, level, text);
}

void idt_guest_error(struct idtntb_port *port, const struct idt_decode *decode, const char *format, ...)
{
	char text[200];
	va_list arguments;
	const unsigned kind = decode ? decode->index : 0;
	uint32_t *count = &port->errors[kind];

	port->guest_errors++;
	idt_count(&port->counters->guest_errors);
	++*count;
	if (!due(*count, ERRORS_TOLD))
		return;
	va_start(arguments, format);
	print(text, sizeof(text), *count, ERRORS_TOLD, format, arguments);
	va_end(arguments);
	idt_error_keep(port, kind, *count > ERRORS_TOLD, port->guest_errors, text);
	if (port->ops.guest_error)
		port->ops.guest_error(port->opaque, text);
}
