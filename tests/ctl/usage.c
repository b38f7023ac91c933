/* SPDX-License-Identifier: BSD-3-Clause */
/* Bad command lines and bad circumstances of idtntbctl: one line, and the exit status that the manual page says. */
#include "stand.h"

#include <stdio.h>
#include <unistd.h>

static struct stand stand;

struct line {
	const char *arguments;
	const char *text; /* part of the one line it says */
};

static void bad_command_lines(void **state)
{
	static const struct line lines[] = {
		{ "", "command" },
		{ "frobnicate", "not a command" },
		{ "--frobnicate info", "--frobnicate" },
		{ "info --frobnicate", "--frobnicate" },
		{ "info 3", "one argument too many" },
		{ "--color sometimes info", "auto, always or never" },
		{ "info --switch", "--switch" },
		{ "show", "not a subject" },
		{ "show cats", "not a subject" },
		{ "show topology 0 1", "one argument too many" },
		{ "show link 1", "no NT port" },
		{ "dump 1", "no NT port" },
		{ "dump x", "no NT port" },
		{ "dump --raw --json", "one of them" },
		{ "topology --dot --json", "one of them" },
		{ "peek", "wants a register" },
		{ "peek 0:NOSUCH", "NOSUCH" },
		{ "peek 0:0x1000", "0x1000" },
		{ "peek 0:0x401", "0x401" },
		{ "peek 1:NTCTL", "1" },
		{ "peek 0:NTCTL :", ":" },
		{ "peek ''", "" },
		{ "poke 0:NTCTL", "wants a register and a value" },
		{ "poke 0:NTCTL 0x100000000", "32 bits" },
		{ "poke 0:NTCTL 2x", "32 bits" },
		{ "poke 0:NTCTL 0x", "32 bits" },
		{ "poke 0:NTCTL 1 1", "one argument too many" },
		{ "link", "wants a port" },
		{ "link 2 sideways", "down or up" },
		{ "link 3 down", "no NT port" },
		{ "save", "wants a file" },
		{ "save /", "not a regular file" },
		{ "load", "wants a file" },
		{ "check 0 2 4", "one argument too many" },
		{ "check 0 0", "one port" },
		{ "check --window 3", "of one port" },
		{ "check 0 --window 99", "no such window" },
		{ "check 0 --window x", "no such window" },
		{ "top", "no terminal" },
		{ "top --json", "--once" },
		{ "top --batch 0", "--batch" },
		{ "top --batch x", "--batch" },
		{ "top --once --delay 0", "--delay" },
		{ "top --once --delay nan", "--delay" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refusal(&stand, 2, lines[i].text, "\"$CTL\" %s", lines[i].arguments);
	expect_refusal(&stand, 2, "--switch", "unset IDTNTB_SWITCH; \"$CTL\" info");
	expect_refusal(&stand, 2, "--switch", "IDTNTB_SWITCH= \"$CTL\" info");
}

static void what_cannot_be_done(void **state)
{
	static const struct line lines[] = {
		{ "info -s nonsense", "nonsense" },
		{ "info -s ivshmem:/nonexistent/socket", "/nonexistent/socket" },
		{ "info -s file:/nonexistent/state", "/nonexistent/state" },
		{ "info -s file:/dev/null", "/dev/null" },
		{ "info -s 'file:/no\n\033[31msuch'", "/no??[31msuch" },
		{ "load /nonexistent/state", "/nonexistent/state" },
		{ "load /dev/zero", "longer than" },
		{ "save /nonexistent/state", "/nonexistent/state" },
		{ "info >/dev/full", "standard output" },
		{ "dump >/dev/full", "standard output" },
		{ "top --batch 3 -d 0.1 >/dev/full", "standard output" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refusal(&stand, 1, lines[i].text, "\"$CTL\" %s", lines[i].arguments);
}

static void a_switch_that_is_gone(void **state)
{
	(void)state;
	stand_detach(&stand);
	server_kill(&stand.bed);
	free(expect(&stand, 1, "timeout 20 \"$CTL\" info"));
	server_restart(&stand.bed);
	stand_attach(&stand);
	free(expect(&stand, 0, "\"$CTL\" info"));
}

/* Options and commands of the help are in the manual page, and none there is of a program that has not got it. */
static void manual_page_and_help_agree(void **state)
{
	(void)state;
	free(expect(
		&stand, 0,
		"cd \"$DIR\" && \"$CTL\" --help >help && sed -n '/^Commands/,/^$/s/^  \\([a-z]*\\) .*/\\1/p' help >commands && "
		"test \"$(wc -l <commands)\" -ge 11 && "
		"for c in $(cat commands); do \"$CTL\" $c --help >>help || exit 1; grep -q \"^\\.B[RI]* *$c\\>\" \"%s\" || "
		"{ echo \"$c is not in the page\"; exit 1; }; done; "
		"grep -o -- '--[a-z][a-z]*' help | sort -u >in-help; "
		"sed 's/\\\\-/-/g' \"%s\" | grep '^\\.[BT]' | grep -o -- '--[a-z][a-z]*' | sort -u >in-page; "
		"diff in-help in-page",
		MAN_PAGE, MAN_PAGE));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STAND_TEST(stand, bad_command_lines),
		STAND_TEST(stand, what_cannot_be_done),
		STAND_TEST(stand, a_switch_that_is_gone),
		STAND_TEST(stand, manual_page_and_help_agree),
	};

	return STAND_MAIN(tests, argc, argv);
}
