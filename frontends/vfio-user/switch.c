/* SPDX-License-Identifier: BSD-3-Clause */
/* A port's side of the switch: what it is called back for. */
#include "server.h"

int switch_attach(struct port *port)
{
	const struct server_options *options = port->options;
	const struct idtntb_frontend_ops ops = {
		.size = sizeof(ops),
		.msi = interrupts_msi,
		.intx = interrupts_intx,
		.window_map = windows_map,
		.log = report_log,
		.guest_error = report_guest_error,
	};
	const struct idtntb_attach_options attach_options = {
		.spec = options->spec,
		.port = port->number,
		.topology = options->topology_given ? &options->topology : NULL,
		.unsealed_ram = true, /* the guard is there for what could be cut short */
		.log_level = options->log_level,
		.accept_poke = options->accept_poke,
	};
	struct idtntb_error error;
	int ret = idtntb_attach(&port->attachment, &attach_options, &ops, port, &error);

	if (ret) {
		port->attachment = NULL;
		say_port(port, "%s", error.text);
		return ret;
	}
	windows_open(port);
	return 0;
}
