/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Findings: kept, compared, printed.
 */
#include "check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

static const struct {
	const char *name;
	enum inspect_color color;
} severities[] = {
	[IDTNTB_OK] = { "ok", INSPECT_GREEN },
	[IDTNTB_NOTE] = { "note", INSPECT_PLAIN },
	[IDTNTB_WARNING] = { "warning", INSPECT_YELLOW },
	[IDTNTB_ERROR] = { "error", INSPECT_RED },
};

const char *idtntb_severity_name(enum idtntb_severity severity)
{
	return severities[severity].name;
}

const char *check_line(char line[CHECK_LINE], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, CHECK_LINE, format, arguments);
	va_end(arguments);
	return line;
}

static struct idtntb_finding *room_make(struct check *check)
{
	struct idtntb_findings *findings = check->findings;

	if (findings->count == check->room) {
		size_t room = check->room ? 2 * check->room : 16;
		struct idtntb_finding *items = realloc(findings->items, room * sizeof(*items));

		if (!items) {
			check->failed = true;
			return NULL;
		}
		findings->items = items;
		check->room = room;
	}
	return &findings->items[findings->count++];
}

struct idtntb_finding *check_add(struct check *check, const struct check_condition *condition,
				 const struct check_subject *subject, unsigned at, unsigned i, unsigned j,
				 const char *cause)
{
	const struct idtntb_snapshot *snapshot = check->snapshot;
	struct idtntb_finding *finding = room_make(check);
	struct idtntb_register_ref ref;

	if (!finding)
		return NULL;
	*finding = (struct idtntb_finding){
		.severity = condition->severity,
		.id = condition->id,
		.port = inspect_setup(snapshot, subject->slot)->port,
		.peer = subject->peer < 0 ? -1 : inspect_setup(snapshot, (unsigned)subject->peer)->port,
		.window = subject->window,
		.momentary = condition->moves,
	};
	if (condition->moves && *condition->moves)
		finding->moves = inspect_counts(snapshot, at, condition->moves).writes;
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject->text);
	snprintf(finding->cause, sizeof(finding->cause), "%s", cause ? cause : condition->cause);
	snprintf(finding->advice, sizeof(finding->advice), "%s", condition->advice ? condition->advice : "");
	if (condition->reg && inspect_ref(&ref, snapshot->sw, at, condition->reg, i, j)) {
		finding->address = ref.address;
		finding->value = idtntb_switch_peek(snapshot->sw, ref.address);
		if (ref.slot == IDTNTB_SLOT_ALL)
			snprintf(finding->where, sizeof(finding->where), "%s", ref.name);
		else
			snprintf(finding->where, sizeof(finding->where), "%u:%s", inspect_setup(snapshot, at)->port,
				 ref.name);
	}
	return finding;
}

void idtntb_findings_free(struct idtntb_findings *findings)
{
	free(findings->items);
	*findings = (struct idtntb_findings){ 0 };
}

/* The same finding, and nothing has moved in between. */
static bool is_among(const struct idtntb_findings *findings, const struct idtntb_finding *wanted)
{
	for (size_t f = 0; f < findings->count; f++) {
		const struct idtntb_finding *item = &findings->items[f];

		if (!strcmp(item->id, wanted->id) && item->port == wanted->port && item->peer == wanted->peer &&
		    item->window == wanted->window && item->moves == wanted->moves)
			return true;
	}
	return false;
}

void idtntb_findings_keep(struct idtntb_findings *findings, const struct idtntb_findings *before)
{
	size_t kept = 0;

	for (size_t f = 0; f < findings->count; f++) {
		const struct idtntb_finding *item = &findings->items[f];

		if (!item->momentary || is_among(before, item))
			findings->items[kept++] = *item;
	}
	findings->count = kept;
}

enum idtntb_severity idtntb_findings_worst(const struct idtntb_findings *findings)
{
	enum idtntb_severity worst = IDTNTB_OK;

	for (size_t f = 0; f < findings->count; f++) {
		if (findings->items[f].severity > worst)
			worst = findings->items[f].severity;
	}
	return worst;
}

void idtntb_findings_print(FILE *out, const struct idtntb_findings *findings, enum idtntb_severity least,
			   unsigned flags)
{
	for (size_t f = 0; f < findings->count; f++) {
		const struct idtntb_finding *item = &findings->items[f];

		if (item->severity < least)
			continue;
		fprintf(out, "%s%s%s: %s: ", inspect_color(flags, severities[item->severity].color),
			severities[item->severity].name, inspect_color(flags, INSPECT_PLAIN), item->subject);
		if (*item->where)
			fprintf(out, "%s = 0x%08x: ", item->where, item->value);
		fprintf(out, "%s\n", item->cause);
		if (*item->advice)
			fprintf(out, "    %s\n", item->advice);
	}
}

static struct json_object *finding_json(const struct idtntb_finding *item)
{
	struct json_object *json = json_object_new_object();

	inspect_add(json, "severity", inspect_string(severities[item->severity].name));
	inspect_add(json, "id", inspect_string(item->id));
	inspect_add(json, "subject", inspect_string(item->subject));
	inspect_add(json, "port", inspect_number(item->port));
	if (item->peer >= 0)
		inspect_add(json, "peer", inspect_number((unsigned)item->peer));
	if (item->window >= 0) {
		inspect_add(json, "bar", inspect_number((unsigned)item->window / IDTNTB_LUT_ENTRIES));
		inspect_add(json, "entry", inspect_number((unsigned)item->window % IDTNTB_LUT_ENTRIES));
	}
	if (*item->where) {
		inspect_add(json, "register", inspect_string(item->where));
		inspect_add(json, "address", inspect_hex(item->address));
		inspect_add(json, "value", inspect_hex(item->value));
	}
	inspect_add(json, "cause", inspect_string(item->cause));
	if (*item->advice)
		inspect_add(json, "advice", inspect_string(item->advice));
	return json;
}

struct json_object *idtntb_findings_json(const struct idtntb_findings *findings, enum idtntb_severity least)
{
	struct json_object *json = json_object_new_array();

	for (size_t f = 0; f < findings->count; f++) {
		if (findings->items[f].severity >= least)
			inspect_append(json, finding_json(&findings->items[f]));
	}
	return json;
}
