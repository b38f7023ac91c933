/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl top: in a terminal of fixed size, in one that changes, and in a pipe. */
#include "screen.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define NTCTL 0x400
#define OUTDBELLSET 0x420
#define BAR_UNKNOWN 0xF00 /* no register is there */

static struct stand stand;
static struct screen screen;

/* The word in a column of the line of port, by the title above it; both are set flush right. */
static void cell(const struct screen *from, const char *title, unsigned port, char word[32])
{
	char number[16];
	const char *heading = NULL;
	unsigned row = 0, right, left;

	while (row < from->rows && !(heading = strstr(from->cells[row], title)))
		row++;
	if (!heading)
		fail_msg("no column %s", title);
	right = (unsigned)(heading - from->cells[row] + (long)strlen(title));
	snprintf(number, sizeof(number), "%4u ", port);
	while (++row < from->rows && strncmp(from->cells[row], number, 5)) {
	}
	if (row == from->rows)
		fail_msg("no line of port %u", port);
	for (left = right; left && from->cells[row][left - 1] != ' '; left--) {
	}
	snprintf(word, 32, "%.*s", (int)(right - left), from->cells[row] + left);
}

static void assert_cell(const struct screen *from, const char *title, unsigned port, const char *expected)
{
	char word[32];

	cell(from, title, port, word);
	assert_string_equal(word, expected);
}

static void shows_both_ports(void **state)
{
	char word[32];

	(void)state;
	screen_start(&screen, &stand, 24, 80, "exec \"$CTL\" top -d 0.2");
	screen_until(&screen, &stand, "PORT");
	assert_true(screen.other);
	assert_cell(&screen, "LINK", 0, "up");
	assert_cell(&screen, "LINK", 2, "up");
	/* Doorbells that rise are seen as a rate. */
	for (unsigned i = 0; i < 40; i++) {
		nt_write(&stand.a, OUTDBELLSET, 1);
		screen_run(&screen, &stand, 20);
	}
	cell(&screen, "DBELL/s", 0, word);
	assert_true(atof(word) > 1);
	cell(&screen, "DBELL/s", 2, word);
	assert_true(atof(word) == 0);
	assert_int_equal(screen.beyond, 0);
	assert_true(screen.colored);
	screen_type(&screen, "q");
	assert_int_equal(screen_end(&screen, &stand), 0);
	assert_false(screen.other);
}

static void says_why(void **state)
{
	(void)state;
	screen_start(&screen, &stand, 24, 80, "exec \"$CTL\" top -d 0.2");
	screen_until(&screen, &stand, "PORT");
	nt_write(&stand.b, NTCTL, 0);
	screen_until(&screen, &stand, "NTCTL");
	assert_cell(&screen, "LINK", 2, "off");
	nt_write(&stand.b, NTCTL, 2);
	nt_write(&stand.b, BAR_UNKNOWN, 1);
	screen_until(&screen, &stand, "guest error");
	assert_int_equal(idtntb_attachment_link_force(stand.a.attachment, 2, true), 0);
	screen_until(&screen, &stand, "broken");
	idtntb_attachment_link_force(stand.a.attachment, 2, false);
	assert_int_equal(screen.beyond, 0);
	kill(screen.pid, SIGTERM);
	assert_int_equal(screen_end(&screen, &stand), 0);
	assert_false(screen.other);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	static const unsigned sizes[][2] = { { 24, 80 }, { 10, 40 },  { 50, 200 }, { 3, 12 },
					     { 2, 1 },   { 24, 131 }, { 5, 60 },   { 24, 71 } };

	(void)state;
	/* Something to say in each part of the screen. */
	nt_write(&stand.b, NTCTL, 0);
	for (unsigned i = 0; i < 6; i++)
		nt_write(&stand.b, BAR_UNKNOWN + 4 * i, i);
	screen_start(&screen, &stand, 24, 80, "exec \"$CTL\" top -d 0.2");
	screen_until(&screen, &stand, "PORT");
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		/* What was drawn for the old size is not counted. */
		screen_resize(&screen, sizes[i][0], sizes[i][1]);
		screen_run(&screen, &stand, 400);
		screen.beyond = 0;
		screen_run(&screen, &stand, 600);
		if (screen.beyond)
			fail_msg("%u characters beyond a terminal of %u rows, %u columns", screen.beyond, sizes[i][0],
				 sizes[i][1]);
		if (sizes[i][0] > 3 && sizes[i][1] >= 40)
			assert_cell(&screen, "LINK", 2, "off");
		/* Columns that have no room are left out: the last is there, whole. */
		if (sizes[i][1] >= 60)
			assert_cell(&screen, "ERRORS", 2, "6");
	}
	screen_type(&screen, "\003");
	assert_int_equal(screen_end(&screen, &stand), 0);
}

