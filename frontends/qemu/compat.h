/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One spelling for what differs between the QEMU versions this device builds against (7.2, 10.0 and later). Include it
 * first: it brings qemu/osdep.h.
 */
#ifndef IDT_NTB_COMPAT_H
#define IDT_NTB_COMPAT_H

#include "qemu/osdep.h"

#define IDT_QEMU_AT_LEAST(major, minor)                                                                                \
	(QEMU_VERSION_MAJOR > (major) || (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

/* Headers that moved: hw/ to hw/core/, sysemu/ and exec/ to system/. */
#if __has_include("hw/pci/pci_device.h")
#include "hw/pci/pci_device.h"
#else
#include "hw/pci/pci.h"
#endif
#if __has_include("hw/core/boards.h")
#include "hw/core/boards.h"
#else
#include "hw/boards.h"
#endif
#if __has_include("hw/core/qdev-properties.h")
#include "hw/core/qdev-properties.h"
#else
#include "hw/qdev-properties.h"
#endif
#if __has_include("system/hostmem.h")
#include "system/hostmem.h"
#else
#include "sysemu/hostmem.h"
#endif
#if __has_include("system/address-spaces.h")
#include "system/address-spaces.h"
#else
#include "exec/address-spaces.h"
#endif

#include "hw/pci/msi.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#include "migration/blocker.h"
#include "qapi/error.h"

/* memory-backend-file learned to start within its file in 8.1; before that a block begins where its file does. */
#if IDT_QEMU_AT_LEAST(8, 1)
#if __has_include("system/ramblock.h")
#include "system/ramblock.h"
#else
#include "exec/ramblock.h"
#endif
static inline uint64_t idtdev_compat_fd_offset(const RAMBlock *block)
{
	return block->fd_offset;
}
#else
static inline uint64_t idtdev_compat_fd_offset(const RAMBlock *block)
{
	(void)block;
	return 0;
}
#endif

/* Since 8.2 the blocker owns the reason. Either way *reason is NULL once it blocks no more. */
static inline int idtdev_compat_migration_block(Error **reason, Error **errp)
{
#if IDT_QEMU_AT_LEAST(8, 2)
	return migrate_add_blocker(reason, errp);
#else
	int ret = migrate_add_blocker(*reason, errp);

	if (ret < 0) {
		error_free(*reason);
		*reason = NULL;
	}
	return ret;
#endif
}

static inline void idtdev_compat_migration_unblock(Error **reason)
{
#if IDT_QEMU_AT_LEAST(8, 2)
	migrate_del_blocker(reason);
#else
	if (*reason) {
		migrate_del_blocker(*reason);
		error_free(*reason);
		*reason = NULL;
	}
#endif
}

#if !IDT_QEMU_AT_LEAST(9, 2)
static inline void device_class_set_legacy_reset(DeviceClass *dc, DeviceReset reset)
{
	dc->reset = reset;
}
#endif

/*
 * A plugin says itself what is wrong when it meets another version (plugin.c). For that it must load there: what not all
 * versions have is bound weakly, or the dynamic linker would be first, with "undefined symbol".
 */
#ifdef IDT_NTB_PLUGIN
#if IDT_QEMU_AT_LEAST(9, 2)
#pragma weak device_class_set_legacy_reset
#endif
#if IDT_QEMU_AT_LEAST(10, 0)
#pragma weak device_class_set_props_n
#else
#pragma weak device_class_set_props
#endif
#endif

/* Property arrays became const and lost their end mark in 10.0. */
#if IDT_QEMU_AT_LEAST(10, 0)
#define IDT_PROPERTIES static const Property
#define IDT_PROPERTIES_END
#else
#define IDT_PROPERTIES static Property
#define IDT_PROPERTIES_END DEFINE_PROP_END_OF_LIST(),
#endif

/* Class data and interface lists became const in 10.1. */
#if IDT_QEMU_AT_LEAST(10, 1)
#define IDT_CLASS_DATA const void
#define IDT_INTERFACES static const InterfaceInfo
#else
#define IDT_CLASS_DATA void
#define IDT_INTERFACES static InterfaceInfo
#endif

#endif
