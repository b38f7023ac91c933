/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON by json-c. Its functions for containers abort when they are handed none, which is what memory that runs out
 * leaves: these do not.
 */
#include "inspect.h"

#include <inttypes.h>

void inspect_add(struct json_object *to, const char *key, struct json_object *value)
{
	if (!to || json_object_object_add(to, key, value))
		json_object_put(value);
}

void inspect_append(struct json_object *to, struct json_object *value)
{
	if (!to || json_object_array_add(to, value))
		json_object_put(value);
}

struct json_object *inspect_hex(uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", value);
	return json_object_new_string(text);
}

struct json_object *inspect_hex64(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_object_new_string(text);
}

struct json_object *inspect_number(uint64_t value)
{
	return json_object_new_uint64(value);
}

struct json_object *inspect_bool(bool value)
{
	return json_object_new_boolean(value);
}

struct json_object *inspect_string(const char *text)
{
	return json_object_new_string(text);
}

struct json_object *inspect_bits_json(uint32_t bits)
{
	struct json_object *json = json_object_new_array();

	for (; bits; bits &= bits - 1)
		inspect_append(json, inspect_number((unsigned)__builtin_ctz(bits)));
	return json;
}

struct json_object *inspect_each(const struct idtntb_snapshot *snapshot, unsigned slot,
				 struct json_object *(*one)(const struct idtntb_snapshot *snapshot, unsigned slot))
{
	struct inspect_slots slots = inspect_slots(snapshot, slot);
	struct json_object *json;

	if (slot != IDTNTB_SLOT_ALL)
		return slots.first < slots.end ? one(snapshot, slot) : NULL;
	json = json_object_new_array();
	for (unsigned s = slots.first; s < slots.end; s++)
		inspect_append(json, one(snapshot, s));
	return json;
}

struct json_object *idtntb_state_json(const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct json_object *json = json_object_new_object();

	for (unsigned s = 0; idtntb_subject_get(s); s++) {
		const struct idtntb_subject *subject = idtntb_subject_get(s);

		/* What "raw" tells is all in "dump". */
		if ((slot == IDTNTB_SLOT_ALL ? subject->of_switch : subject->of_port) &&
		    subject->json != inspect_raw_json)
			inspect_add(json, subject->name, subject->json(snapshot, slot));
	}
	return json;
}

void idtntb_json_print(FILE *out, struct json_object *json)
{
	const char *text =
		json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
								    JSON_C_TO_STRING_NOSLASHESCAPE)
		     : NULL;

	fprintf(out, "%s\n", text ? text : "null");
	json_object_put(json);
}
