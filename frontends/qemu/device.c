/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QOM type idt-ntb: properties, coming and going, reset.
 */
#include "device.h"

#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"

unsigned idtdev_callbacks;

static void signal_begin(IdtNtb *s)
{
	idtdev_callbacks++;
	s->signalling = true;
}

static void signal_end(IdtNtb *s)
{
	s->signalling = false;
	idtdev_callbacks--;
}

/*
 * QEMU composes the message: from its image of configuration space, which the core mirrors, or as whoever exports this
 * device wants it (x-vfio-user-server: the number of the vector). By that image MSI is on or off, and with msi=off there is
 * nothing that could compose it: the core's enable bit can also be written past QEMU (through GASADATA, section 4), and
 * a daemon may say anything.
 */
static void frontend_msi(void *opaque, uint64_t address, uint32_t data)
{
	IdtNtb *s = opaque;

	(void)address;
	(void)data;
	if (!s->attachment || !msi_enabled(&s->parent_obj))
		return;
	signal_begin(s);
	msi_send_message(&s->parent_obj, msi_get_message(&s->parent_obj, 0));
	signal_end(s);
}

static void frontend_intx(void *opaque, bool level)
{
	IdtNtb *s = opaque;

	if (!s->attachment)
		return;
	signal_begin(s);
	pci_set_irq(&s->parent_obj, level);
	signal_end(s);
}

static void descriptor_ready(void *opaque)
{
	IdtNtb *s = opaque;

	idtntb_attachment_process(s->attachment);
}

static bool attach(IdtNtb *s, Error **errp)
{
	struct idtntb_frontend_ops ops = {
		.size = sizeof(ops),
		.msi = frontend_msi,
		.intx = frontend_intx,
		.window_map = s->map ? idtdev_windows_map : NULL,
		.log = idtdev_report_log,
		.guest_error = idtdev_report_guest_error,
		.memory_read = idtdev_memory_read,
		.memory_write = idtdev_memory_write,
		.waiting = idtdev_memory_waiting,
	};
	struct idtntb_attach_options options = {
		.spec = s->switch_spec,
		.port = s->port_number,
		.unsealed_ram = s->unsealed_ram,
		.accept_poke = s->accept_poke,
	};
	struct idtntb_topology topology;
	struct idtntb_error error;
	bool given;

	if (!idtdev_options_log_level(s, &options.log_level, errp) ||
	    !idtdev_options_topology(s, &topology, &given, errp))
		return false;
	if (given)
		options.topology = &topology;
	if (idtntb_attach(&s->attachment, &options, &ops, s, &error) < 0) {
		s->attachment = NULL;
		error_setg(errp, "%s", error.text);
		return false;
	}
	qemu_set_fd_handler(idtntb_attachment_fd(s->attachment), descriptor_ready, NULL, s);
	idtdev_memory_start(s);
	return true;
}

/* Peers' RAM would stay pinned, and written to, by a device that is given guest memory for good (VFIO, vDPA). */
static bool refuse_pinning(IdtNtb *s, Error **errp)
{
	ERRP_GUARD();

	if (ram_block_discard_require(true) < 0) {
		error_setg(errp, "windows=map cannot be beside a device that pins guest memory (VFIO, vDPA)");
		error_append_hint(errp, "Use windows=copy, which is slower.\n");
		return false;
	}
	s->pinning_refused = true;
	return true;
}

static bool block_migration(IdtNtb *s, Error **errp)
{
	error_setg(&s->migration_blocker, TYPE_IDT_NTB
		   ": the switch is shared with running hosts, so this device can be neither migrated nor saved; "
		   "unplug it first (device_del)");
	return idtdev_compat_migration_block(&s->migration_blocker, errp) == 0;
}

/* From the main loop, when no call on an attachment is under way. */
static void later(IdtNtb *s, QEMUBHFunc *what)
{
	object_ref(OBJECT(s));
	aio_bh_schedule_oneshot(iohandler_get_aio_context(), what, s);
}

static void release_late(void *opaque)
{
	IdtNtb *s = opaque;

	idtdev_memory_stop(s);
	idtntb_detach(s->released);
	s->released = NULL;
	object_unref(OBJECT(s));
}

/* While a callback is under way the device goes, and what it says from then on is not heard; its port follows. */
static void release(IdtNtb *s)
{
	if (idtdev_callbacks) {
		pci_irq_deassert(&s->parent_obj);
		s->released = s->attachment;
		later(s, release_late);
	} else {
		idtdev_memory_stop(s);
		idtntb_detach(s->attachment);
	}
	s->attachment = NULL;
}

/* Undoes as much of realize as was done. */
static void ntb_exit(PCIDevice *dev)
{
	IdtNtb *s = IDT_NTB(dev);

	if (s->attachment) {
		idtdev_ram_stop(s);
		qemu_set_fd_handler(idtntb_attachment_fd(s->attachment), NULL, NULL, NULL);
		release(s);
	}
	idtdev_bars_exit(s);
	idtdev_config_exit(s);
	if (s->migration_blocker)
		idtdev_compat_migration_unblock(&s->migration_blocker);
	if (s->pinning_refused)
		ram_block_discard_require(false);
	s->pinning_refused = false;
	s->started = false;
}

