/* SPDX-License-Identifier: BSD-3-Clause */
/* Every subcommand of idtntbctl but top: what it prints, what it changes, its exit status. */
#include "stand.h"

#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

#define NTCTL 0x400
#define NTSDATA 0x40C

static struct stand stand;

/* What a command prints with --json, parsed; to be put. */
static struct json_object *json_of(int status, const char *command)
{
	char *text = expect(&stand, status, "\"$CTL\" %s --json", command);
	struct json_object *json = json_tokener_parse(text);

	if (!json)
		fail_msg("%s --json is no JSON: %.300s", command, text);
	free(text);
	return json;
}

static const char *text_of(struct json_object *json, const char *name)
{
	struct json_object *found = NULL;

	if (!json_object_object_get_ex(json, name, &found))
		fail_msg("no member %s in %s", name, json_object_to_json_string(json));
	return json_object_get_string(found);
}

static void tells_what_it_is(void **state)
{
	char *text = expect(&stand, 0, "\"$CTL\" info && \"$CTL\" topology");
	char *dot;

	(void)state;
	assert_contains(text, "89HPES24NT6AG2");
	free(text);
	dot = expect(&stand, 0, "\"$CTL\" topology --dot");
	assert_contains(dot, "graph");
	assert_contains(dot, "}");
	free(dot);
}

static void every_subject_is_shown(void **state)
{
	const struct idtntb_subject *subject;
	char command[80];

	(void)state;
	for (unsigned i = 0; (subject = idtntb_subject_get(i)); i++) {
		snprintf(command, sizeof(command), "show %s%s", subject->name, subject->of_switch ? "" : " 0");
		free(expect(&stand, 0, "\"$CTL\" %s --all", command));
		if (subject->json)
			json_object_put(json_of(0, command));
	}
}

static void json_is_json(void **state)
{
	static const char *const commands[] = { "info",
						"topology",
						"dump",
						"dump 2",
						"check",
						"check 0",
						"check 0 2",
						"check 0 --window 0",
						"--color never info" };

	(void)state;
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		json_object_put(json_of(0, commands[i]));
}

static void peeks_by_name_and_address(void **state)
{
	struct json_object *json;
	char *text, expected[32];

	(void)state;
	nt_write(&stand.b, NTSDATA, 0x1234ABCD);
	text = expect(&stand, 0, "\"$CTL\" peek -v 2:NTSDATA 2:0x40c 2:ntsdata 0x540C");
	assert_string_equal(text, "0x1234abcd\n0x1234abcd\n0x1234abcd\n0x1234abcd\n");
	free(text);
	snprintf(expected, sizeof(expected), "0x%08x\n", nt_read(&stand.a, NTCTL));
	text = expect(&stand, 0, "\"$CTL\" peek --value 0:NTCTL");
	assert_string_equal(text, expected);
	free(text);
	text = expect(&stand, 0, "\"$CTL\" peek 0:NTCTL SWPORT0STS");
	assert_contains(text, "NTCTL");
	assert_contains(text, "CPEN=1");
	assert_contains(text, "SWPORT0STS");
	free(text);
	free(expect(&stand, 0, "\"$CTL\" peek -l 0:NTCTL | grep -q 'completion enable'"));
	json = json_of(0, "peek 0:NTSDATA 2:NTSDATA");
	assert_int_equal(json_object_array_length(json), 2);
	assert_string_equal(text_of(json_object_array_get_idx(json, 1), "name"), "NTSDATA");
	json_object_put(json);
}

static void pokes_only_who_allows_it(void **state)
{
	struct json_object *json;

	(void)state;
	expect_refusal(&stand, 1, "poke", "\"$CTL\" poke 0:NTSDATA 1");
	assert_int_equal(nt_read(&stand.a, NTSDATA), 0);
	json = json_of(0, "poke 2:NTSDATA 0xCAFE");
	assert_string_equal(text_of(json, "value"), "0x0000cafe");
	json_object_put(json);
	assert_int_equal(nt_read(&stand.b, NTSDATA), 0xCAFE);
	/* A zero in front does not make it octal. */
	free(expect(&stand, 0, "\"$CTL\" poke 2:NTSDATA 010"));
	assert_int_equal(nt_read(&stand.b, NTSDATA), 10);
	/* Of the switch: whoever accepts it does it. */
	free(expect(&stand, 0,
		    "\"$CTL\" poke GODBELLMSK3 0xF0 && test \"$(\"$CTL\" peek -v GODBELLMSK3)\" = 0x000000f0"));
}

