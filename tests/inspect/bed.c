/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed.h"

static struct bed *bed_make(struct bench *bench)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	assert_non_null(bed);
	bed->bench = bench;
	for (unsigned slot = 0; slot < bench->topology.port_count; slot++) {
		bed->counters[slot] = aligned_alloc(64, idtntb_counters_size());
		assert_non_null(bed->counters[slot]);
		memset(bed->counters[slot], 0, idtntb_counters_size());
		bed->snapshot.counters[slot] = bed->counters[slot];
		if (bench->hosts[slot].port)
			idtntb_port_counters_set(bench->hosts[slot].port, bed->counters[slot]);
	}
	return bed;
}

struct bed *bed_create(const char *ports, const char *bars)
{
	return bed_make(bench_create_linked(NULL, ports, bars));
}

struct bed *bed_create_empty(const char *ports)
{
	return bed_make(bench_create(NULL, ports, NULL));
}

void bed_destroy(struct bed *bed)
{
	bench_destroy(bed->bench);
	idtntb_switch_close(bed->image);
	idtntb_findings_free(&bed->findings);
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		free(bed->counters[slot]);
	free(bed);
}

const struct idtntb_snapshot *bed_snapshot(struct bed *bed)
{
	size_t size = idtntb_save_size();
	void *image = malloc(size);
	struct idtntb_error error;

	assert_non_null(image);
	assert_int_equal(idtntb_switch_save(bed->bench->sw, image, size), 0);
	idtntb_switch_close(bed->image);
	if (idtntb_switch_open_image(&bed->image, image, size, &error))
		fail_msg("%s", error.text);
	free(image);
	bed->snapshot.sw = bed->image;
	return &bed->snapshot;
}

void bed_check(struct bed *bed)
{
	idtntb_findings_free(&bed->findings);
	assert_int_equal(idtntb_check(&bed->findings, bed_snapshot(bed)), 0);
}

const struct idtntb_finding *bed_find(const struct bed *bed, const char *id, unsigned port)
{
	for (size_t f = 0; f < bed->findings.count; f++) {
		if (!strcmp(bed->findings.items[f].id, id) && bed->findings.items[f].port == port)
			return &bed->findings.items[f];
	}
	return NULL;
}

static void fail_with_findings(const struct bed *bed, const char *what, const char *id)
{
	char *text = NULL;

	BED_PRINTED(text, idtntb_findings_print(out, &bed->findings, IDTNTB_OK, 0));
	fail_msg("%s %s in:\n%s", what, id, text);
}

const struct idtntb_finding *bed_expect(struct bed *bed, const char *id, unsigned port, const char *where,
					const char *text)
{
	const struct idtntb_finding *finding;

	bed_check(bed);
	finding = bed_find(bed, id, port);
	if (!finding) {
		fail_with_findings(bed, "no", id);
		return NULL;
	}
	assert_string_equal(finding->where, where ? where : "");
	assert_has(finding->cause, text);
	assert_int_not_equal(finding->advice[0], '\0');
	return finding;
}

void bed_expect_quiet(struct bed *bed, enum idtntb_severity severity)
{
	bed_check(bed);
	if (idtntb_findings_worst(&bed->findings) >= severity)
		fail_with_findings(bed, "unexpected", idtntb_severity_name(severity));
}

char *bed_text(struct bed *bed, const char *subject, unsigned slot, unsigned flags)
{
	const struct idtntb_subject *found = idtntb_subject_find(subject);
	const struct idtntb_snapshot *snapshot = bed_snapshot(bed);
	char *text = NULL;

	assert_non_null(found);
	BED_PRINTED(text, found->print(out, snapshot, slot, flags));
	return text;
}

struct json_object *bed_reparse(struct json_object *json)
{
	struct json_object *again;
	char *text = NULL;

	assert_non_null(json);
	BED_PRINTED(text, idtntb_json_print(out, json));
	again = json_tokener_parse(text);
	if (!again)
		fail_msg("not JSON: %s", text);
	free(text);
	return again;
}
