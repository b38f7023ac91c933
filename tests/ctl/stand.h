/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stand for programs that look into a switch: a real server, two hosts in this process, and commands of a shell that run
 * while the hosts go on serving their ports.
 */
#ifndef STAND_H
#define STAND_H

#include "bed.h"

#include <idtntb-inspect.h>

struct stand {
	struct bed bed;
	struct host a, b; /* ports 0 and 2 */
	bool attached;
	unsigned msis; /* that both have handled */
	char directory[64]; /* for files; $DIR of commands */
};

/* Programs, from the command line of the test: $CTL and $FUSE of commands. */
extern const char *ctl_program, *fuse_program;

/* A switch, and both hosts with a link that is up. */
void stand_make(struct stand *stand);
void stand_attach(struct stand *stand);
void stand_detach(struct stand *stand);
/* Let hosts serve their ports and handle interrupts; waits for something to do for that time at most. */
void stand_serve(struct stand *stand, int ms);
/* Everything goes, the files too. */
void stand_end(struct stand *stand);

/* A test before which the stand is made, and ended after it. */
#define STAND_TEST(stand, test) cmocka_unit_test_prestate_setup_teardown(test, stand_set_up, stand_tear_down, &(stand))
int stand_set_up(void **stand);
int stand_tear_down(void **stand);

/* What a command has said. */
struct output {
	int status; /* of its exit; 128 + n after signal n; 124 when it did not end */
	char *out, *err; /* each ends with a zero byte */
};

/*
 * Run a command of the shell until it ends; $CTL, $FUSE, $DIR and IDTNTB_SWITCH are set. Free the output with
 * output_free().
 */
struct output run(struct stand *stand, const char *format, ...) __attribute__((format(printf, 2, 3)));
void output_free(struct output *output);

/* Run it; it must end with the status. Returns what it wrote to standard output, to be freed. */
char *expect(struct stand *stand, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Run it; it must end with the status and one line that contains text on standard error. */
void expect_refusal(struct stand *stand, int status, const char *text, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* For main(): set what the command line says: the programs, the kind of switch. A message and false when it is short. */
bool stand_arguments(int argc, char **argv);
/* For main(): run the tests, or those of them that a filter at the end of the command line names. */
#define STAND_MAIN(tests, argc, argv)                                                                                  \
	(!stand_arguments(argc, argv)                                                                                  \
		 ? 2                                                                                                   \
		 : (cmocka_set_test_filter((argv)[5]), cmocka_run_group_tests_name((argv)[4], tests, NULL, NULL)))

#define assert_contains(text, part)                                                                                    \
	do {                                                                                                           \
		if (!strstr(text, part))                                                                               \
			fail_msg("no '%s' in '%s'", part, text);                                                       \
	} while (0)

#endif
