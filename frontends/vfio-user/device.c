/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What libvfio-user shows to the client. Unlike in a VMM's own device, all 4 KiB of configuration space are the core's:
 * libvfio-user is told to leave it alone.
 */
#include "server.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/syslog.h>

/* A guest reads no more than this at a time; who does is a VMM that takes a copy, which must not be held against it. */
#define GUEST_ACCESS 8

/* In pieces of at most a dword, as on the wire. */
static ssize_t config_access(vfu_ctx_t *context, char *data, size_t size, loff_t offset, bool write)
{
	struct port *port = vfu_get_private(context);

	for (size_t done = 0; done < size;) {
		const uint32_t at = (uint32_t)(offset + (loff_t)done);
		unsigned piece = (at & 1) ? 1 : (at & 2) ? 2 : 4;
		uint64_t value = 0;

		while (piece > size - done)
			piece /= 2;
		if (write) {
			memcpy(&value, data + done, piece);
			idtntb_attachment_config_write(port->attachment, at, le64toh(value), piece);
		} else if (size > GUEST_ACCESS) {
			const uint32_t dword = htole32(idtntb_attachment_peek(port->attachment, at & ~3u));

			memcpy(data + done, (const char *)&dword + (at & 3), piece);
		} else {
			value = htole64(idtntb_attachment_config_read(port->attachment, at, piece));
			memcpy(data + done, &value, piece);
		}
		done += piece;
	}
	return (ssize_t)size;
}

static ssize_t bar_access(vfu_ctx_t *context, unsigned bar, char *data, size_t size, loff_t offset, bool write)
{
	windows_access(vfu_get_private(context), bar, (uint64_t)offset, data, size, write);
	return (ssize_t)size;
}

/* libvfio-user does not say which region an access is to. */
#define BAR_ACCESS(n)                                                                                                  \
	static ssize_t bar##n##_access(vfu_ctx_t *context, char *data, size_t size, loff_t offset, bool write)         \
	{                                                                                                              \
		return bar_access(context, n, data, size, offset, write);                                              \
	}
BAR_ACCESS(0)
BAR_ACCESS(1)
BAR_ACCESS(2)
BAR_ACCESS(3)
BAR_ACCESS(4)
BAR_ACCESS(5)

static vfu_region_access_cb_t *const bar_accesses[IDTNTB_BARS] = { bar0_access, bar1_access, bar2_access,
								   bar3_access, bar4_access, bar5_access };

static int reset(vfu_ctx_t *context, vfu_reset_type_t type)
{
	struct port *port = vfu_get_private(context);

	if (type == VFU_RESET_LOST_CONN) {
		device_lost(port);
	} else {
		idtntb_attachment_reset(port->attachment);
		interrupts_reset(port);
	}
	return 0;
}

/* Link down for the others; what the EEPROM set up stays, the rest is as after power-on for the next client. */
void device_lost(struct port *port)
{
	idtntb_attachment_link_set(port->attachment, false);
	idtntb_attachment_reset(port->attachment);
	interrupts_lost(port);
}

static void dma_registered(vfu_ctx_t *context, vfu_dma_info_t *info)
{
	memory_registered(vfu_get_private(context), (uintptr_t)info->iova.iov_base, info->iova.iov_len);
}

static void dma_unregistered(vfu_ctx_t *context, vfu_dma_info_t *info)
{
	memory_unregistered(vfu_get_private(context), (uintptr_t)info->iova.iov_base, info->iova.iov_len);
}

static void msi_state(vfu_ctx_t *context, uint32_t start, uint32_t count, bool mask)
{
	if (!start && count)
		interrupts_mask(vfu_get_private(context), true, mask);
}

static void intx_state(vfu_ctx_t *context, uint32_t start, uint32_t count, bool mask)
{
	if (!start && count)
		interrupts_mask(vfu_get_private(context), false, mask);
}

static int setup(struct port *port)
{
	vfu_ctx_t *context = port->context;

	if (vfu_setup_log(context, report_library, LOG_ERR) ||
	    vfu_setup_region(context, VFU_PCI_DEV_CFG_REGION_IDX, IDTNTB_NT_SIZE, config_access,
			     VFU_REGION_FLAG_RW | VFU_REGION_FLAG_ALWAYS_CB, NULL, 0, -1, 0))
		return -errno;
	for (unsigned n = 0; n < IDTNTB_BARS; n++) {
		if (port->bars[n].size &&
		    vfu_setup_region(context, (int)(VFU_PCI_DEV_BAR0_REGION_IDX + n), port->bars[n].size,
				     bar_accesses[n], VFU_REGION_FLAG_RW | VFU_REGION_FLAG_MEM, NULL, 0, -1, 0))
			return -errno;
	}
	if (vfu_setup_device_nr_irqs(context, VFU_DEV_INTX_IRQ, 1) ||
	    vfu_setup_device_nr_irqs(context, VFU_DEV_MSI_IRQ, 1) ||
	    vfu_setup_irq_state_callback(context, VFU_DEV_INTX_IRQ, intx_state) ||
	    vfu_setup_irq_state_callback(context, VFU_DEV_MSI_IRQ, msi_state) ||
	    vfu_setup_device_reset_cb(context, reset) ||
	    vfu_setup_device_dma(context, MEMORY_REGIONS, dma_registered, dma_unregistered) || vfu_realize_ctx(context))
		return -errno;
	return 0;
}

int device_open(struct port *port)
{
	int error;

	gate_enter(&port->gate);
	port->context = vfu_create_ctx(VFU_TRANS_SOCK, port->listener.path, LIBVFIO_USER_FLAG_ATTACH_NB, port,
				       VFU_DEV_TYPE_PCI);
	error = port->context ? setup(port) : -errno;
	if (error)
		say_port(port, "cannot set up libvfio-user: %s", strerror(-error));
	return error;
}

void device_close(struct port *port)
{
	gate_enter(&port->gate);
	vfu_destroy_ctx(port->context);
	port->context = NULL;
}
