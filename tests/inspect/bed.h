/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bed for inspection: the hosts of a core bench, their counters, and a snapshot as a view takes it.
 */
#ifndef BED_H
#define BED_H

#include <bench.h>
#include <driver.h>
#include <idtntb-inspect.h>
#include <json.h>

struct bed {
	struct bench *bench;
	void *counters[IDTNTB_PORTS];
	struct idtntb_switch *image; /* what the snapshot shows */
	struct idtntb_snapshot snapshot;
	struct idtntb_findings findings; /* of the last bed_check() */
};

/* A switch of these ports with hosts that count; attached, enumerated, links up; the driver probed and enabled. */
struct bed *bed_create(const char *ports, const char *bars);
/* The same, but nobody is attached. */
struct bed *bed_create_empty(const char *ports);
void bed_destroy(struct bed *bed);

/* Take a new snapshot: the switch saved and opened, the counters as they are. */
const struct idtntb_snapshot *bed_snapshot(struct bed *bed);

/* Snapshot and check the whole switch. */
void bed_check(struct bed *bed);
/* The finding of a condition for a port number in the last check, or NULL. */
const struct idtntb_finding *bed_find(const struct bed *bed, const char *id, unsigned port);
/* Check, and fail unless there is such a finding, about register `where` (NULL: none), its cause having `text` in it. */
const struct idtntb_finding *bed_expect(struct bed *bed, const char *id, unsigned port, const char *where,
					const char *text);
/* Check, and fail if there is anything of this severity or worse. */
void bed_expect_quiet(struct bed *bed, enum idtntb_severity severity);

/* What a subject prints; to be freed. */
char *bed_text(struct bed *bed, const char *subject, unsigned slot, unsigned flags);
/* The same of any function that prints to `out`. */
#define BED_PRINTED(text, call)                                                                                        \
	do {                                                                                                           \
		size_t bed_size;                                                                                       \
		FILE *out = open_memstream(&(text), &bed_size);                                                        \
		assert_non_null(out);                                                                                  \
		call;                                                                                                  \
		assert_int_equal(fclose(out), 0);                                                                      \
	} while (0)

/* JSON as others see it: printed and parsed again; to be put. */
struct json_object *bed_reparse(struct json_object *json);

#define assert_has(text, part)                                                                                         \
	do {                                                                                                           \
		if (!strstr((text), (part)))                                                                           \
			fail_msg("no \"%s\" in:\n%s", (part), (text));                                                 \
	} while (0)

#endif
