/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file idtntb-inspect.h
 * @brief What is seen of a switch from outside, as text and JSON, and why something does not work.
 *
 * Everything is rendered from a *snapshot*: a view of a switch that nobody else changes meanwhile, and the counters of its
 * ports. Names, fields and masks come from the register table (idtntb_register_get()); there is no second list.
 *
 * Nothing in a snapshot is believed: it may have been taken from memory that a hostile process writes. Whatever it holds,
 * the functions here end, stay in bounds and print text.
 *
 * Ports are named by *slot*: their index in the topology (idtntb_switch_slot()), not by number.
 *
 * Threads: no state is kept between calls; functions may be used from several threads as long as nobody changes the
 * snapshot they are given.
 *
 * Text goes to a stdio stream (open_memstream() makes a buffer of it); whether writing failed is asked of the stream.
 * JSON is a json-c object that belongs to the caller (json_object_put()); memory that runs out gives NULL or an object
 * that lacks members.
 */
#ifndef IDTNTB_INSPECT_H
#define IDTNTB_INSPECT_H

#include <idtntb.h>

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct json_object;

/** What is looked at. Everything is borrowed for the time of a call. */
struct idtntb_snapshot {
	const struct idtntb_switch
		*sw; /**< of a saved state, see idtntb_switch_open_image(); a live one works, word by word */
	const void *counters[IDTNTB_PORTS]; /**< of each slot's owner, or NULL where there are none */
};

/** In place of a slot: the whole switch. */
#define IDTNTB_SLOT_ALL (~0u)

/** @name Flags of functions that print text
 * @{ */
#define IDTNTB_PRINT_COLOR 0x1u /**< with escape sequences for a terminal */
#define IDTNTB_PRINT_ALL 0x2u /**< dumps: registers that hold their reset value too; windows: closed ones too */
/** @} */

/* ------------------------------------------------------------------ registers */

/** One register of one port, or of the switch. */
struct idtntb_register_ref {
	const struct idtntb_register *reg; /**< its row of the table */
	unsigned row; /**< number of the row, for idtntb_counters_register() */
	unsigned slot; /**< port it belongs to; IDTNTB_SLOT_ALL for registers of the switch */
	unsigned i; /**< instance in the first dimension */
	unsigned j; /**< and in the second */
	uint32_t address; /**< global address, for idtntb_switch_peek() */
	char name[48]; /**< of the instance: "BARSETUP2" */
};

/**
 * Enumerate the registers of an NT function (@p slot), or of the switch (IDTNTB_SLOT_ALL), in the table's order, those
 * that are absent on this model left out. Start with @p ref all zero.
 * @return false after the last.
 */
bool idtntb_register_next(struct idtntb_register_ref *ref, const struct idtntb_switch *sw, unsigned slot);

/**
 * Find a register by what a person types: "0:NTCTL" or "0:0x400" (port number, then name or offset of its NT function),
 * "SWPORT0STS" or "0x3E204" (name, or global address). Case is ignored.
 * @return 0, or -EINVAL with @p error filled.
 */
int idtntb_register_parse(struct idtntb_register_ref *ref, const struct idtntb_switch *sw, const char *text,
			  struct idtntb_error *error);

/** What can be said of a register. */
enum idtntb_facet {
	IDTNTB_FACET_VALUE, /**< "value": "0x00000002" */
	IDTNTB_FACET_FIELDS, /**< "fields": a line for each field, "CPEN=1 (completion enable)" */
	IDTNTB_FACET_RESET, /**< "reset": its value after power-on */
	IDTNTB_FACET_ACCESS, /**< "access": what bits are rw, w1c, w1s and ro, and how much of it the model does */
	IDTNTB_FACET_ABOUT, /**< "about": name, address, what it is, section of the reference */
	IDTNTB_FACET_COUNTS, /**< "counts": reads and writes by the port's owner; of all instances together */
	IDTNTB_FACETS /**< how many there are */
};

