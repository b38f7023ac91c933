/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NT[0x400-0xFFF]: the registers of the NT function proper (section 3), and the bridge function beside it (section 4.2).
 */
#include "hooks.h"

#define NT(offset, part, text)                                                                                         \
	.reg.space = IDTNTB_SPACE_NT, .reg.address = (offset), .reg.section = (part), .reg.brief = (text)
#define ONE .reg.count = { 1, 1 }
#define MANY(n, step) .reg.count = { (n), 1 }, .reg.stride = { (step), 0 }
#define MODELLED .reg.status = IDTNTB_STATUS_MODELLED
#define STORED .reg.status = IDTNTB_STATUS_STORED
#define ABSENT .reg.status = IDTNTB_STATUS_ABSENT

static const struct idtntb_field ntctl[] = {
	{ "IDPROTDIS", 0, 0, "no mapping table check of requests" },
	{ "CPEN", 1, 1, "completion enable" },
	{ "RNS", 2, 2, "no-snoop processing without the table" },
	{ "ATP", 3, 3, "address type processing without the table" },
	{ 0 },
};

static const struct idtntb_field ntint[] = {
	{ "MSG", 0, 0, "message" },
	{ "DBELL", 1, 1, "doorbell" },
	{ "SEVENT", 3, 3, "switch event" },
	{ "FMCI", 4, 4, "failover mode change initiated" },
	{ "FMCC", 5, 5, "failover mode change completed" },
	{ "TMPSENSOR", 7, 7, "temperature alarm" },
	{ 0 },
};

static const struct idtntb_field msgsts[] = {
	{ "OUTMSGSTS", 0, 3, "outbound message failed, by register" },
	{ "INMSGSTS", 16, 19, "inbound message full, by register" },
	{ 0 },
};

static const struct idtntb_field barsetup[] = {
	{ "MEMSI", 0, 0, "0 = memory space" },
	{ "TYPE", 1, 2, "0 = 32-bit, 2 = 64-bit" },
	{ "PREF", 3, 3, "prefetchable" },
	{ "SIZE", 4, 9, "aperture, log2 bytes" },
	{ "MODE", 10, 10, "1 = NT configuration space, 0 = window" },
	{ "ATRAN", 11, 12, "0 = direct, 1 = 12 entries, 2 = 24 entries" },
	{ "TPART", 13, 15, "target partition of a direct window" },
	{ "EN", 31, 31, "BAR implemented" },
	{ 0 },
};

static const struct idtntb_field ntmtbldata[] = {
	{ "VALID", 0, 0, "entry in use" },
	{ "FUNC", 1, 3, "requester's function" },
	{ "DEV", 4, 8, "requester's device" },
	{ "BUS", 9, 16, "requester's bus" },
	{ "PART", 17, 19, "requester's partition" },
	{ "ATP", 29, 29, "address type translation" },
	{ "CNS", 30, 30, "invert no-snoop in completions" },
	{ "RNS", 31, 31, "invert no-snoop in requests" },
	{ 0 },
};

static const struct idtntb_field lutoffset[] = {
	{ "INDEX", 0, 4, "entry" },
	{ "BAR", 8, 10, "2 or 4" },
	{ 0 },
};

static const struct idtntb_field lutudata[] = {
	{ "PART", 0, 3, "target partition" },
	{ "VALID", 31, 31, "entry in use" },
	{ 0 },
};