/* At once, not with the next frame. */
static void follows_the_size_of_the_terminal(void **state)
{
	(void)state;
	screen_start(&screen, &stand, 24, 60, "exec \"$CTL\" top -d 3000");
	screen_until(&screen, &stand, "ERRORS");
	for (unsigned row = 0; row < screen.rows; row++)
		assert_null(strstr(screen.cells[row], "INDBELL"));
	screen_resize(&screen, 24, 200);
	screen_until(&screen, &stand, "INDBELL");
	screen_resize(&screen, 24, 60);
	screen_until(&screen, &stand, "ERRORS");
	screen_type(&screen, "q");
	assert_int_equal(screen_end(&screen, &stand), 0);
}

static void a_switch_that_is_gone_comes_back(void **state)
{
	(void)state;
	screen_start(&screen, &stand, 24, 100, "exec \"$CTL\" top -d 0.2");
	screen_until(&screen, &stand, "PORT");
	stand_detach(&stand);
	screen_until(&screen, &stand, "free");
	server_kill(&stand.bed);
	screen_until(&screen, &stand, "gone");
	server_restart(&stand.bed);
	stand_attach(&stand);
	screen_until(&screen, &stand, "up");
	screen_type(&screen, "q");
	assert_int_equal(screen_end(&screen, &stand), 0);
}

/* Among what is wrong, and then among the guest errors: one line is enough. */
static void a_guest_error_is_told_once(void **state)
{
	char *text;

	(void)state;
	nt_write(&stand.b, BAR_UNKNOWN, 1);
	text = expect(&stand, 0, "\"$CTL\" top --once --delay 0.1 | grep -c 0xf00");
	assert_string_equal(text, "1\n");
	free(text);
}

static void in_a_pipe(void **state)
{
	struct json_tokener *tokener = json_tokener_new();
	unsigned frames = 0;
	char *text, *line;

	(void)state;
	text = expect(&stand, 0, "\"$CTL\" top --once --delay 0.1");
	assert_contains(text, "LINK");
	assert_contains(text, "REFUSED");
	free(text);
	text = expect(&stand, 0,
		      "COLUMNS=40 \"$CTL\" top --batch 2 --delay 0.1 | awk 'length > 40 { exit 1 } /PORT/ { n++ } "
		      "END { exit n != 2 }' && echo well");
	assert_string_equal(text, "well\n");
	free(text);
	text = expect(&stand, 0, "\"$CTL\" top --batch 3 --delay 0.1 --json");
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), frames++) {
		struct json_object *json = json_tokener_parse_ex(tokener, line, -1), *ports;

		assert_true(json_object_object_get_ex(json, "ports", &ports));
		assert_int_equal(json_object_array_length(ports), 2);
		json_object_put(json);
		json_tokener_reset(tokener);
	}
	assert_int_equal(frames, 3);
	json_tokener_free(tokener);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STAND_TEST(stand, shows_both_ports),
		STAND_TEST(stand, says_why),
		STAND_TEST(stand, no_line_is_wider_than_the_terminal),
		STAND_TEST(stand, follows_the_size_of_the_terminal),
		STAND_TEST(stand, a_switch_that_is_gone_comes_back),
		STAND_TEST(stand, a_guest_error_is_told_once),
		STAND_TEST(stand, in_a_pipe),
	};

	return STAND_MAIN(tests, argc, argv);
}
