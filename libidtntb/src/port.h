/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handle of a port's owner: the private truth of its NT function, and what an access leaves to be done.
 */
#ifndef IDT_PORT_H
#define IDT_PORT_H

#include "counters.h"
#include "switch.h"

/* What is delivered once, when the state is consistent. */
#define EFFECT_INTERRUPT 0x1u
#define EFFECT_WINDOWS 0x2u

/* Interrupt sources as one moment saw them. */
struct idt_sources {
	uint32_t doorbells; /* INDBELLSTS */
	uint32_t inbound; /* full inbound message registers, bits 3:0 */
	uint32_t latch; /* latched bits of NTINTSTS */
};

#define SOURCE_DOORBELLS 0x1u
#define SOURCE_INBOUND 0x2u
#define SOURCE_LATCH 0x4u

struct idt_kept_error {
	uint64_t number; /* 0: none */
	unsigned kind; /* row, as for the rate limit */
};

struct idt_member_seen {
	uint64_t member;
	uint32_t forced;
};

struct idtntb_port {
	struct idtntb_switch *sw;
	struct block_port *shared; /* own place in the block */
	unsigned slot;
	uint32_t owner;
	struct idtntb_port_ops ops;
	void *opaque;
	enum idtntb_log_level log_level;
	bool link; /* own side of the link, as the host wants it */

	uint32_t nt[NT_DWORDS];
	uint32_t lut[2][IDTNTB_LUT_ENTRIES][3];
	uint64_t message_ack;
	uint32_t outbound; /* MSGSTS 3:0 */

	uint32_t active; /* interrupt conditions already announced (section 9, act_previous) */
	bool intx;

	uint32_t effects;
	uint32_t kicks; /* slots to kick */
	uint32_t cleared; /* SOURCE_*: `after` holds what a clearing atomic returned */
	struct idt_sources after;

	uint32_t seen_epoch;
	struct idt_member_seen seen[IDTNTB_PORTS];
	struct idtntb_window windows[IDTNTB_WINDOWS]; /* as last reported; what does not exist stays zero */

	struct counters *counters; /* where is counted: own_counters, or memory of the host */
	struct counters own_counters;
	uint64_t guest_errors; /* all, for their numbers */
	uint32_t errors[COUNTER_ROWS]; /* guest errors by row of the table, for the rate limit */
	struct idt_kept_error kept[COUNTER_ERRORS]; /* what the counters hold */
	uint64_t mapped[(IDTNTB_WINDOWS + 63) / 64]; /* windows that the host has mapped */
	uint32_t links_told[IDTNTB_PORTS], resets_told, drops_told; /* for the limit of log lines, as `errors` */

	bool poke_allowed;
	uint32_t poked; /* ticket of the last request seen */
};

static inline uint32_t idt_nt(const struct idtntb_port *port, uint32_t offset)
{
	return port->nt[offset / 4];
}

static inline unsigned idt_own_partition(const struct idtntb_port *port)
{
	return idt_partition(port->sw, port->slot);
}

/* port.c: keep a value of an own register and publish it. */
void idt_nt_store(struct idtntb_port *port, uint32_t offset, uint32_t value);
/* port.c: do what an access has left to be done. */
void idt_effects_deliver(struct idtntb_port *port);
/* port.c: something that windows of others depend on has changed. */
void idt_epoch_advance(struct idtntb_port *port);

/* access.c: one dword of the own NT function; `enabled` is the mask of the bytes written. No effects are delivered. */
uint32_t idt_nt_read(struct idtntb_port *port, uint32_t offset);
void idt_nt_write(struct idtntb_port *port, uint32_t offset, uint32_t value, uint32_t enabled);
/* access.c: the same of a switch register, and of a register of another port. */
void idt_csr_write(struct idtntb_port *port, uint32_t address, uint32_t value, uint32_t enabled);
void idt_nt_write_foreign(struct idtntb_port *port, unsigned slot, uint32_t offset, uint32_t value, uint32_t enabled);
/* access.c: whether an NT function has a register there; a read where there is none is reported. */
bool idt_nt_readable(struct idtntb_port *port, uint32_t offset);

/* interrupt.c */
void idt_interrupt_update(struct idtntb_port *port);
/* message.c */
uint32_t idt_message_inbound(const struct idtntb_switch *sw, unsigned slot, uint64_t ack);
void idt_message_discard(struct idtntb_port *port);
void idt_message_reset(struct idtntb_port *port);
void idt_message_move(struct idtntb_port *port, const struct block_port *from);
/* event.c */
uint32_t idt_event_signal(const struct idtntb_switch *sw, uint32_t event);
bool idt_event_scan(struct idtntb_port *port);
void idt_event_reset(struct idtntb_port *port, bool fundamental);
void idt_event_link(const struct idtntb_switch *sw, unsigned slot, bool up);
/* mtbl.c */
bool idt_mtbl_admits(const struct idtntb_switch *sw, unsigned partition);
/* window.c */
void idt_window_update(struct idtntb_port *port);
void idt_window_access(struct idtntb_port *port, unsigned bar, uint64_t offset, void *data, size_t size, bool write);

/* poke.c: carry out a request that has come */
void idt_poke_serve(struct idtntb_port *port);
/* counters.c: keep a guest error for others to read; `kind` is its row, `repeated` whether its likes are many */
void idt_error_keep(struct idtntb_port *port, unsigned kind, bool repeated, uint64_t number, const char *text);

/* log.c */
__attribute__((format(printf, 3, 4))) void idt_log_line(struct idtntb_port *port, enum idtntb_log_level level,
							const char *format, ...);
#define idt_log(port, level, ...)                                                                                      \
	do {                                                                                                           \
		if ((level) <= (port)->log_level)                                                                      \
			idt_log_line((port), (level), __VA_ARGS__);                                                    \
	} while (0)

/* log.c: a line about what a guest or a peer can make happen at will: after thousands only some are told. */
__attribute__((format(printf, 4, 5))) void idt_log_change(struct idtntb_port *port, uint32_t *count,
							  enum idtntb_log_level level, const char *format, ...);

/* log.c: what a person calls a register: "NTCTL (0x400)", or "0x424" where nobody is. Returns `name`. */
#define IDT_NAME_SIZE 48
const char *idt_name(const struct idt_decode *decode, uint32_t address, char name[IDT_NAME_SIZE]);

/* log.c: report a guest error about a register (`decode` NULL: none in particular), rate-limited by row. */
__attribute__((format(printf, 3, 4))) void idt_guest_error(struct idtntb_port *port, const struct idt_decode *decode,
							   const char *format, ...);

#endif
