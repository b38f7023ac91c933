/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the properties ask for. Each refusal is one line - what, why - and a hint that says what would be right.
 */
#include "device.h"

#include "qapi/error.h"

bool idtdev_options_log_level(const IdtNtb *s, enum idtntb_log_level *level, Error **errp)
{
	static const char *const names[] = {
		[IDTNTB_LOG_ERROR] = "error", [IDTNTB_LOG_WARNING] = "warning", [IDTNTB_LOG_INFO] = "info",
		[IDTNTB_LOG_DEBUG] = "debug", [IDTNTB_LOG_TRACE] = "trace",
	};
	ERRP_GUARD();

	*level = IDTNTB_LOG_INFO;
	if (!s->log)
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(s->log, names[i]) == 0) {
			*level = i;
			return true;
		}
	}
	error_setg(errp, "log=%s is not a level", s->log);
	error_append_hint(errp, "Levels are error, warning, info, debug and trace.\n");
	return false;
}

bool idtdev_options_map(const IdtNtb *s, bool *map, Error **errp)
{
	ERRP_GUARD();

	*map = !s->windows || strcmp(s->windows, "map") == 0;
	if (*map || strcmp(s->windows, "copy") == 0)
		return true;
	error_setg(errp, "windows=%s is not a way to do windows", s->windows);
	error_append_hint(errp, "Use windows=map (peers' RAM is mapped into the BARs) or windows=copy.\n");
	return false;
}

bool idtdev_options_topology(const IdtNtb *s, struct idtntb_topology *topology, bool *given, Error **errp)
{
	struct idtntb_error error;

	*given = s->chip || s->ports || s->bar_setup;
	if (!*given || idtntb_topology_parse(topology, s->chip, s->ports, s->bar_setup, &error) == 0)
		return true;
	error_setg(errp, "%s", error.text);
	return false;
}

/* What can be refused before anything is touched. */
bool idtdev_options_check(const IdtNtb *s, Error **errp)
{
	ERRP_GUARD();

	if (!pci_bus_is_express(pci_get_bus(&s->parent_obj))) {
		error_setg(errp, TYPE_IDT_NTB
			   " needs a PCI Express bus: the driver reads configuration space beyond 256 bytes");
		error_append_hint(errp, "Use -machine q35, and on it bus=pcie.0 or the bus of a pcie-root-port.\n");
		return false;
	}
	if (!s->switch_spec) {
		error_setg(errp, "property 'switch' is missing: it names the switch whose port this device is");
		error_append_hint(errp,
				  "For example switch=ivshmem:/run/ntb.sock with the socket of an ivshmem server.\n");
		return false;
	}
	if (s->port_number >= IDTNTB_PORT_NUMBERS) {
		if (s->port_number == UINT32_MAX)
			error_setg(errp,
				   "property 'port' is missing: it says which NT port of the switch this host gets");
		else
			error_setg(errp, "port=%" PRIu32 " is not a port number: they go from 0 to %d", s->port_number,
				   IDTNTB_PORT_NUMBERS - 1);
		error_append_hint(errp, "The first NT ports of every chip's list are port=0 and, on most, port=2.\n");
		return false;
	}
	return true;
}
