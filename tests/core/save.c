/* SPDX-License-Identifier: BSD-3-Clause */
/* Saved states: loading gives the same switch but for who owns it; nothing damaged or foreign is loaded. */
#include "driver.h"

/* Memory of exactly the right size, so that a sanitizer sees a byte too many. */
struct image {
	unsigned char *bytes;
	size_t size;
};

static struct image save(struct bench *bench)
{
	struct image image = { malloc(idtntb_save_size()), idtntb_save_size() };

	assert_int_equal(idtntb_switch_save(bench->sw, image.bytes, image.size), 0);
	return image;
}

static void *new_block(void)
{
	void *block = aligned_alloc(64, (idtntb_block_size() + 63) / 64 * 64);

	assert_non_null(block);
	memset(block, 0, idtntb_block_size());
	return block;
}

/* A switch with something in every corner. */
static struct bench *busy_switch(const char *bars)
{
	struct bench *bench = bench_create_linked(NULL, "0=3,2=1,4=6", bars);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	const struct idtntb_register *reg;
	uint32_t fill = 0x9E3779B9;

	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		for (unsigned i = 0; reg->space == IDTNTB_SPACE_SWITCH && i < reg->count[0]; i++)
			gas_write(a, idtntb_register_address(reg, i, 0), fill *= 2654435761u);
	}
	for (unsigned b_masks = 0; b_masks < 32; b_masks++) {
		gas_write(a, 0x3ED00 + 4 * b_masks, 0);
		gas_write(a, 0x3ED80 + 4 * b_masks, 0);
	}
	driver_mw_set(a, 2, 11, 1, 0x123456789000, 0x100000);
	driver_mw_set(b, 2, 3, 6, 0x5000, 0x100000);
	driver_mw_set(b, 5 - !strcmp(bars, "lut24"), 0, 3, 0x7000, 0x100000);
	nt_write(b, 0x40C, 0xCAFEBABE);
	nt_write(b, 0x42C, 0xF0F0F0F0);
	nt_write(a, 0x420, 0x0FF0);
	driver_msg_write(a, 2, 1, 0xDEAD);
	driver_msg_write(a, 2, 1, 0xBEEF);
	nt_write(b, 0x410, 1);
	return bench;
}

static bool is_linkup(uint32_t address)
{
	return address >= 0x3E204 && address < 0x3E204 + 0x20 * 24 && (address - 0x3E204) % 0x20 == 0;
}

/* What peers may see of a switch is the same after loading, LINKUP apart. */
static void the_same_again(const char *bars)
{
	struct bench *bench = busy_switch(bars);
	struct image image = save(bench);
	void *block = new_block();
	struct idtntb_error error = { "" };
	struct idtntb_switch *loaded;
	struct image again = { malloc(idtntb_save_size()), idtntb_save_size() };

	if (idtntb_block_load(block, idtntb_block_size(), image.bytes, image.size, &error))
		fail_msg("%s", error.text);
	assert_true(idtntb_block_ready(block, idtntb_block_size()));
	assert_int_equal(idtntb_switch_open(&loaded, block, idtntb_block_size(), &error), 0);
	assert_memory_equal(idtntb_switch_topology(loaded), idtntb_switch_topology(bench->sw),
			    sizeof(struct idtntb_topology));
	for (uint32_t address = 0; address < IDTNTB_GAS_SIZE; address += 4) {
		uint32_t was = idtntb_switch_peek(bench->sw, address), is = idtntb_switch_peek(loaded, address);

		if (is_linkup(address))
			was &= ~0x10u;
		if (was != is)
			fail_msg("0x%05x: 0x%08x became 0x%08x", address, was, is);
	}
	/* Nobody owns it, nothing is up; what has nothing to lose is saved and loaded unchanged. */
	for (unsigned slot = 0; slot < 3; slot++) {
		struct idtntb_member member;

		idtntb_switch_member(loaded, bench->hosts[slot].number, &member);
		assert_int_equal(member.owner | member.bell | member.generation, 0);
		assert_false(member.up || member.forced_down);
	}
	assert_int_equal(idtntb_switch_save(loaded, again.bytes, again.size), 0);
	idtntb_switch_close(loaded);
	memcpy(image.bytes, again.bytes, image.size);
	assert_int_equal(idtntb_block_load(block, idtntb_block_size(), image.bytes, image.size, &error), 0);
	assert_int_equal(idtntb_switch_open(&loaded, block, idtntb_block_size(), &error), 0);
	assert_int_equal(idtntb_switch_save(loaded, again.bytes, again.size), 0);
	assert_memory_equal(again.bytes, image.bytes, image.size);
	idtntb_switch_close(loaded);
	free(again.bytes);
	free(block);
	free(image.bytes);
	bench_destroy(bench);
}

