/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking into a running device, and breaking its link on purpose, by QOM properties: qom-get and qom-set on QMP.
 */
#include "device.h"

#include "qapi/error.h"
#include "qapi/visitor.h"

/* A counter of the device or of its port handle. */
struct counter {
	const char *name;
	const char *description;
	size_t stats_offset; /* in struct idtntb_port_stats, unless get is set */
	uint64_t (*get)(const IdtNtb *s);
};

static uint64_t windows_mapped(const IdtNtb *s)
{
	return s->windows_mapped;
}

static uint64_t window_maps(const IdtNtb *s)
{
	return s->window_maps;
}

static uint64_t ram_offered(const IdtNtb *s)
{
	return s->ram.offered;
}

static uint64_t ram_mappable(const IdtNtb *s)
{
	return s->ram.mappable;
}

static const struct counter counters[] = {
	{ "stats-register-reads", "Register reads by the guest", offsetof(struct idtntb_port_stats, register_reads),
	  NULL },
	{ "stats-register-writes", "Register writes by the guest", offsetof(struct idtntb_port_stats, register_writes),
	  NULL },
	{ "stats-window-reads", "Window reads that trapped (a mapped window's do not)",
	  offsetof(struct idtntb_port_stats, window_reads), NULL },
	{ "stats-window-writes", "Window writes that trapped (a mapped window's do not)",
	  offsetof(struct idtntb_port_stats, window_writes), NULL },
	{ "stats-window-refused", "Trapped window accesses that were refused or not answered",
	  offsetof(struct idtntb_port_stats, window_refused), NULL },
	{ "stats-interrupts", "MSIs sent and INTA assertions", offsetof(struct idtntb_port_stats, interrupts), NULL },
	{ "stats-guest-errors", "Things the guest did that the chip would not accept",
	  offsetof(struct idtntb_port_stats, guest_errors), NULL },
	{ "windows-mapped", "Windows that are mapped at the moment", 0, windows_mapped },
	{ "window-maps", "Times a window was pointed at a peer's RAM", 0, window_maps },
	{ "ram-offered", "Bytes of guest RAM that peers' windows reach", 0, ram_offered },
	{ "ram-mappable", "Bytes of it that peers may map", 0, ram_mappable },
};

static void counter_get(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	const IdtNtb *s = IDT_NTB(obj);
	const struct counter *counter = opaque;
	struct idtntb_port_stats stats = { 0 };
	uint64_t value;

	if (counter->get) {
		value = counter->get(s);
	} else {
		if (s->attachment)
			idtntb_attachment_stats(s->attachment, &stats);
		value = *(const uint64_t *)((const char *)&stats + counter->stats_offset);
	}
	visit_type_uint64(v, name, &value, errp);
}

static bool link_get(Object *obj, Error **errp)
{
	const IdtNtb *s = IDT_NTB(obj);
	struct idtntb_member member = { 0 };

	(void)errp;
	if (!s->attachment)
		return s->link_wish != IDT_LINK_DOWN;
	idtntb_attachment_member(s->attachment, s->port_number, &member);
	return !member.forced_down;
}

static void link_set(Object *obj, bool up, Error **errp)
{
	IdtNtb *s = IDT_NTB(obj);

	s->link_wish = up ? IDT_LINK_UP : IDT_LINK_DOWN;
	idtdev_link_wish_apply(s, errp);
}

bool idtdev_link_wish_apply(IdtNtb *s, Error **errp)
{
	int ret;

	if (!s->attachment || s->link_wish == IDT_LINK_AS_IT_IS)
		return true;
	ret = idtntb_attachment_link_force(s->attachment, s->port_number, s->link_wish == IDT_LINK_DOWN);
	if (ret < 0)
		error_setg_errno(errp, -ret, "the link of port %" PRIu32 " stays as it is, its switch is out of reach",
				 s->port_number);
	return ret == 0;
}

static bool link_up_get(Object *obj, Error **errp)
{
	const IdtNtb *s = IDT_NTB(obj);
	struct idtntb_member member = { 0 };

	(void)errp;
	if (s->attachment)
		idtntb_attachment_member(s->attachment, s->port_number, &member);
	return member.up && !member.forced_down;
}

void idtdev_inspect_class_init(ObjectClass *klass)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		object_class_property_add(klass, counters[i].name, "uint64", counter_get, NULL, NULL,
					  (void *)&counters[i]);
		object_class_property_set_description(klass, counters[i].name, counters[i].description);
	}
	object_class_property_add_bool(klass, "link", link_get, link_set);
	object_class_property_set_description(
		klass, "link",
		"on or off: the port's link as an administrator wants it, also at run time "
		"(default: as the switch has it)");
	object_class_property_add_bool(klass, "link-up", link_up_get, NULL);
	object_class_property_set_description(klass, "link-up", "Whether peers see this port's link up");
}
