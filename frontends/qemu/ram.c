/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's RAM, as peers' windows reach it: collected from QEMU's memory map each time that is committed.
 *
 * RAM is what a memory backend owns and no device shows in a BAR: not ROM, not video memory, not our own windows. Without a
 * vIOMMU a DMA address is a guest-physical one, so the system address space has what peers' translations name; behind
 * one it is not, nothing is offered, and all goes the way of memory.c.
 */
#include "device.h"

#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/units.h"

/*
 * Whether a PCI device shows a region, as ivshmem-plain does the one of its backend: it lies in the memory of a bus then. The
 * machine's RAM lies nowhere, it is shown by aliases; that of DIMMs lies elsewhere.
 */
static bool is_bar(IdtNtb *s, const MemoryRegion *mr)
{
	const MemoryRegion *bus = pci_device_root_bus(&s->parent_obj)->address_space_mem;

	for (mr = mr->container; mr; mr = mr->container) {
		if (mr == bus || (mr->owner && object_dynamic_cast(mr->owner, TYPE_PCI_DEVICE)))
			return true;
	}
	return false;
}

/* In a QEMU that exports the device to another one, that one's RAM is nobody's. Elsewhere such a region is firmware. */
static bool is_clients(const MemoryRegion *mr)
{
	return !mr->owner && object_dynamic_cast(qdev_get_machine(), MACHINE_TYPE_NAME("x-remote"));
}

bool idtdev_ram_is_guests(IdtNtb *s, MemoryRegion *mr)
{
	if (!memory_region_is_ram(mr) || memory_region_is_ram_device(mr) || is_bar(s, mr))
		return false;
	return is_clients(mr) || (mr->owner && object_dynamic_cast(mr->owner, TYPE_MEMORY_BACKEND));
}

/* The descriptor behind a region if another process may be given it, else -1. */
static int shared_fd(MemoryRegion *mr)
{
	int fd = memory_region_get_fd(mr);

	return fd >= 0 && qemu_ram_is_shared(mr->ram_block) ? fd : -1;
}

/* Whether windows=map can be: looks at what lies at 1 MiB, behind all of a PC's holes. */
bool idtdev_ram_check(IdtNtb *s, Error **errp)
{
	MemoryRegionSection section = memory_region_find(get_system_memory(), MiB, 1);
	bool shared = section.mr && idtdev_ram_is_guests(s, section.mr) && shared_fd(section.mr) >= 0;
	ERRP_GUARD();

	if (section.mr)
		memory_region_unref(section.mr);
	if (shared)
		return true;
	error_setg(errp, "windows=map needs guest RAM that is shared, but this machine's is private to QEMU");
	error_append_hint(errp,
			  "Add -object memory-backend-memfd,id=ram,size=%" PRIu64
			  "M,share=on -machine memory-backend=ram,\n"
			  "or choose windows=copy, which is slower.\n",
			  MACHINE(qdev_get_machine())->ram_size / MiB);
	return false;
}

static void ram_begin(MemoryListener *listener)
{
	IdtRam *ram = container_of(listener, IdtRam, listener);

	ram->next_count = 0;
	ram->next_overflow = false;
}

/* Sections come in the order of their addresses; what continues the last one in every respect is one range with it. */
static void ram_section(MemoryListener *listener, MemoryRegionSection *section)
{
	IdtRam *ram = container_of(listener, IdtRam, listener);
	struct idtntb_ram_range range = { 0 };
	struct idtntb_ram_range *last = ram->next_count ? &ram->next[ram->next_count - 1] : NULL;

	if (!idtdev_ram_is_guests(container_of(ram, IdtNtb, ram), section->mr) || section->readonly)
		return;
	range.address = section->offset_within_address_space;
	range.size = int128_get64(section->size);
	range.host = (uint8_t *)memory_region_get_ram_ptr(section->mr) + section->offset_within_region;
	range.fd = shared_fd(section->mr);
	if (range.fd >= 0)
		range.fd_offset = idtdev_compat_fd_offset(section->mr->ram_block) + section->offset_within_region;
	if (last && last->fd == range.fd && last->address + last->size == range.address &&
	    (uint8_t *)last->host + last->size == range.host) {
		last->size += range.size;
	} else if (ram->next_count < ARRAY_SIZE(ram->next)) {
		ram->next[ram->next_count++] = range;
	} else {
		ram->next_overflow = true;
	}
}

static void ram_commit(MemoryListener *listener)
{
	IdtRam *ram = container_of(listener, IdtRam, listener);
	IdtNtb *s = container_of(ram, IdtNtb, ram);

	if (ram->next_overflow && !ram->overflow_reported) {
		ram->overflow_reported = true;
		warn_report(TYPE_IDT_NTB
			    ": more than %d ranges of guest RAM: peers' windows to all but the first %d go "
			    "by copy, and slowly",
			    IDTNTB_RAM_RANGES, IDTNTB_RAM_RANGES);
	}
	ram->offered = ram->mappable = 0;
	/* A refusal is in the log, and one of the same ranges again costs nobody anything. */
	if (idtntb_attachment_ram_set(s->attachment, ram->next, ram->next_count, NULL) < 0)
		return;
	for (size_t i = 0; i < ram->next_count; i++) {
		ram->offered += ram->next[i].size;
		ram->mappable += ram->next[i].fd >= 0 ? ram->next[i].size : 0;
	}
}

void idtdev_ram_start(IdtNtb *s)
{
	if (pci_device_iommu_address_space(&s->parent_obj) != &address_space_memory) {
		info_report(TYPE_IDT_NTB
			    ": behind a vIOMMU: guest RAM is not offered, peers' windows into it go by copy");
		return;
	}
	s->ram.listener = (MemoryListener){
		.name = TYPE_IDT_NTB,
		.begin = ram_begin,
		.region_add = ram_section,
		.region_nop = ram_section,
		.commit = ram_commit,
	};
	memory_listener_register(&s->ram.listener, &address_space_memory);
	s->ram.registered = true;
}

void idtdev_ram_stop(IdtNtb *s)
{
	if (!s->ram.registered)
		return;
	s->ram.registered = false;
	memory_listener_unregister(&s->ram.listener);
}