/** What a facet is called: a file name. NULL past the last. Static storage. */
const char *idtntb_facet_name(enum idtntb_facet facet);
/** Print one facet of a register, lines ended. */
void idtntb_register_print(FILE *out, const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref,
			   enum idtntb_facet facet);
/** All facets but the counts on one line, as dumps have it: name, value, fields; what is not at reset is marked by '*'. */
void idtntb_register_print_line(FILE *out, const struct idtntb_snapshot *snapshot,
				const struct idtntb_register_ref *ref, unsigned flags);
/** {"name","address","value","reset","fields":{...},...}; addresses and values are strings "0x...". */
struct json_object *idtntb_register_json(const struct idtntb_snapshot *snapshot, const struct idtntb_register_ref *ref);

/* ------------------------------------------------------------------ subjects */

/** Something to be told of a switch or of one of its ports. */
struct idtntb_subject {
	const char *name; /**< "doorbells": a file name, a member of JSON documents */
	const char *brief; /**< one line */
	bool of_switch; /**< can be told of IDTNTB_SLOT_ALL */
	bool of_port; /**< can be told of a slot */
	/** Print it; @p flags are IDTNTB_PRINT_*. */
	void (*print)(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned flags);
	/** The same as JSON. Of IDTNTB_SLOT_ALL an array, by port, or an object that has one. */
	struct json_object *(*json)(const struct idtntb_snapshot *snapshot, unsigned slot);
};

/**
 * Subject @p index, or NULL past the last. Static storage. They are: info, topology, link, partitions, mapping-table,
 * doorbells, messages, events, windows, stats, errors, dump, raw.
 */
const struct idtntb_subject *idtntb_subject_get(unsigned index);
/** The subject called @p name, or NULL. Static storage. */
const struct idtntb_subject *idtntb_subject_find(const char *name);

/** The switch as a Graphviz graph: ports, hosts, which see each other, and why not. */
void idtntb_dot_print(FILE *out, const struct idtntb_snapshot *snapshot);

/**
 * Everything (IDTNTB_SLOT_ALL), or everything of a port: each subject as a member of its name, but for "raw", which tells
 * nothing that "dump" does not.
 */
struct json_object *idtntb_state_json(const struct idtntb_snapshot *snapshot, unsigned slot);
/** Print a JSON object, indented, a newline at its end, and put it (json_object_put()). NULL prints "null". */
void idtntb_json_print(FILE *out, struct json_object *json);

/* ------------------------------------------------------------------ windows, ports in figures */

/** Window number of a port's memory window as Linux counts them (BARs ascending, entries ascending), or -1 past the last. */
int idtntb_window_of_mw(const struct idtntb_snapshot *snapshot, unsigned slot, unsigned mw);
/** All about one window (number as in IDTNTB_WINDOW()), a line each: type, BAR, target, address, size, state, traffic. */
void idtntb_window_print(FILE *out, const struct idtntb_snapshot *snapshot, unsigned slot, unsigned window);
/** The same as JSON, or NULL when there is no such window. */
struct json_object *idtntb_window_json(const struct idtntb_snapshot *snapshot, unsigned slot, unsigned window);

/** A port in figures, each fetched once: for live views. */
struct idtntb_overview {
	unsigned port; /**< number */
	unsigned partition; /**< number */
	struct idtntb_member member; /**< who holds it */
	bool linkup; /**< SWPORTxSTS.LINKUP */
	bool enabled; /**< its own three conditions: BME, CPEN, mapping table entry (section 10.2) */
	uint32_t sees; /**< slots whose link the driver of this port finds up */
	uint32_t indbellsts; /**< INDBELLSTS */
	uint32_t indbellmsk; /**< INDBELLMSK */
	uint32_t msgsts; /**< MSGSTS */
	uint32_t ntintsts; /**< NTINTSTS */
	uint32_t ntintmsk; /**< NTINTMSK */
	unsigned windows; /**< how many there are */
	unsigned windows_open; /**< of those, through which accesses go */
	unsigned windows_mapped; /**< of those, mapped by the owner's host */
	bool counted; /**< the counters below are there */
	uint64_t doorbells; /**< writes to OUTDBELLSET */
	uint64_t messages; /**< writes to OUTMSG */
	uint64_t window_bytes_read; /**< by copy */
	uint64_t window_bytes_written; /**< by copy */
	struct idtntb_port_stats stats; /**< all else */
};

