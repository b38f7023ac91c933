/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl link: the administrative word. */
#include "ctl.h"

#include <json-c/json.h>
#include <string.h>

struct link {
	struct ctl *ctl;
	const char *port, *wish;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct link *link = state->input;

	if (key != ARGP_KEY_ARG || link->wish)
		return ctl_parse_key(key, argument, state, link->ctl);
	*(link->port ? &link->wish : &link->port) = argument;
	return 0;
}

static const struct argp link_argp = {
	.parser = parse,
	.args_doc = "PORT down|up",
	.doc = "Break the link of a port on purpose, or mend it. All hosts notice, as if a cable was pulled. It stays broken until "
	       "it is mended, whoever holds the port.",
	.children = ctl_children,
};

int command_link(struct ctl *ctl, int argc, char **argv)
{
	struct link link = { .ctl = ctl };
	struct idtntb_error error = { "" };
	unsigned port;
	bool down;

	ctl_parse(ctl, &link_argp, argc, argv, &link);
	if (!link.wish)
		refuse("link wants a port and what to do: link 2 down");
	down = !strcmp(link.wish, "down");
	if (!down && strcmp(link.wish, "up"))
		refuse("%.40s: down or up expected", link.wish);
	if (ctl_open(ctl))
		return CTL_FAILED;
	port = idtntb_switch_topology(ctl->snapshot.sw)->ports[ctl_slot(ctl, link.port)].port;
	if (idtntb_view_link_force(ctl->view, port, down, &error)) {
		say("%s", error.text);
		return CTL_FAILED;
	}
	if (ctl->json) {
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "port", json_object_new_int((int)port));
		json_object_object_add(json, "forced_down", json_object_new_boolean(down));
		idtntb_json_print(stdout, json);
	}
	return CTL_DONE;
}