static const struct idt_row rows[] = {
	{ NT(0x400, "3.2", "NT endpoint control"), ONE, MODELLED, .reg.name = "NTCTL", .reg.rw = 0x0000000F,
	  .reg.fields = ntctl, .write = idt_window_input_write },
	{ NT(0x404, "3.2, 9", "interrupt status"), ONE, MODELLED, .reg.name = "NTINTSTS", .reg.w1c = NTINT_LATCHED,
	  .reg.fields = ntint, .read = idt_ntintsts_read, .write = idt_ntintsts_write, .flags = ROW_DRAIN },
	{ NT(0x408, "3.2, 9", "interrupt mask; reset is a choice (section 14)"), ONE, MODELLED, .reg.name = "NTINTMSK",
	  .reg.reset = NTINT_ALL, .reg.rw = NTINT_ALL, .reg.fields = ntint, .write = idt_interrupt_input_write },
	{ NT(0x40C, "3.1", "signal data: free bits, readable by all"), ONE, MODELLED, .reg.name = "NTSDATA",
	  .reg.rw = 0xFFFFFFFF },
	{ NT(0x410, "3.2, 10.1", "global signal"), ONE, MODELLED, .reg.name = "NTGSIGNAL", .reg.w1s = 0x00000001,
	  .read = idt_zero_read, .write = idt_ntgsignal_write, .flags = ROW_FOREIGN_WRITE },
	{ NT(0x414, "3.1", "internal error mask"), MANY(2, 4), STORED, .reg.name = "NTIERRORMSK%u",
	  .reg.rw = 0xFFFFFFFF },
	{ NT(0x41C, "3.1", "reserved"), ONE, ABSENT, .reg.name = "RESERVED41C" },
	{ NT(0x420, "7", "ring doorbells"), ONE, MODELLED, .reg.name = "OUTDBELLSET", .reg.w1s = 0xFFFFFFFF,
	  .read = idt_zero_read, .write = idt_outdbellset_write, .flags = ROW_FOREIGN_WRITE },
	{ NT(0x424, "3.1", "reserved"), ONE, ABSENT, .reg.name = "RESERVED424" },
	{ NT(0x428, "7", "doorbells received"), ONE, MODELLED, .reg.name = "INDBELLSTS", .reg.w1c = 0xFFFFFFFF,
	  .read = idt_indbellsts_read, .write = idt_indbellsts_write, .flags = ROW_DRAIN },
	{ NT(0x42C, "7", "doorbell mask; reset is a choice (section 14)"), ONE, MODELLED, .reg.name = "INDBELLMSK",
	  .reg.rw = 0xFFFFFFFF, .write = idt_indbellmsk_write },
	{ NT(0x430, "8", "send a message; reading the last value is a choice"), MANY(4, 4), MODELLED,
	  .reg.name = "OUTMSG%u", .reg.rw = 0xFFFFFFFF, .write = idt_outmsg_write },
	{ NT(0x440, "8", "message received"), MANY(4, 4), MODELLED, .reg.name = "INMSG%u", .read = idt_inmsg_read,
	  .flags = ROW_DRAIN },
	{ NT(0x450, "8", "partition the message came from"), MANY(4, 4), MODELLED, .reg.name = "INMSGSRC%u",
	  .read = idt_inmsgsrc_read },
	{ NT(0x460, "8", "message status"), ONE, MODELLED, .reg.name = "MSGSTS", .reg.w1c = MSGSTS_ALL,
	  .reg.fields = msgsts, .read = idt_msgsts_read, .write = idt_msgsts_write, .flags = ROW_DRAIN },
	{ NT(0x464, "8", "message mask; reset is a choice (section 14)"), ONE, MODELLED, .reg.name = "MSGSTSMSK",
	  .reg.rw = MSGSTS_ALL, .reg.fields = msgsts, .write = idt_interrupt_input_write },
	{ NT(0x468, "3.1", "reserved"), MANY(2, 4), ABSENT, .reg.name = "RESERVED46%u" },

	{ NT(0x470, "3.2, 6", "BAR setup: from the EEPROM, only TPART can be written"), MANY(6, NT_BAR_STRIDE),
	  MODELLED, .reg.name = "BARSETUP%u", .reg.fields = barsetup, .reset = idt_barsetup_reset,
	  .rw = idt_barsetup_rw, .write = idt_window_input_write },
	{ NT(0x474, "6", "limit of a direct window: last bus address; reset is a choice"), MANY(6, NT_BAR_STRIDE),
	  MODELLED, .reg.name = "BARLIMIT%u", .reg.rw = 0xFFFFFFFF, .write = idt_window_input_write },
	{ NT(0x478, "6", "translated base, low"), MANY(6, NT_BAR_STRIDE), MODELLED, .reg.name = "BARLTBASE%u",
	  .reg.rw = 0xFFFFFFFC, .write = idt_window_input_write },
	{ NT(0x47C, "6", "translated base, high"), MANY(6, NT_BAR_STRIDE), MODELLED, .reg.name = "BARUTBASE%u",
	  .reg.rw = 0xFFFFFFFF, .write = idt_window_input_write },

	{ NT(0x4D0, "5", "mapping table address"), ONE, MODELLED, .reg.name = "NTMTBLADDR", .reg.rw = 0x0000007F },
	{ NT(0x4D4, "5", "mapping table status"), ONE, MODELLED, .reg.name = "NTMTBLSTS", .reg.w1c = 0x00000001 },
	{ NT(0x4D8, "5", "mapping table data"), ONE, MODELLED, .reg.name = "NTMTBLDATA", .reg.rw = 0xE00FFFFF,
	  .reg.fields = ntmtbldata, .read = idt_ntmtbldata_read, .write = idt_ntmtbldata_write },
	{ NT(0x4DC, "5", "requester id of the reader: the root complex, 00:00.0"), ONE, MODELLED,
	  .reg.name = "REQIDCAP" },
	{ NT(0x4E0, "6", "lookup table address"), ONE, MODELLED, .reg.name = "LUTOFFSET", .reg.rw = 0x0000071F,
	  .reg.fields = lutoffset },
	{ NT(0x4E4, "6", "lookup table data: address low"), ONE, MODELLED, .reg.name = "LUTLDATA", .reg.rw = 0xFFFFFFFF,
	  .read = idt_lutdata_read, .write = idt_lutdata_write },
	{ NT(0x4E8, "6", "lookup table data: address high"), ONE, MODELLED, .reg.name = "LUTMDATA",
	  .reg.rw = 0xFFFFFFFF, .read = idt_lutdata_read, .write = idt_lutdata_write },
	{ NT(0x4EC, "6", "lookup table data: partition, valid"), ONE, MODELLED, .reg.name = "LUTUDATA",
	  .reg.rw = 0x8000000F, .reg.fields = lutudata, .read = idt_lutdata_read, .write = idt_lutdata_write },
	{ NT(0x4F0, "3.1", "uncorrectable error emulation"), ONE, STORED, .reg.name = "NTUEEM", .reg.rw = 0xFFFFFFFF },
	{ NT(0x4F4, "3.1", "correctable error emulation"), ONE, STORED, .reg.name = "NTCEEM", .reg.rw = 0xFFFFFFFF },

	{ NT(0x510, "2", "punch-through control"), MANY(2, 4), ABSENT, .reg.name = "PTCCTL%u" },
	{ NT(0x518, "2", "punch-through data"), ONE, ABSENT, .reg.name = "PTCDATA" },
	{ NT(0x51C, "2", "punch-through status"), ONE, ABSENT, .reg.name = "PTCSTS" },
	{ NT(0x600, "2", "multicast group port association"), MANY(4, 4), ABSENT, .reg.name = "NTMCG%uPA" },
	{ NT(0xFF8, "4.1", "global address"), ONE, MODELLED, .reg.name = "GASAADDR", .reg.rw = 0x0003FFFC },
	{ NT(0xFFC, "4.1", "data at the global address"), ONE, MODELLED, .reg.name = "GASADATA", .reg.rw = 0xFFFFFFFF,
	  .read = idt_gasadata_read, .write = idt_gasadata_write, .touch = idt_gasadata_touch, .flags = ROW_DRAIN },
};

IDT_ROWS(idt_rows_nt, rows);

/* Pure NT ports have no bridge; identification at its place is what SMBus masters look for (section 4.2, a choice). */
static const struct idt_row bridge_rows[] = {
	{ .reg.space = IDTNTB_SPACE_BRIDGE,
	  .reg.address = 0x000,
	  .reg.section = "4.2",
	  .reg.brief = "device and vendor id at the bridge's place",
	  ONE,
	  MODELLED,
	  .reg.name = "P2PID",
	  .reset = idt_id_reset },
};

IDT_ROWS(idt_rows_bridge, bridge_rows);