static void identity(void **state)
{
	(void)state;
	the_same_again("lut24");
	the_same_again("lut12x2");
}

static void refused(const struct image *image, size_t size, int result, const char *part)
{
	void *block = new_block();
	struct idtntb_error error = { "" };
	unsigned char *exact = malloc(size ? size : 1);

	memcpy(exact, image->bytes, size);
	assert_int_equal(idtntb_block_load(block, idtntb_block_size(), exact, size, &error), result);
	if (!strstr(error.text, part))
		fail_msg("\"%s\" lacks \"%s\"", error.text, part);
	assert_false(idtntb_block_ready(block, idtntb_block_size()));
	assert_int_equal(idtntb_block_load(block, idtntb_block_size(), exact, size, NULL), result);
	free(exact);
	free(block);
}

static void damaged_images(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct image image = save(bench);

	(void)state;
	refused(&image, 0, -22, "0 bytes");
	refused(&image, 16, -22, "16 bytes");
	refused(&image, image.size - 1, -22, "cut off");
	for (size_t at = 40; at < image.size; at += 61) {
		image.bytes[at] ^= 1;
		refused(&image, image.size, -22, "damaged");
		image.bytes[at] ^= 1;
	}
	image.bytes[0] ^= 1;
	refused(&image, image.size, -22, "no saved state");
	image.bytes[0] ^= 1;
	image.bytes[8] ^= 2;
	refused(&image, image.size, -71, "layout version");
	image.bytes[8] ^= 2;
	image.bytes[12] ^= 8;
	refused(&image, image.size, -71, "layout version");
	image.bytes[12] ^= 8;
	free(image.bytes);
	bench_destroy(bench);
}

static void too_little_room(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct image image = save(bench);
	struct idtntb_error error;
	void *block = new_block();

	(void)state;
	assert_int_equal(idtntb_switch_save(bench->sw, image.bytes, image.size - 1), -22);
	assert_int_equal(idtntb_block_load(block, idtntb_block_size() - 1, image.bytes, image.size, &error), -22);
	assert_int_equal(idtntb_block_load((char *)block + 8, idtntb_block_size(), image.bytes, image.size, &error),
			 -22);
	assert_non_null(strstr(error.text, "would be right"));
	free(block);
	free(image.bytes);
	bench_destroy(bench);
}

/* The sum fits, for it was made from a block whose topology is no good. */
static void a_topology_that_nobody_made(void **state)
{
	struct bench *bench = bench_create(NULL, "2", NULL);
	struct image image;

	(void)state;
	((uint32_t *)bench->block)[4] ^= 0x10000;
	image = save(bench);
	refused(&image, image.size, -71, "device id");
	free(image.bytes);
	((uint32_t *)bench->block)[4] ^= 0x10000;
	((uint32_t *)bench->block)[5] = 0;
	image = save(bench);
	refused(&image, image.size, -71, "0 ports");
	free(image.bytes);
	bench_destroy(bench);
}

/* An image whose sum fits but whose words are rubbish: no more than a hostile block can be. */
static void rubbish_that_fits(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	void *block = new_block();
	uint32_t random = 7;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		struct idtntb_error error;
		struct idtntb_switch *loaded;
		struct image image;
		_Atomic uint32_t *words = bench->block;

		/* From behind the topology on. */
		for (size_t w = 512; w < idtntb_block_size() / 4; w++) {
			random = random * 1664525 + 1013904223;
			words[w] = random;
		}
		image = save(bench);
		assert_int_equal(idtntb_block_load(block, idtntb_block_size(), image.bytes, image.size, &error), 0);
		assert_int_equal(idtntb_switch_open(&loaded, block, idtntb_block_size(), &error), 0);
		for (uint32_t address = 0; address < IDTNTB_GAS_SIZE; address += 4)
			idtntb_switch_peek(loaded, address);
		for (unsigned slot = 0; slot < 3; slot++) {
			struct idtntb_member member;

			idtntb_switch_member(loaded, bench->hosts[slot].number, &member);
			assert_int_equal(member.owner, 0);
			assert_false(member.up);
		}
		idtntb_switch_close(loaded);
		free(image.bytes);
	}
	free(block);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity),          cmocka_unit_test(damaged_images),
		cmocka_unit_test(too_little_room),   cmocka_unit_test(a_topology_that_nobody_made),
		cmocka_unit_test(rubbish_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
