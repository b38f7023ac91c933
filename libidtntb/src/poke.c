/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pokes: somebody who owns no port asks an owner to write one of its registers. One word holds the request, another the
 * answer, so there is nothing that a dead asker could leave half done, and nothing that an owner waits for. Who asks is
 * not known: an owner that has not been told to accept pokes refuses them all.
 */
#include "port.h"

#include <errno.h>

/* Below, the image of the owner's VMM rules, and would not hear of it. */
static bool is_own(uint32_t address)
{
	return address >= IDTNTB_VMM_CONFIG_SIZE && address < IDTNTB_NT_SIZE;
}

static bool is_of_switch(uint32_t address)
{
	return address >= GAS_SWITCH && address < IDTNTB_GAS_SIZE;
}

static bool can_be_poked(uint32_t address)
{
	return !(address & 3) && (is_own(address) || is_of_switch(address));
}

void idtntb_port_poke_allow(struct idtntb_port *port, bool allow)
{
	port->poke_allowed = allow;
}

static bool carry_out(struct idtntb_port *port, uint32_t address, uint32_t value)
{
	char name[IDT_NAME_SIZE];

	if (!port->poke_allowed || !can_be_poked(address))
		return false;
	idt_log(port, IDTNTB_LOG_INFO, "poke: %s <- 0x%08x",
		idt_name(is_own(address) ? &port->sw->nt[address / 4] : &port->sw->csr[(address - GAS_SWITCH) / 4],
			 address, name),
		value);
	if (is_own(address))
		idt_nt_write(port, address, value, UINT32_MAX);
	else
		idt_csr_write(port, address, value, UINT32_MAX);
	return true;
}

void idt_poke_serve(struct idtntb_port *port)
{
	const uint64_t word = atomic_load(&port->shared->poke);
	const uint32_t ticket = POKE_TICKET(word);
	enum poke_answer answer;

	if (ticket == port->poked)
		return;
	port->poked = ticket;
	answer = carry_out(port, POKE_ADDRESS(word), POKE_VALUE(word)) ? POKE_DONE : POKE_REFUSED;
	/* Effects first: who reads the answer finds them. */
	idt_effects_deliver(port);
	atomic_store(&port->shared->poke_answer, (uint64_t)ticket << 32 | answer);
}

int idtntb_switch_poke_post(struct idtntb_switch *sw, unsigned number, uint32_t offset, uint32_t value,
			    uint32_t *ticket, struct idtntb_error *error)
{
	int slot = idtntb_switch_slot(sw, number);
	struct block_port *port;
	uint64_t word;

	if (slot < 0)
		return idt_error(error, -EINVAL, "port %u is no NT port of this switch", number);
	if (sw->image)
		return idt_error(error, -EROFS, "a saved state cannot be written");
	if (!can_be_poked(offset))
		return idt_error(error, -EINVAL,
				 "0x%x cannot be poked: an NT register at 0x%x to 0x%x or a switch register at 0x%x to "
				 "0x%x, a multiple of 4, would be right",
				 offset, IDTNTB_VMM_CONFIG_SIZE, IDTNTB_NT_SIZE - 4, GAS_SWITCH, IDTNTB_GAS_SIZE - 4);
	port = idt_block_port(sw, (unsigned)slot);
	if (!MEMBER_OWNER(atomic_load(&port->member)))
		return idt_error(error, -ENXIO, "nobody owns port %u, so nobody can write its registers", number);
	word = atomic_load(&port->poke);
	do
		/* Ticket 0 stands for nothing asked. */
		*ticket = POKE_TICKET(word) % 0xFFFF + 1;
	while (!atomic_compare_exchange_weak(&port->poke, &word, poke_word(value, offset, *ticket)));
	return 0;
}

int idtntb_switch_poke_result(const struct idtntb_switch *sw, unsigned number, uint32_t ticket)
{
	int slot = idtntb_switch_slot(sw, number);
	const struct block_port *port;
	uint64_t answer, request;

	if (slot < 0)
		return -EINVAL;
	port = idt_block_port(sw, (unsigned)slot);
	request = atomic_load(&port->poke);
	answer = atomic_load(&port->poke_answer);
	if ((answer >> 32 & 0xFFFF) == ticket)
		return (uint32_t)answer == POKE_DONE ? 0 : -EACCES;
	if (POKE_TICKET(request) != ticket)
		return -ESTALE;
	return MEMBER_OWNER(atomic_load(&port->member)) ? -EAGAIN : -ENXIO;
}
