/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bits that writing one clears, of every register of the table. Nothing sets some of them, so they are put into the
 * switch's memory by hand: this test includes the core's private headers.
 */
#include "bench.h"
#include "port.h"

/* Set the w1c bits of a register; those that atomics hold have their places. */
static void raise_bits(struct bench_host *host, const struct idtntb_register *reg, uint32_t address)
{
	struct block *block = host->bench->block;
	struct block_port *shared = &block->ports[1];

	if (reg->space == IDTNTB_SPACE_SWITCH) {
		atomic_fetch_or(idt_csr(host->bench->sw, address), reg->w1c);
		return;
	}
	switch (address) {
	case NT_NTINTSTS:
		atomic_store(&shared->latch, reg->w1c);
		break;
	case NT_INDBELLSTS:
		atomic_store(&shared->indbellsts, reg->w1c);
		break;
	case NT_MSGSTS:
		for (unsigned j = 0; j < IDTNTB_MESSAGES; j++)
			atomic_store(&shared->message[j], message_word(0, 0, ACK_SEQUENCE(shared->message_ack, j) + 1));
		host->port->outbound = 0xF;
		break;
	default:
		host->port->nt[address / 4] |= reg->w1c;
		atomic_store(&shared->nt[address / 4], host->port->nt[address / 4]);
	}
}

static uint32_t global_address(const struct idtntb_register *reg, uint32_t address)
{
	return reg->space == IDTNTB_SPACE_NT ? 0x5000 + address : address;
}

/* Writing zeros clears nothing, each bit clears itself alone, and bits that are not w1c do not fall. */
static void check_row(struct bench_host *host, const struct idtntb_register *reg, uint32_t address)
{
	uint32_t at = global_address(reg, address), others;

	raise_bits(host, reg, address);
	others = gas_read(host, at) & ~reg->w1c & ~reg->rw & ~(1u << 19);
	if (!reg->rw)
		gas_write(host, at, 0);
	assert_int_equal(gas_read(host, at) & reg->w1c, reg->w1c);
	for (uint32_t bits = reg->w1c, left = reg->w1c; bits; bits &= bits - 1) {
		uint32_t bit = bits & -bits, keep = reg->rw & gas_read(host, at);

		gas_write(host, at, bit | keep);
		left &= ~bit;
		assert_int_equal(gas_read(host, at) & reg->w1c, left);
	}
	assert_int_equal(gas_read(host, at) & ~reg->w1c & ~reg->rw & ~(1u << 19), others & ~reg->w1c);
	/* Bytes: a clear of one byte leaves the others. */
	raise_bits(host, reg, address);
	gas_write(host, 0x3E000, 0);
	idtntb_port_config_write(host->port, 0xFF8, at, 4);
	for (unsigned byte = 0; byte < 4; byte++) {
		idtntb_port_config_write(host->port, 0xFFC + byte, reg->w1c >> 8 * byte & 0xFF, 1);
		assert_int_equal(idtntb_port_config_read(host->port, 0xFFC, 4) & reg->w1c,
				 reg->w1c & ~(uint32_t)((1ull << 8 * (byte + 1)) - 1));
	}
}

static void one_clears(void **state)
{
	const struct idtntb_register *reg;
	unsigned rows = 0;

	(void)state;
	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		for (unsigned i = 0; reg->w1c && i < reg->count[0]; i++) {
			struct bench *bench = bench_create_attached(NULL, "2", NULL);

			check_row(&bench->hosts[1], reg, idtntb_register_address(reg, i, 0));
			bench_destroy(bench);
			rows++;
		}
	}
	assert_true(rows > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_clears),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