static void ntb_realize(PCIDevice *dev, Error **errp)
{
	IdtNtb *s = IDT_NTB(dev);

	if (!idtdev_options_check(s, errp) || !idtdev_options_map(s, &s->map, errp))
		return;
	if (s->map && !(idtdev_ram_check(s, errp) && idtdev_windows_prepare(errp) && refuse_pinning(s, errp)))
		return;
	if (block_migration(s, errp) && attach(s, errp) && idtdev_config_realize(s, errp) &&
	    idtdev_bars_realize(s, errp) && idtdev_link_wish_apply(s, errp))
		return;
	ntb_exit(dev);
}

/*
 * The first reset, when the machine is complete, is the moment to look for a vIOMMU and to bring the link up; the
 * others are the guest's (section 13).
 */
static void reset(IdtNtb *s)
{
	if (s->started)
		idtntb_attachment_reset(s->attachment);
	idtdev_config_reset(s);
	/* What peers had written was carried out first, and may have had the device unplugged. */
	if (!s->started && s->attachment) {
		s->started = true;
		idtdev_ram_start(s);
		idtntb_attachment_link_set(s->attachment, true);
	}
}

/* QEMU's image was reset before, and the guest may have written to it since. */
static void reset_late(void *opaque)
{
	IdtNtb *s = opaque;

	if (s->attachment) {
		reset(s);
		idtdev_config_mirror(s);
	}
	object_unref(OBJECT(s));
}

static void ntb_reset(DeviceState *dev)
{
	IdtNtb *s = IDT_NTB(dev);

	if (s->attachment && idtdev_callbacks)
		later(s, reset_late);
	else if (s->attachment)
		reset(s);
}

static void ntb_finalize(Object *obj)
{
	idtdev_bars_finalize(IDT_NTB(obj));
}

IDT_PROPERTIES properties[] = { DEFINE_PROP_STRING("switch", IdtNtb, switch_spec),
				DEFINE_PROP_UINT32("port", IdtNtb, port_number, UINT32_MAX),
				DEFINE_PROP_STRING("chip", IdtNtb, chip),
				DEFINE_PROP_STRING("ports", IdtNtb, ports),
				DEFINE_PROP_STRING("bars", IdtNtb, bar_setup),
				DEFINE_PROP_BOOL("msi", IdtNtb, msi, true),
				DEFINE_PROP_STRING("windows", IdtNtb, windows),
				DEFINE_PROP_BOOL("unsealed-ram", IdtNtb, unsealed_ram, false),
				DEFINE_PROP_BOOL("poke", IdtNtb, accept_poke, false),
				DEFINE_PROP_STRING("log", IdtNtb, log),
				IDT_PROPERTIES_END };

static const struct {
	const char *name, *text;
} descriptions[] = {
	{ "switch", "Which switch: ivshmem:SOCKET of an ivshmem server, shm:FILE with no server, uring:unix:SOCKET or "
		    "uring:tcp:HOST:PORT of an idtntbd, or local:NAME inside this process" },
	{ "port", "Number of the NT port this host gets" },
	{ "chip", "Chip, where this process makes the switch, e.g. 89HPES24NT6AG2" },
	{ "ports",
	  "NT ports, where this process makes the switch: a number of them, or a list such as 0,4 or 0=0,4=3" },
	{ "bars",
	  "BAR setup, where this process makes the switch: lut24[:SIZE], lut12x2[:SIZE] or six BARSETUP values" },
	{ "msi", "on: MSI; off: INTx (the driver wants an unshared line)" },
	{ "windows",
	  "map: peers' RAM is mapped into the BARs (needs shared guest RAM); copy: it is copied, access by access" },
	{ "poke", "Write registers of this port when somebody who looks into the switch asks for it (idtntbctl poke)" },
	{ "unsealed-ram", "Map peers' RAM even if its file could be truncated, which would kill this process" },
	{ "log", "Lines on stderr up to this level: error, warning, info, debug or trace" },
};

static void ntb_class_init(ObjectClass *klass, IDT_CLASS_DATA *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);
	PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

	(void)data;
	pc->realize = ntb_realize;
	pc->exit = ntb_exit;
	pc->config_read = idtdev_config_read;
	pc->config_write = idtdev_config_write;
	pc->vendor_id = IDTNTB_VENDOR_ID; /* device id, revision and subsystem ids come with the topology */
	pc->class_id = PCI_CLASS_BRIDGE_OTHER;
	dc->desc = "NT port of an IDT 89HPESxNTxG2 PCIe switch (non-transparent bridge)";
	set_bit(DEVICE_CATEGORY_BRIDGE, dc->categories);
	device_class_set_legacy_reset(dc, ntb_reset);
	device_class_set_props(dc, properties);
	for (size_t i = 0; i < ARRAY_SIZE(descriptions); i++)
		object_class_property_set_description(klass, descriptions[i].name, descriptions[i].text);
	idtdev_inspect_class_init(klass);
}

IDT_INTERFACES interfaces[] = {
	{ INTERFACE_PCIE_DEVICE },
	{},
};

static const TypeInfo type = {
	.name = TYPE_IDT_NTB,
	.parent = TYPE_PCI_DEVICE,
	.instance_size = sizeof(IdtNtb),
	.instance_finalize = ntb_finalize,
	.class_init = ntb_class_init,
	.interfaces = interfaces,
};

void idtdev_ntb_register_type(void)
{
	type_register_static(&type);
}

/* Inside QEMU the type is there from the start; a plugin registers it when it is loaded. */
#ifndef IDT_NTB_PLUGIN
type_init(idtdev_ntb_register_type)
#endif
