/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages: routed, refused when the register is full, the refusal visible to the sender's next read (section 8).
 */
#include "hooks.h"
#include "port.h"

#define MSGCTL_REG(ctl) ((ctl)&3)
#define MSGCTL_PART(ctl) (((ctl) >> 4) & 7)

/* A source that is no NT peer of the receiver: never handed to a driver (section 13, unsigned char). */
static bool source_is_peer(const struct idtntb_switch *sw, unsigned slot, unsigned source)
{
	return source < IDTNTB_PARTITIONS && sw->slot_of_partition[source] >= 0 &&
	       sw->slot_of_partition[source] != (int)slot;
}

/* Which inbound registers are full, by the acknowledged sequences `ack`. */
uint32_t idt_message_inbound(const struct idtntb_switch *sw, unsigned slot, uint64_t ack)
{
	const struct block_port *shared = idt_block_port(sw, slot);
	uint32_t full = 0;

	for (unsigned j = 0; j < IDTNTB_MESSAGES; j++) {
		uint64_t word = atomic_load(&shared->message[j]);

		if (MESSAGE_SEQUENCE(word) != ACK_SEQUENCE(ack, j) && source_is_peer(sw, slot, MESSAGE_SOURCE(word)))
			full |= 1u << j;
	}
	return full;
}

/* The acknowledged sequences as this reader may believe them. */
static uint64_t ack_of(const struct idt_read *read)
{
	return read->owner ? read->owner->message_ack : atomic_load(&idt_block_port(read->sw, read->slot)->message_ack);
}

uint32_t idt_inmsg_read(const struct idt_read *read)
{
	return MESSAGE_DATA(atomic_load(&idt_block_port(read->sw, read->slot)->message[read->i]));
}

uint32_t idt_inmsgsrc_read(const struct idt_read *read)
{
	unsigned source = MESSAGE_SOURCE(atomic_load(&idt_block_port(read->sw, read->slot)->message[read->i]));

	/* The driver uses the raw dword as an index. */
	return source_is_peer(read->sw, read->slot, source) ? source : 0;
}

uint32_t idt_msgsts_read(const struct idt_read *read)
{
	uint32_t inbound = idt_message_inbound(read->sw, read->slot, ack_of(read));

	return inbound << MSGSTS_IN_SHIFT | (read->owner ? read->owner->outbound : read->stored & MSGSTS_OUT);
}

/* Move a word into a receiver's register, unless it is full or somebody else was faster. */
static bool message_put(struct block_port *to, unsigned j, uint32_t data, unsigned source)
{
	uint64_t word = atomic_load(&to->message[j]);

	if (MESSAGE_SEQUENCE(word) != ACK_SEQUENCE(atomic_load(&to->message_ack), j))
		return false;
	return atomic_compare_exchange_strong(&to->message[j], &word,
					      message_word(data, source, (uint16_t)(MESSAGE_SEQUENCE(word) + 1)));
}

static void outbound_set(struct idtntb_port *port, uint32_t outbound)
{
	port->outbound = outbound;
	idt_nt_store(port, NT_MSGSTS, outbound);
	port->effects |= EFFECT_INTERRUPT;
}

void idt_outmsg_write(struct idtntb_port *port, const struct idt_write *write)
{
	const struct idtntb_switch *sw = port->sw;
	unsigned source = idt_own_partition(port);
	uint32_t route = atomic_load(idt_csr(sw, GAS_SWP0MSGCTL0 + 0x20u * write->i + 4 * source));
	int target = sw->slot_of_partition[MSGCTL_PART(route)];
	uint32_t data = idt_nt(port, write->address);

	if (target >= 0 && (unsigned)target != port->slot &&
	    message_put(idt_block_port(sw, (unsigned)target), MSGCTL_REG(route), data, source)) {
		port->kicks |= 1u << target;
		return;
	}
	if (target < 0 || (unsigned)target == port->slot)
		idt_guest_error(port, &sw->nt[write->address / 4],
				"message %u is routed to partition %u, which has no NT peer: see SWP%uMSGCTL%u",
				write->i, MSGCTL_PART(route), source, write->i);
	else
		idt_log(port, IDTNTB_LOG_DEBUG, "message %u to partition %u register %u lost: full", write->i,
			MSGCTL_PART(route), MSGCTL_REG(route));
	outbound_set(port, port->outbound | 1u << write->i);
}

