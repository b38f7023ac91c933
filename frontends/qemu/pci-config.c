/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space. QEMU's image rules below 0x400 and the core mirrors it; from there up the core is the truth.
 * The capabilities are described once, in the core: QEMU's helpers place them, the core's reset image and register
 * table give their content and masks (section 2 of the register reference).
 */
#include "device.h"

#include "qapi/error.h"

/* Bytes that QEMU's capability helpers write themselves: id and next pointer, or an extended header. */
#define STANDARD_HEADER 0x0000FFFFu
#define EXTENDED_HEADER 0xFFFFFFFFu

#define STATUS_INTS (PCI_STATUS_INTERRUPT << 16)

static bool in_msi(uint32_t offset)
{
	for (unsigned i = 0; idtntb_capability_get(i); i++) {
		const struct idtntb_capability *cap = idtntb_capability_get(i);

		if (cap->id == PCI_CAP_ID_MSI && cap->offset < PCI_CONFIG_SPACE_SIZE)
			return offset >= cap->offset && offset < (uint32_t)cap->offset + cap->size;
	}
	return false;
}

/* Bits of a dword that are QEMU's own business, so that the core's image is not laid over them. */
static uint32_t qemu_bits(uint32_t offset)
{
	switch (offset) {
	case PCI_COMMAND:
	case PCI_CACHE_LINE_SIZE & ~3: /* the multifunction bit is the user's */
	case PCI_BASE_ADDRESS_0:
	case PCI_BASE_ADDRESS_1:
	case PCI_BASE_ADDRESS_2:
	case PCI_BASE_ADDRESS_3:
	case PCI_BASE_ADDRESS_4:
	case PCI_BASE_ADDRESS_5:
	case PCI_ROM_ADDRESS:
	case PCI_CAPABILITY_LIST & ~3:
		return UINT32_MAX;
	}
	if (in_msi(offset))
		return UINT32_MAX;
	for (unsigned i = 0; idtntb_capability_get(i); i++) {
		if (idtntb_capability_get(i)->offset == offset)
			return offset < PCI_CONFIG_SPACE_SIZE ? STANDARD_HEADER : EXTENDED_HEADER;
	}
	return 0;
}

static void lay_over(uint8_t *image, uint32_t offset, uint32_t kept, uint32_t value)
{
	pci_set_long(image + offset, (pci_get_long(image + offset) & kept) | (value & ~kept));
}

/* Calls on the attachment may end in callbacks, and these in an unplug: then there is neither it nor QEMU's image any more. */
static uint32_t peek(IdtNtb *s, uint32_t offset)
{
	return s->attachment ? idtntb_attachment_peek(s->attachment, offset) : 0;
}

static void image_from_core(IdtNtb *s)
{
	for (uint32_t offset = 0; offset < IDTNTB_VMM_CONFIG_SIZE; offset += 4) {
		uint32_t value = peek(s, offset);

		if (s->attachment)
			lay_over(s->parent_obj.config, offset, qemu_bits(offset), value);
	}
}

static void masks_from_core(IdtNtb *s)
{
	PCIDevice *dev = &s->parent_obj;

	for (uint32_t offset = 0; offset < IDTNTB_VMM_CONFIG_SIZE; offset += 4) {
		unsigned instance[2];
		const struct idtntb_register *reg = idtntb_register_find(IDTNTB_SPACE_NT, offset, instance);
		uint32_t rw = reg ? reg->rw : 0;
		uint32_t kept = offset == PCI_COMMAND ? 0 : qemu_bits(offset);

		/* QEMU starts with everything past the header writable and has masked only what the capability uses. */
		if (in_msi(offset)) {
			rw = s->msi ? rw & pci_get_long(dev->wmask + offset) : 0;
			kept = 0;
		}
		lay_over(dev->wmask, offset, kept, rw);
		lay_over(dev->w1cmask, offset, kept, reg ? reg->w1c : 0);
	}
}

static void mirror(IdtNtb *s, uint32_t offset)
{
	if (s->attachment)
		idtntb_attachment_mirror(s->attachment, offset, pci_get_long(s->parent_obj.config + offset));
}

static bool capability_add(IdtNtb *s, const struct idtntb_capability *cap, Error **errp)
{
	PCIDevice *dev = &s->parent_obj;
	ERRP_GUARD();

	if (cap->offset >= PCI_CONFIG_SPACE_SIZE) {
		if (cap->id == PCI_EXT_CAP_ID_ERR)
			return pcie_aer_init(dev, PCI_ERR_VER, cap->offset, cap->size, errp) >= 0;
		pcie_add_capability(dev, cap->id, 1, cap->offset, cap->size);
		return true;
	}
	switch (cap->id) {
	case PCI_CAP_ID_EXP:
		return pcie_cap_init(dev, cap->offset, PCI_EXP_TYPE_ENDPOINT, s->port_number, errp) >= 0;
	case PCI_CAP_ID_MSI:
		if (!s->msi)
			return true;
		if (msi_init(dev, cap->offset, 1, true, false, errp) == 0)
			return true;
		error_append_hint(errp, "Use msi=off for INTx.\n");
		return false;
	default:
		return pci_add_capability(dev, cap->id, cap->offset, cap->size, errp) >= 0;
	}
}

