/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What registers do, as the rows of the table name it. Each is defined in the file of its subject.
 */
#ifndef IDT_HOOKS_H
#define IDT_HOOKS_H

#include "registers.h"

typedef uint32_t idt_read_hook(const struct idt_read *read);
typedef void idt_write_hook(struct idtntb_port *port, const struct idt_write *write);
typedef uint32_t idt_topology_hook(const struct idtntb_topology *topology, unsigned slot, unsigned i);

/* setup.c: what the topology decides */
idt_topology_hook idt_id_reset, idt_bar_reset, idt_bar_rw, idt_barsetup_reset, idt_barsetup_rw;
idt_topology_hook idt_pcielcap_reset, idt_pcielctlsts_reset, idt_pcielctlsts2_reset;
idt_topology_hook idt_swpartctl_reset, idt_swpartsts_reset, idt_swportctl_reset, idt_swportsts_reset;
idt_topology_hook idt_godbellmsk_reset, idt_gidbellmsk_reset;

/* interrupt.c */
idt_read_hook idt_pcicmdsts_read, idt_ntintsts_read;
idt_write_hook idt_pcicmdsts_write, idt_ntintsts_write, idt_interrupt_input_write;

/* doorbell.c */
idt_read_hook idt_zero_read, idt_indbellsts_read, idt_gdbellsts_read;
idt_write_hook idt_outdbellset_write, idt_indbellsts_write, idt_indbellmsk_write;

/* message.c */
idt_read_hook idt_inmsg_read, idt_inmsgsrc_read, idt_msgsts_read;
idt_write_hook idt_outmsg_write, idt_msgsts_write;

/* event.c */
idt_read_hook idt_sests_read, idt_swportsts_read;
idt_write_hook idt_ntgsignal_write;

/* mtbl.c */
idt_read_hook idt_ntmtbldata_read;
idt_write_hook idt_ntmtbldata_write;

/* lut.c */
idt_read_hook idt_lutdata_read;
idt_write_hook idt_lutdata_write;

/* window.c */
idt_write_hook idt_window_input_write;

/* gas.c */
idt_read_hook idt_gasadata_read;
idt_write_hook idt_gasadata_write;
void idt_gasadata_touch(struct idtntb_port *port);

/* temperature.c */
idt_read_hook idt_tmpsts_read;
idt_write_hook idt_tmp_write;

#endif