/** Fill an overview of @p slot. */
void idtntb_overview(struct idtntb_overview *overview, const struct idtntb_snapshot *snapshot, unsigned slot);

/* ------------------------------------------------------------------ check */

/** How bad a finding is. */
enum idtntb_severity {
	IDTNTB_OK, /**< a chain whose conditions all hold */
	IDTNTB_NOTE, /**< a condition that keeps something closed which nobody seems to want open */
	IDTNTB_WARNING, /**< what does not fit, but may be meant */
	IDTNTB_ERROR, /**< does not work, and this is why */
};

/** One result of a check. */
struct idtntb_finding {
	enum idtntb_severity severity; /**< how bad it is */
	const char *id; /**< of the condition, constant: "link.cpen"; static storage */
	unsigned port; /**< number of the port that has the trouble */
	int peer; /**< number of the other port it has it with, or -1 */
	int window; /**< number of the window, or -1 */
	bool momentary; /**< may hold for a moment in a healthy switch: worth a second look, see idtntb_findings_keep() */
	uint64_t moves; /**< writes by which a driver at work ends the moment, where they are counted */
	char subject[64]; /**< "link 0 - 2", "window BAR2.3 of port 0" */
	char where[64]; /**< register, or whose word it is: "2:NTCTL"; empty where there is none */
	uint32_t address; /**< global address of the register */
	uint32_t value; /**< its value */
	char cause[200]; /**< one line: what is the matter */
	char advice[200]; /**< one line: what to do; empty when all is well */
};

/** Findings, in the order found: for each chain of conditions the first that fails comes first. */
struct idtntb_findings {
	size_t count; /**< of items */
	struct idtntb_finding *items; /**< owned by this object */
};

/**
 * Check the whole switch: the link of each pair of ports, each window, doorbells, messages, interrupts and the guest
 * errors of each port. @p findings is overwritten; free it with idtntb_findings_free().
 * @return 0, or -ENOMEM (nothing to free then). The same holds for the other checks.
 */
int idtntb_check(struct idtntb_findings *findings, const struct idtntb_snapshot *snapshot);
/** Check everything of one port and of its pairs. */
int idtntb_check_port(struct idtntb_findings *findings, const struct idtntb_snapshot *snapshot, unsigned slot);
/** Why do these two not see each other? Section 10.2, the conditions of both. */
int idtntb_check_pair(struct idtntb_findings *findings, const struct idtntb_snapshot *snapshot, unsigned slot,
		      unsigned peer);
/** Why does this window not go through, or why is it not mapped? Section 6.2, in the order tested. */
int idtntb_check_window(struct idtntb_findings *findings, const struct idtntb_snapshot *snapshot, unsigned slot,
			unsigned window);
/** Give findings back; all zero is allowed. */
void idtntb_findings_free(struct idtntb_findings *findings);

/**
 * After a second check some time later: drop from @p findings what is momentary and was not among @p before (same
 * condition, port, peer and window), or was, but its driver has been at work since (idtntb_finding.moves has changed).
 */
void idtntb_findings_keep(struct idtntb_findings *findings, const struct idtntb_findings *before);
/** The worst severity; IDTNTB_OK when there are none. */
enum idtntb_severity idtntb_findings_worst(const struct idtntb_findings *findings);
/** "ok", "note", "warning", "error". Static storage. */
const char *idtntb_severity_name(enum idtntb_severity severity);
/** Print findings of @p least severity and worse: one line for the cause, one for the advice. */
void idtntb_findings_print(FILE *out, const struct idtntb_findings *findings, enum idtntb_severity least,
			   unsigned flags);
/** The same as an array of objects. */
struct json_object *idtntb_findings_json(const struct idtntb_findings *findings, enum idtntb_severity least);

#ifdef __cplusplus
}
#endif

#endif
