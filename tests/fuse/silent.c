/* SPDX-License-Identifier: BSD-3-Clause */
/* A mount of a switch whose daemon does not answer any more: stopped, or behind a cable that was pulled. */
#include "mounted.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define FILES 40 /* each would wait for seconds */
#define QUICK_MS 30000

static struct stand stand;
static struct mounted mounted;

static int make(void **state)
{
	(void)state;
	stand_make(&stand);
	mounted_start(&mounted, &stand, stand.bed.spec);
	return 0;
}

static int end(void **state)
{
	(void)state;
	kill(stand.bed.real, SIGCONT);
	mounted_end(&mounted, SIGTERM);
	stand_end(&stand);
	return 0;
}

static void not_each_file_waits(void **state)
{
	int64_t patience;
	char *text;

	(void)state;
	mounted_expect(&mounted, "info", "2 NT ports");
	stand_detach(&stand);
	kill(stand.bed.real, SIGSTOP);
	patience = now_ms() + QUICK_MS;
	for (unsigned i = 0; i < FILES; i++) {
		assert_null(mounted_read(&mounted, "info"));
		assert_int_equal(errno, ENODEV);
		if (now_ms() > patience)
			fail_msg("%u files took longer than %d ms", i + 1, QUICK_MS);
	}
	kill(stand.bed.real, SIGCONT);
	patience = now_ms() + PATIENCE_MS;
	while (!(text = mounted_read(&mounted, "info"))) {
		assert_true(now_ms() < patience);
		usleep(20000);
	}
	assert_contains(text, "2 NT ports");
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(not_each_file_waits, make, end),
	};

	return MOUNTED_MAIN(tests, argc, argv);
}
