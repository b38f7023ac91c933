/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch's lines on QEMU's stderr, so that whoever's driver fails to probe sees why.
 */
#include "device.h"

#include "qemu/error-report.h"

static const char *name_of(const IdtNtb *s)
{
	return DEVICE(s)->id ? DEVICE(s)->id : TYPE_IDT_NTB;
}

void idtdev_report_log(void *opaque, enum idtntb_log_level level, const char *text)
{
	const IdtNtb *s = opaque;

	switch (level) {
	case IDTNTB_LOG_ERROR:
		error_report("%s (port %" PRIu32 "): %s", name_of(s), s->port_number, text);
		break;
	case IDTNTB_LOG_WARNING:
		warn_report("%s (port %" PRIu32 "): %s", name_of(s), s->port_number, text);
		break;
	default:
		info_report("%s (port %" PRIu32 "): %s", name_of(s), s->port_number, text);
	}
}

/* Not a matter of the log level: the library limits the rate. */
void idtdev_report_guest_error(void *opaque, const char *text)
{
	const IdtNtb *s = opaque;

	warn_report("%s (port %" PRIu32 "): guest error: %s", name_of(s), s->port_number, text);
}