bool idtdev_config_realize(IdtNtb *s, Error **errp)
{
	unsigned count = 0;

	s->capabilities = true;
	/* QEMU puts each new standard capability before the others, but an extended one after them. */
	while (idtntb_capability_get(count))
		count++;
	for (unsigned i = count; i-- > 0;) {
		const struct idtntb_capability *cap = idtntb_capability_get(i);

		if (cap->offset < PCI_CONFIG_SPACE_SIZE && !capability_add(s, cap, errp))
			return false;
	}
	for (unsigned i = 0; i < count; i++) {
		const struct idtntb_capability *cap = idtntb_capability_get(i);

		if (cap->offset >= PCI_CONFIG_SPACE_SIZE && !capability_add(s, cap, errp))
			return false;
	}
	masks_from_core(s);
	image_from_core(s);
	return true;
}

void idtdev_config_exit(IdtNtb *s)
{
	if (!s->capabilities)
		return;
	s->capabilities = false;
	if (s->parent_obj.exp.aer_cap)
		pcie_aer_exit(&s->parent_obj);
	msi_uninit(&s->parent_obj);
	if (s->parent_obj.exp.exp_cap)
		pcie_cap_exit(&s->parent_obj);
}

/*
 * The core has just reset its NT function. QEMU resets command, BARs, interrupt line and MSI of its image only after
 * this, to the values the core has already; what it leaves alone is brought back here.
 */
void idtdev_config_reset(IdtNtb *s)
{
	image_from_core(s);
	for (uint32_t offset = 0; offset < IDTNTB_VMM_CONFIG_SIZE; offset += 4) {
		/* Without MSI the capability list is shorter than the core's, and there is no msi_reset(). */
		if (qemu_bits(offset) != UINT32_MAX || (!s->msi && offset >= PCI_CONFIG_HEADER_SIZE))
			mirror(s, offset);
	}
}

void idtdev_config_mirror(IdtNtb *s)
{
	for (uint32_t offset = 0; offset < IDTNTB_VMM_CONFIG_SIZE; offset += 4)
		mirror(s, offset);
}

/* PCISTS.INTS shows the condition even while PCICMD.INTXD keeps the line down, which is all that QEMU sees of it. */
static void status_refresh(IdtNtb *s)
{
	bool pending = peek(s, PCI_COMMAND) & STATUS_INTS;

	if (s->attachment)
		pci_set_word_by_mask(s->parent_obj.config + PCI_STATUS, PCI_STATUS_INTERRUPT, pending);
}

/* Part of one dword. */
static uint32_t piece_read(IdtNtb *s, uint32_t offset, unsigned size)
{
	if (!idtdev_reachable(s) || offset >= IDTNTB_NT_SIZE)
		return UINT32_MAX;
	if (offset >= IDTNTB_VMM_CONFIG_SIZE)
		return idtntb_attachment_config_read(s->attachment, offset, size);
	if ((offset & ~3u) == PCI_COMMAND)
		status_refresh(s);
	if (!s->attachment)
		return UINT32_MAX;
	return pci_default_read_config(&s->parent_obj, offset, size);
}

static void piece_write(IdtNtb *s, uint32_t offset, uint32_t value, unsigned size)
{
	if (!idtdev_reachable(s) || offset >= IDTNTB_NT_SIZE)
		return;
	if (offset >= IDTNTB_VMM_CONFIG_SIZE) {
		idtntb_attachment_config_write(s->attachment, offset, value, size);
		return;
	}
	pci_default_write_config(&s->parent_obj, offset, value, size);
	pcie_aer_write_config(&s->parent_obj, offset, value, size);
	mirror(s, offset & ~3u);
}

uint64_t idtdev_nt_read(IdtNtb *s, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	for (unsigned done = 0; done < size;) {
		unsigned piece = MIN(size - done, 4 - ((offset + done) & 3));
		uint32_t part = piece_read(s, offset + done, piece);

		value |= (uint64_t)(part & MAKE_64BIT_MASK(0, piece * 8)) << (done * 8);
		done += piece;
	}
	return value;
}

void idtdev_nt_write(IdtNtb *s, uint64_t offset, uint64_t value, unsigned size)
{
	for (unsigned done = 0; done < size;) {
		unsigned piece = MIN(size - done, 4 - ((offset + done) & 3));

		piece_write(s, offset + done, (value >> (done * 8)) & MAKE_64BIT_MASK(0, piece * 8), piece);
		done += piece;
	}
}

uint32_t idtdev_config_read(PCIDevice *dev, uint32_t offset, int size)
{
	return idtdev_nt_read(IDT_NTB(dev), offset, size);
}

void idtdev_config_write(PCIDevice *dev, uint32_t offset, uint32_t value, int size)
{
	idtdev_nt_write(IDT_NTB(dev), offset, value, size);
}
