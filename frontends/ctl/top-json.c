/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame of idtntbctl top for machines: one line of JSON. */
#include "top.h"

#include <json-c/json.h>

static struct json_object *port_json(const struct top_frame *frame, unsigned slot)
{
	const struct idtntb_overview *now = &frame->now.ports[slot];
	const struct idtntb_overview *before = frame->seconds > 0 ? &frame->before.ports[slot] : now;
	struct json_object *json = json_object_new_object(), *sees = json_object_new_array();
	const struct {
		const char *name;
		uint64_t now, before;
	} counters[] = {
		{ "doorbells", now->doorbells, before->doorbells },
		{ "messages", now->messages, before->messages },
		{ "interrupts", now->stats.interrupts, before->stats.interrupts },
		{ "register_reads", now->stats.register_reads, before->stats.register_reads },
		{ "register_writes", now->stats.register_writes, before->stats.register_writes },
		{ "window_bytes_read", now->window_bytes_read, before->window_bytes_read },
		{ "window_bytes_written", now->window_bytes_written, before->window_bytes_written },
		{ "window_refused", now->stats.window_refused, before->stats.window_refused },
		{ "guest_errors", now->stats.guest_errors, before->stats.guest_errors },
	};

	json_object_object_add(json, "port", json_object_new_int((int)now->port));
	json_object_object_add(json, "partition", json_object_new_int((int)now->partition));
	json_object_object_add(json, "link", json_object_new_string(top_link_word(now)));
	for (unsigned i = 0; i < frame->now.count; i++) {
		if (now->sees & 1u << i)
			json_object_array_add(sees, json_object_new_int((int)frame->now.ports[i].port));
	}
	json_object_object_add(json, "sees", sees);
	json_object_object_add(json, "windows", json_object_new_int((int)now->windows));
	json_object_object_add(json, "windows_open", json_object_new_int((int)now->windows_open));
	for (size_t i = 0; now->counted && i < sizeof(counters) / sizeof(counters[0]); i++) {
		struct json_object *counter = json_object_new_object();

		json_object_object_add(counter, "total", json_object_new_uint64(counters[i].now));
		json_object_object_add(counter, "per_second",
				       json_object_new_double(top_rate(frame, counters[i].now, counters[i].before)));
		json_object_object_add(json, counters[i].name, counter);
	}
	return json;
}

void top_print_json(FILE *out, const struct top_frame *frame)
{
	struct json_object *json = json_object_new_object(), *ports = json_object_new_array();

	json_object_object_add(json, "seconds", json_object_new_double(frame->seconds));
	for (unsigned slot = 0; slot < frame->now.count; slot++)
		json_object_array_add(ports, port_json(frame, slot));
	json_object_object_add(json, "ports", ports);
	json_object_object_add(json, "findings", idtntb_findings_json(&frame->findings, IDTNTB_WARNING));
	fprintf(out, "%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
	json_object_put(json);
}
