/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's RAM for peers where it is not offered to them, above all behind a vIOMMU: access by access, through the
 * device's own DMA address space, so that the guest's page tables decide.
 *
 * All of it runs under the big lock. A vIOMMU may tell the guest of a fault by an interrupt, or write it into a log, and
 * that asserts the lock; so a translation cannot be made on the thread that serves copies.
 */
#include "device.h"

#include "qemu/bswap.h"
#include "qemu/rcu.h"

bool idtdev_memory_busy;

static QLIST_HEAD(, IdtNtb) devices = QLIST_HEAD_INITIALIZER(devices);

/* An access that is aligned is one access on the bus. */
static void copy(void *to, const void *from, size_t size)
{
	switch (size) {
	case 1:
		stb_p(to, ldub_p(from));
		break;
	case 2:
		stw_he_p(to, lduw_he_p(from));
		break;
	case 4:
		stl_he_p(to, ldl_he_p(from));
		break;
	case 8:
		stq_he_p(to, ldq_he_p(from));
		break;
	default:
		memcpy(to, from, size);
	}
}

/*
 * The part of an access from its start that is in one piece of RAM. NULL: it is no RAM of the guest's, or the guest has
 * not mapped it for this device. *mr is where.
 */
static void *begin(IdtNtb *s, uint64_t address, hwaddr *size, bool write, MemoryRegion **mr)
{
	hwaddr offset;

	*mr = address_space_translate(pci_get_address_space(&s->parent_obj), address, &offset, size, write,
				      MEMTXATTRS_UNSPECIFIED);
	/* The translation's fault may have had the device unplugged. */
	if (!s->attachment || !idtdev_ram_is_guests(s, *mr) || (write && (*mr)->readonly))
		return NULL;
	return (uint8_t *)memory_region_get_ram_ptr(*mr) + offset;
}

/* The end of a write as after address_space_map(): TCG's translations of these bytes are void, they are dirty. */
static void written(IdtNtb *s, MemoryRegion *mr, void *host, hwaddr size)
{
	memory_region_ref(mr); /* dropped by the next call */
	address_space_unmap(pci_get_address_space(&s->parent_obj), host, size, true, size);
}

static int reach(IdtNtb *s, uint64_t address, uint8_t *data, size_t size, bool write)
{
	RCU_READ_LOCK_GUARD();

	while (size) {
		hwaddr part = size;
		MemoryRegion *mr;
		void *host = begin(s, address, &part, write, &mr);

		if (!host)
			return -EFAULT;
		if (write) {
			copy(host, data, part);
			written(s, mr, host, part);
		} else {
			copy(data, host, part);
		}
		address += part;
		data += part;
		size -= part;
	}
	return 0;
}

/* The page tables that are walked may lie, by the guest's will, in one of our own BARs: see idtdev_reachable(). */
static int reach_alone(IdtNtb *s, uint64_t address, void *data, size_t size, bool write)
{
	int ret;

	if (!s->attachment)
		return -ENODEV;
	idtdev_callbacks++;
	idtdev_memory_busy = true;
	ret = reach(s, address, data, size, write);
	idtdev_memory_busy = false;
	idtdev_callbacks--;
	return ret;
}

int idtdev_memory_read(void *opaque, uint64_t address, void *data, size_t size)
{
	return reach_alone(opaque, address, data, size, false);
}

int idtdev_memory_write(void *opaque, uint64_t address, const void *data, size_t size)
{
	return reach_alone(opaque, address, (void *)data, size, true);
}

/* One lock serialises all devices of this process, and the one who holds it waits: peers are served here. */
void idtdev_memory_waiting(void *opaque)
{
	IdtNtb *s;

	(void)opaque;
	/* A device that went meanwhile still refuses what peers wait for. */
	QLIST_FOREACH(s, &devices, others)
	idtntb_attachment_drain(s->attachment ? s->attachment : s->released);
}

void idtdev_memory_start(IdtNtb *s)
{
	QLIST_INSERT_HEAD(&devices, s, others);
}

void idtdev_memory_stop(IdtNtb *s)
{
	if (QLIST_IS_INSERTED(s, others))
		QLIST_REMOVE(s, others);
}