void idt_msgsts_write(struct idtntb_port *port, const struct idt_write *write)
{
	uint32_t inbound = idt_message_inbound(port->sw, port->slot, port->message_ack);
	uint32_t clear = inbound & write->value >> MSGSTS_IN_SHIFT;
	uint64_t ack = port->message_ack;

	for (unsigned j = 0; j < IDTNTB_MESSAGES; j++) {
		if (clear >> j & 1)
			ack = ack_with(ack, j, MESSAGE_SEQUENCE(atomic_load(&port->shared->message[j])));
	}
	/* One store frees them all: a sender cannot slip into the middle of a command. */
	port->message_ack = ack;
	atomic_store(&port->shared->message_ack, ack);
	port->after.inbound = inbound & ~clear;
	port->cleared |= SOURCE_INBOUND;
	outbound_set(port, port->outbound & ~write->value);
}

/* Acknowledge what no driver may see, so that it does not keep the register full for honest senders. */
void idt_message_discard(struct idtntb_port *port)
{
	uint64_t ack = port->message_ack;

	for (unsigned j = 0; j < IDTNTB_MESSAGES; j++) {
		uint64_t word = atomic_load(&port->shared->message[j]);

		if (MESSAGE_SEQUENCE(word) != ACK_SEQUENCE(ack, j) &&
		    !source_is_peer(port->sw, port->slot, MESSAGE_SOURCE(word))) {
			idt_log_change(port, &port->drops_told, IDTNTB_LOG_WARNING,
				       "message from partition %u dropped: no NT peer", MESSAGE_SOURCE(word));
			ack = ack_with(ack, j, MESSAGE_SEQUENCE(word));
		}
	}
	if (ack != port->message_ack) {
		port->message_ack = ack;
		atomic_store(&port->shared->message_ack, ack);
	}
}

/*
 * Take what a register holds along to another block, whose sequences may be of another history: a register with nothing
 * unread there takes it under its own next one. What a peer has sent there meanwhile stays, but for an image's old word.
 * Returns the sequence that counts as taken there.
 */
static uint16_t message_carry(struct block_port *to, unsigned j, uint64_t word, bool full)
{
	uint64_t there = atomic_load(&to->message[j]);
	uint16_t acked = ACK_SEQUENCE(atomic_load(&to->message_ack), j);
	uint16_t next = (uint16_t)(MESSAGE_SEQUENCE(there) + 1);

	if (MESSAGE_SEQUENCE(there) != acked && there != word &&
	    (int16_t)(MESSAGE_SEQUENCE(there) - MESSAGE_SEQUENCE(word)) >= 0)
		return acked;
	/* Whoever was faster has sent something. */
	if (!atomic_compare_exchange_strong(&to->message[j], &there,
					    message_word(MESSAGE_DATA(word), MESSAGE_SOURCE(word), next)))
		return acked;
	return full ? (uint16_t)(next - 1) : next;
}

/* Until the last store all registers that were taken over look full to senders. */
void idt_message_move(struct idtntb_port *port, const struct block_port *from)
{
	uint64_t ack = 0;

	for (unsigned j = 0; j < IDTNTB_MESSAGES; j++) {
		uint64_t word = atomic_load(&from->message[j]);
		bool full = MESSAGE_SEQUENCE(word) != ACK_SEQUENCE(port->message_ack, j);

		ack = ack_with(ack, j, message_carry(port->shared, j, word, full));
	}
	port->message_ack = ack;
	atomic_store(&port->shared->message_ack, ack);
}

/* Reset: registers 0, nothing full. Sequences go on, so that a sender in the middle of its step cannot be fooled. */
void idt_message_reset(struct idtntb_port *port)
{
	uint64_t ack = 0;

	for (unsigned j = 0; j < IDTNTB_MESSAGES; j++) {
		uint64_t word = atomic_load(&port->shared->message[j]);
		uint16_t next;

		do
			next = (uint16_t)(MESSAGE_SEQUENCE(word) + 1);
		while (!atomic_compare_exchange_weak(&port->shared->message[j], &word, message_word(0, 0, next)));
		ack = ack_with(ack, j, next);
	}
	port->message_ack = ack;
	atomic_store(&port->shared->message_ack, ack);
	port->outbound = 0;
	idt_nt_store(port, NT_MSGSTS, 0);
}
