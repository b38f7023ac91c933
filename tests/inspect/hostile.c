/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Snapshots of memory that somebody has filled with anything: whatever is asked of them ends, stays in bounds and is
 * printable. The sanitizers' builds see what it touches.
 */
#include "bed.h"

/* xorshift: the same each time. */
static uint32_t random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void expect_printable(const char *text)
{
	for (; *text; text++) {
		if (*text != '\n' && *text != '\t' && (*text < ' ' || *text > '~'))
			fail_msg("byte 0x%02x in a text", (unsigned char)*text);
	}
}

/* Everything that can be asked. */
static void ask_all(const struct idtntb_snapshot *snapshot)
{
	struct idtntb_findings findings;
	struct idtntb_overview overview;
	char *text = NULL;

	for (unsigned s = 0; idtntb_subject_get(s); s++) {
		const struct idtntb_subject *subject = idtntb_subject_get(s);

		BED_PRINTED(text, subject->print(out, snapshot, IDTNTB_SLOT_ALL, IDTNTB_PRINT_ALL));
		expect_printable(text);
		free(text);
		text = NULL;
		BED_PRINTED(text, subject->print(out, snapshot, 1, 0));
		free(text);
		text = NULL;
	}
	json_object_put(bed_reparse(idtntb_state_json(snapshot, IDTNTB_SLOT_ALL)));
	BED_PRINTED(text, idtntb_dot_print(out, snapshot));
	expect_printable(text);
	free(text);
	text = NULL;
	idtntb_overview(&overview, snapshot, 0);
	assert_int_equal(idtntb_check(&findings, snapshot), 0);
	BED_PRINTED(text, idtntb_findings_print(out, &findings, IDTNTB_OK, 0));
	expect_printable(text);
	free(text);
	json_object_put(bed_reparse(idtntb_findings_json(&findings, IDTNTB_OK)));
	idtntb_findings_free(&findings);
	for (unsigned w = 0; w < IDTNTB_WINDOWS + 2; w++) {
		assert_int_equal(idtntb_check_window(&findings, snapshot, 1, w), 0);
		idtntb_findings_free(&findings);
	}
}

/* Past the topology, which is checked and copied when a view is opened. */
#define BLOCK_HEAD 1024

static void garbage_blocks(void **state)
{
	struct bed *bed = bed_create("0,2,4", NULL);
	uint32_t *words = bed->bench->block, seed = 0x1D7;

	(void)state;
	bed->snapshot.sw = bed->bench->sw;
	for (unsigned round = 0; round < 20; round++) {
		/* Sparse at first, then dense: the states in between are those that look like something. */
		for (size_t w = BLOCK_HEAD / 4; w < idtntb_block_size() / 4; w++) {
			if (random_next(&seed) % 20 < round + 1)
				words[w] = random_next(&seed) & (round & 1 ? 0x800F000F : ~0u);
		}
		ask_all(&bed->snapshot);
	}
	memset((char *)bed->bench->block + BLOCK_HEAD, 0xFF, idtntb_block_size() - BLOCK_HEAD);
	ask_all(&bed->snapshot);
	memset((char *)bed->bench->block + BLOCK_HEAD, 0, idtntb_block_size() - BLOCK_HEAD);
	ask_all(&bed->snapshot);
	bed_destroy(bed);
}

static void garbage_counters(void **state)
{
	struct bed *bed = bed_create("0,2,4", NULL);
	uint32_t seed = 0x89;

	(void)state;
	bed_snapshot(bed);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned slot = 0; slot < 3; slot++) {
			uint32_t *words = bed->counters[slot];

			for (size_t w = 0; w < idtntb_counters_size() / 4; w++)
				words[w] = round == 0 ? ~0u : random_next(&seed) & random_next(&seed);
		}
		ask_all(&bed->snapshot);
	}
	bed_destroy(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_blocks),
		cmocka_unit_test(garbage_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
