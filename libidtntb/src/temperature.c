/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The temperature sensor (section 11.1): half degrees, lowest and highest since the history was reset, two alarms.
 */
#include "hooks.h"
#include "port.h"

#define TMPCTL_LTH(ctl) ((ctl)&0xFF)
#define TMPCTL_HTH(ctl) (((ctl) >> 16) & 0xFF)
#define TMPCTL_PDOWN (1u << 31)
#define ALARM_BELOW_LTH (1u << 26)
#define ALARM_ABOVE_HTH (1u << 29)
#define TMPALARM_LOWEST(alarm) (((alarm) >> 8) & 0xFF)
#define TMPALARM_HIGHEST(alarm) (((alarm) >> 16) & 0xFF)
#define TMPALARM_BITS 0x3F000000u

/* What the sensor reads now, adjusted. */
static uint32_t current(const struct idtntb_switch *sw)
{
	int value = (int)(atomic_load(&sw->block->temperature) & 0xFF) + (int8_t)atomic_load(idt_csr(sw, GAS_TMPADJ));

	return (uint32_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* TMPALARM after a sample. */
static uint32_t sampled(uint32_t alarm, uint32_t ctl, uint32_t now)
{
	uint32_t lowest = TMPALARM_LOWEST(alarm), highest = TMPALARM_HIGHEST(alarm), bits = alarm & TMPALARM_BITS;

	if (now < lowest)
		lowest = now;
	if (now > highest)
		highest = now;
	if ((ctl & ALARM_BELOW_LTH) && now < TMPCTL_LTH(ctl))
		bits |= ALARM_BELOW_LTH;
	if ((ctl & ALARM_ABOVE_HTH) && now > TMPCTL_HTH(ctl))
		bits |= ALARM_ABOVE_HTH;
	return bits | highest << 16 | lowest << 8;
}

uint32_t idt_temperature_sample(const struct idtntb_switch *sw)
{
	uint32_t ctl = atomic_load(idt_csr(sw, GAS_TMPCTL)), now = current(sw);
	atomic_u32 *word = idt_csr(sw, GAS_TMPALARM);
	uint32_t old = atomic_load(word), new, slots = 0;

	if (ctl & TMPCTL_PDOWN)
		return 0;
	do
		new = sampled(old, ctl, now);
	while (!atomic_compare_exchange_weak(word, &old, new));
	if (!(new & ~old &TMPALARM_BITS))
		return 0;
	/* In every partition: SEPMSK is of switch events only. */
	for (unsigned slot = 0; slot < sw->topology.port_count; slot++) {
		atomic_fetch_or(&idt_block_port(sw, slot)->latch, NTINT_TMPSENSOR);
		slots |= 1u << slot;
	}
	return slots;
}

uint32_t idt_tmpsts_read(const struct idt_read *read)
{
	uint32_t ctl = atomic_load(idt_csr(read->sw, GAS_TMPCTL)), now = current(read->sw);
	uint32_t alarm = atomic_load(idt_csr(read->sw, GAS_TMPALARM));

	return ctl & TMPCTL_PDOWN ? alarm : sampled(alarm, ctl, now) | now;
}

void idt_tmp_write(struct idtntb_port *port, const struct idt_write *write)
{
	(void)write;
	port->kicks |= idt_temperature_sample(port->sw);
}
