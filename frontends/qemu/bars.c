/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BARs, shaped by the port's BARSETUP registers (sections 3.2, 6.1): BAR0 is the registers; a window BAR is a
 * container with a trap over all of it and one alias for each window over the trap.
 *
 * Regions other than aliases live as long as their device (QEMU's docs/devel/memory.rst), so the RAM regions are made
 * once, over address space that stays reserved until the device is freed; only the aliases are switched.
 */
#include "device.h"

#include "qapi/error.h"

#include <sys/mman.h>

#define BARSETUP_TYPE_FLAGS 0x0000000Eu /* TYPE and PREF have the layout of the BAR's own low nibble */
#define BARSETUP_SIZE(setup) (((setup) >> 4) & 0x3F)
#define BARSETUP_MODE (1u << 10)
#define BARSETUP_EN (1u << 31)

static uint64_t registers_read(void *opaque, hwaddr offset, unsigned size)
{
	return idtdev_nt_read(opaque, offset, size);
}

static void registers_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
	idtdev_nt_write(opaque, offset, value, size);
}

static uint64_t trap_read(void *opaque, hwaddr offset, unsigned size)
{
	const IdtBar *bar = opaque;
	uint8_t data[8];

	memset(data, 0xFF, sizeof(data));
	if (idtdev_reachable(bar->device))
		idtntb_attachment_bar_read(bar->device->attachment, bar->number, offset, data, size);
	return ldn_le_p(data, size);
}

static void trap_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
	const IdtBar *bar = opaque;
	uint8_t data[8];

	stn_le_p(data, size, value);
	if (idtdev_reachable(bar->device))
		idtntb_attachment_bar_write(bar->device->attachment, bar->number, offset, data, size);
}

/* Any size at any offset has a defined result; the core sees the access as the guest made it. */
static const MemoryRegionOps registers_ops = {
	.read = registers_read,
	.write = registers_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
	.impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static const MemoryRegionOps trap_ops = {
	.read = trap_read,
	.write = trap_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
	.impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

/* Whether the host can map something at the window's place; a window of less than a page always traps. */
static bool mappable(const struct idtntb_window *info)
{
	uint64_t page = qemu_real_host_page_size();

	return info->size >= page && QEMU_IS_ALIGNED(info->offset, page) && QEMU_IS_ALIGNED(info->size, page);
}

static void window_realize(IdtNtb *s, IdtBar *bar, unsigned index, const struct idtntb_window *info)
{
	IdtWindow *window = &s->window[index];
	g_autofree char *ram = g_strdup_printf(TYPE_IDT_NTB ".bar%u.%u.ram", bar->number, info->entry);
	g_autofree char *alias = g_strdup_printf(TYPE_IDT_NTB ".bar%u.%u", bar->number, info->entry);

	window->host = (uint8_t *)bar->reservation + info->offset;
	window->size = info->size;
	window->offset = info->offset;
	memory_region_init_ram_device_ptr(&window->ram, OBJECT(s), ram, window->size, window->host);
	memory_region_init_alias(&window->alias, OBJECT(s), alias, &window->ram, 0, window->size);
	memory_region_set_enabled(&window->alias, false);
	memory_region_add_subregion_overlap(&bar->container, window->offset, &window->alias, 1);
}

/*
 * Address space that is aligned as a BAR is, to its size: what can be mapped at a place in the BAR by its offset, huge pages
 * above all, can be mapped there then.
 */
static void *reserve(uint64_t size)
{
	uint8_t *all = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), *place;

	if (all == MAP_FAILED)
		return NULL;
	place = (uint8_t *)QEMU_ALIGN_UP((uintptr_t)all, size);
	if (place != all)
		munmap(all, place - all);
	munmap(place + size, all + size - place);
	return place;
}

static bool windows_realize(IdtNtb *s, IdtBar *bar, Error **errp)
{
	g_autofree char *container = g_strdup_printf(TYPE_IDT_NTB ".bar%u", bar->number);
	g_autofree char *trap = g_strdup_printf(TYPE_IDT_NTB ".bar%u.trap", bar->number);

	bar->windows = true;
	if (s->map) {
		bar->reservation = reserve(MAX(bar->size, qemu_real_host_page_size()));
		if (!bar->reservation) {
			error_setg_errno(errp, errno, "cannot reserve %" PRIu64 " bytes of address space for BAR %u",
					 bar->size, bar->number);
			return false;
		}
	}
	memory_region_init(&bar->container, OBJECT(s), container, bar->size);
	memory_region_init_io(&bar->trap, OBJECT(s), &trap_ops, bar, trap, bar->size);
	memory_region_add_subregion(&bar->container, 0, &bar->trap);
	for (unsigned entry = 0; s->map && entry < IDTNTB_LUT_ENTRIES; entry++) {
		unsigned index = IDTNTB_WINDOW(bar->number, entry);
		struct idtntb_window info;

		if (idtntb_attachment_window(s->attachment, index, &info) == 0 && mappable(&info))
			window_realize(s, bar, index, &info);
	}
	return true;
}

bool idtdev_bars_realize(IdtNtb *s, Error **errp)
{
	const struct idtntb_topology *topology = idtntb_attachment_topology(s->attachment);
	const uint32_t *setup = topology->ports[idtntb_attachment_slot(s->attachment)].barsetup;

	s->window = g_new0(IdtWindow, IDTNTB_WINDOWS);
	for (unsigned n = 0; n < IDTNTB_BARS; n++) {
		IdtBar *bar = &s->bars[n];

		if (!(setup[n] & BARSETUP_EN))
			continue;
		bar->device = s;
		bar->number = n;
		bar->size = 1ull << BARSETUP_SIZE(setup[n]);
		if (setup[n] & BARSETUP_MODE)
			memory_region_init_io(&bar->container, OBJECT(s), &registers_ops, s, TYPE_IDT_NTB ".registers",
					      bar->size);
		else if (!windows_realize(s, bar, errp))
			return false;
		pci_register_bar(&s->parent_obj, n, setup[n] & BARSETUP_TYPE_FLAGS, &bar->container);
		if (setup[n] & PCI_BASE_ADDRESS_MEM_TYPE_64)
			n++; /* its BARSETUP is unused (section 6.1) */
	}
	return true;
}

/* Subregions hold references to the device: without this it would never be freed. */
void idtdev_bars_exit(IdtNtb *s)
{
	for (unsigned i = 0; s->window && i < IDTNTB_WINDOWS; i++) {
		if (s->window[i].size)
			memory_region_del_subregion(&s->bars[i / IDTNTB_LUT_ENTRIES].container, &s->window[i].alias);
	}
	for (unsigned n = 0; n < IDTNTB_BARS; n++) {
		if (s->bars[n].windows && memory_region_is_mapped(&s->bars[n].trap))
			memory_region_del_subregion(&s->bars[n].container, &s->bars[n].trap);
	}
}

/* The regions are gone, and with them every view of the memory map that had them. */
void idtdev_bars_finalize(IdtNtb *s)
{
	for (unsigned n = 0; n < IDTNTB_BARS; n++) {
		if (s->bars[n].reservation)
			munmap(s->bars[n].reservation, s->bars[n].size);
	}
	g_free(s->window);
}