static void check_names_what_is_wrong(void **state)
{
	struct json_object *json;
	char *text;

	(void)state;
	text = expect(&stand, 0, "\"$CTL\" check 0 2");
	free(text);
	nt_write(&stand.b, NTCTL, 0);
	text = expect(&stand, 1, "\"$CTL\" check");
	assert_contains(text, "NTCTL");
	free(text);
	text = expect(&stand, 1, "\"$CTL\" check 2 0");
	assert_contains(text, "CPEN");
	free(text);
	json = json_of(1, "check");
	assert_string_equal(text_of(json, "worst"), "error");
	json_object_put(json);
	nt_write(&stand.b, NTCTL, 2);
	free(expect(&stand, 0, "\"$CTL\" check"));
}

static void breaks_and_mends_a_link(void **state)
{
	(void)state;
	free(expect(&stand, 0, "\"$CTL\" link 2 down"));
	HOST_UNTIL(member(&stand.a, 1).forced_down, &stand.a, &stand.b, NULL);
	/* Meant so: not an error of the switch; but a pair that is asked for does not see each other. */
	free(expect(&stand, 0, "\"$CTL\" check | grep -q 'on purpose' && \"$CTL\" check"));
	free(expect(&stand, 1, "\"$CTL\" check 0 2"));
	json_object_put(json_of(0, "link 2 up"));
	HOST_UNTIL(!member(&stand.a, 1).forced_down, &stand.a, &stand.b, NULL);
}

static void saves_looks_into_it_and_loads(void **state)
{
	struct json_object *json;
	char *live, *saved;

	(void)state;
	nt_write(&stand.a, NTSDATA, 0x5A5A0001);
	json = json_of(0, "save \"$DIR\"/state");
	assert_int_equal(atoi(text_of(json, "bytes")), (int)idtntb_save_size());
	json_object_put(json);
	live = expect(&stand, 0, "\"$CTL\" dump --raw");
	saved = expect(&stand, 0, "\"$CTL\" dump --raw -s file:\"$DIR\"/state");
	assert_string_equal(live, saved);
	free(live);
	free(saved);
	free(expect(&stand, 0, "test \"$(\"$CTL\" -s file:\"$DIR\"/state peek -v 0:NTSDATA)\" = 0x5a5a0001"));
	expect_refusal(&stand, 1, "state", "\"$CTL\" -s file:\"$DIR\"/state link 2 down");
	expect_refusal(&stand, 1, "attached", "\"$CTL\" load \"$DIR\"/state");
	stand_detach(&stand);
	json_object_put(json_of(0, "load \"$DIR\"/state"));
	free(expect(&stand, 0, "test \"$(\"$CTL\" peek -v 0:NTSDATA)\" = 0x5a5a0001"));
	stand_attach(&stand);
}

/* Who could read what was there can read what has taken its place; a new one is made as files are. */
static void a_saved_state_has_the_mode_of_a_file(void **state)
{
	char *text;

	(void)state;
	text = expect(
		&stand, 0,
		"cd \"$DIR\" && umask 027 && \"$CTL\" save new && stat -c %%a new && chmod 604 new && \"$CTL\" save new && "
		"stat -c %%a new && ls");
	assert_string_equal(text, "640\n604\nnew\n");
	free(text);
}

static void color_only_on_request(void **state)
{
	char *text =
		expect(&stand, 0, "\"$CTL\" topology; \"$CTL\" dump; \"$CTL\" check --all; \"$CTL\" top --once -d 0.1");

	(void)state;
	assert_null(strchr(text, '\033'));
	free(text);
	text = expect(&stand, 0, "\"$CTL\" --color always dump --all");
	assert_non_null(strchr(text, '\033'));
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STAND_TEST(stand, tells_what_it_is),
		STAND_TEST(stand, every_subject_is_shown),
		STAND_TEST(stand, json_is_json),
		STAND_TEST(stand, peeks_by_name_and_address),
		STAND_TEST(stand, pokes_only_who_allows_it),
		STAND_TEST(stand, check_names_what_is_wrong),
		STAND_TEST(stand, breaks_and_mends_a_link),
		STAND_TEST(stand, saves_looks_into_it_and_loads),
		STAND_TEST(stand, a_saved_state_has_the_mode_of_a_file),
		STAND_TEST(stand, color_only_on_request),
	};

	return STAND_MAIN(tests, argc, argv);
}
