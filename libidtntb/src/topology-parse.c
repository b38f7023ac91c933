/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A topology from what a person types.
 */
#include "switch.h"
#include "window.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_CHIP "89HPES24NT6AG2"
#define DEFAULT_CHIP_LARGE "89HPES32NT8AG2"
#define DEFAULT_HOSTS 2
#define DEFAULT_WINDOW_LOG2 20
#define LINK_SPEED 2
#define LINK_WIDTH 4

#define REFUSE(...) return idt_error(error, -EINVAL, __VA_ARGS__)

#define SETUP_REGISTERS 0x800004C0u
#define SETUP_64 (BARSETUP_EN | BARSETUP_TYPE_64 << 1 | BARSETUP_PREF)
#define SETUP_LUT12 (1u << 11)
#define SETUP_LUT24 (2u << 11)

/* A BAR layout by name: SIZE is added, `select` more where a table splits the BAR. */
struct layout {
	const char *name;
	struct {
		uint32_t setup;
		uint8_t select;
	} bars[IDTNTB_BARS];
};

static const struct layout layouts[] = {
	{ "lut24", { [2] = { SETUP_64 | SETUP_LUT24, 5 }, [4] = { SETUP_64, 0 } } },
	{ "lut12x2",
	  { [1] = { BARSETUP_EN, 0 },
	    [2] = { BARSETUP_EN | SETUP_LUT12, 4 },
	    [3] = { BARSETUP_EN, 0 },
	    [4] = { BARSETUP_EN | SETUP_LUT12, 4 },
	    [5] = { BARSETUP_EN, 0 } } },
};

/* A number at *text, which is moved past it. */
static bool number(const char **text, unsigned long base, unsigned long limit, unsigned long *value)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*value = strtoul(*text, &end, (int)base);
	if (errno || end == *text || *value > limit)
		return false;
	*text = end;
	return true;
}

/* "64K" as a power of two; its logarithm, or -1. */
static int size_log2(const char *text)
{
	unsigned long value;
	unsigned shift = 0;

	if (!number(&text, 10, 1ul << 30, &value) || !value || (value & (value - 1)))
		return -1;
	switch (toupper((unsigned char)*text)) {
	case 'G':
		shift += 10; /* fall through */
	case 'M':
		shift += 10; /* fall through */
	case 'K':
		shift += 10;
		text++;
	}
	return *text ? -1 : (int)shift + __builtin_ctzl(value);
}

static int parse_layout(uint32_t *barsetup, const char *text, struct idtntb_error *error)
{
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	int log2 = colon ? size_log2(colon + 1) : DEFAULT_WINDOW_LOG2;

	for (size_t l = 0; l < sizeof(layouts) / sizeof(layouts[0]); l++) {
		const struct layout *layout = &layouts[l];

		if (strlen(layout->name) != length || strncasecmp(layout->name, text, length))
			continue;
		if (log2 < 10 || log2 > 26)
			REFUSE("window size \"%.48s\" in \"%.48s\": a power of two from 1K to 64M, such as 1M, would be right",
			       colon + 1, text);
		barsetup[0] = SETUP_REGISTERS;
		for (unsigned bar = 1; bar < IDTNTB_BARS; bar++) {
			barsetup[bar] = layout->bars[bar].setup;
			if (barsetup[bar])
				barsetup[bar] |= ((unsigned)log2 + layout->bars[bar].select) << 4;
		}
		return 0;
	}
	REFUSE("bars \"%.48s\": lut24[:SIZE], lut12x2[:SIZE] or six BARSETUP values 0x...,... would be right", text);
}

static int parse_bars(uint32_t *barsetup, const char *text, struct idtntb_error *error)
{
	const char *at = text;
	unsigned long value;

	if (!text)
		text = layouts[0].name;
	if (!isdigit((unsigned char)*text))
		return parse_layout(barsetup, text, error);
	at = text;
	for (unsigned bar = 0; bar < IDTNTB_BARS; bar++) {
		if (!number(&at, 0, UINT32_MAX, &value) || *at != (bar + 1 < IDTNTB_BARS ? ',' : '\0'))
			REFUSE("bars \"%.48s\": value %u is missing or wrong; six numbers such as 0x800004C0,0,0x8000119C,0,0x8000014C,0 "
			       "would be right",
			       text, bar);
		barsetup[bar] = (uint32_t)value;
		at++;
	}
	return 0;
}

/* A list "0=0,4=3" or "0,4". */
static int parse_list(struct idtntb_topology *topology, const char *text, struct idtntb_error *error)
{
	const char *at = text;
	unsigned long port, partition;

	for (;;) {
		if (topology->port_count == IDTNTB_PORTS)
			REFUSE("ports \"%.48s\": more than %u", text, IDTNTB_PORTS);
		partition = topology->port_count;
		if (!number(&at, 10, IDTNTB_PORT_NUMBERS - 1, &port))
			break;
		if (*at == '=') {
			at++;
			if (!number(&at, 10, UINT8_MAX, &partition))
				break;
		}
		topology->ports[topology->port_count++] =
			(struct idtntb_port_setup){ .port = (uint8_t)port, .partition = (uint8_t)partition };
		if (!*at)
			return 0;
		if (*at++ != ',')
			break;
	}
	REFUSE("ports \"%.48s\": a number of ports such as 2, or a list such as 0,2,4 or 0=0,2=1, would be right",
	       text);
}

/* A count: the chip's first ports. */
static int parse_count(struct idtntb_topology *topology, const char *text, struct idtntb_error *error)
{
	unsigned long count = DEFAULT_HOSTS;

	if (text && (!number(&text, 10, UINT8_MAX, &count) || *text))
		return -EAGAIN; /* a list */
	if (!topology->chip)
		topology->chip = idtntb_chip_find(count <= 6 ? DEFAULT_CHIP : DEFAULT_CHIP_LARGE);
	if (!count || count > topology->chip->port_count)
		REFUSE("%lu ports: %s has 1 to %u NT ports", count, topology->chip->name, topology->chip->port_count);
	for (unsigned p = 0; p < count; p++)
		topology->ports[p] =
			(struct idtntb_port_setup){ .port = topology->chip->ports[p], .partition = (uint8_t)p };
	topology->port_count = (unsigned)count;
	return 0;
}

/* The smaller default chip where it has all the ports that a list names, else the larger. */
static const struct idtntb_chip *chip_for(const struct idtntb_topology *topology)
{
	bool large = topology->port_count > 6;

	for (unsigned slot = 0; slot < topology->port_count; slot++)
		large |= topology->ports[slot].port > 12;
	return idtntb_chip_find(large ? DEFAULT_CHIP_LARGE : DEFAULT_CHIP);
}

static int parse_chip(struct idtntb_topology *topology, const char *text, struct idtntb_error *error)
{
	char list[160] = "";
	int used = 0;

	topology->chip = idtntb_chip_find(text);
	if (topology->chip)
		return 0;
	for (unsigned c = 0; idtntb_chip_get(c); c++)
		used += snprintf(list + used, sizeof(list) - (size_t)used, "%s%s", c ? ", " : "",
				 idtntb_chip_get(c)->name);
	REFUSE("chip \"%.24s\" does not exist: %s do", text, list);
}

int idtntb_topology_parse(struct idtntb_topology *topology, const char *chip, const char *ports, const char *bars,
			  struct idtntb_error *error)
{
	uint32_t barsetup[IDTNTB_BARS];
	int result;

	*topology = (struct idtntb_topology){ 0 };
	result = chip ? parse_chip(topology, chip, error) : 0;
	if (!result)
		result = parse_count(topology, ports, error);
	if (result == -EAGAIN)
		result = parse_list(topology, ports, error);
	if (!result)
		result = parse_bars(barsetup, bars, error);
	if (result)
		return result;
	if (!topology->chip)
		topology->chip = chip_for(topology);
	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		topology->ports[slot].link_speed = LINK_SPEED;
		topology->ports[slot].link_width = LINK_WIDTH;
		memcpy(topology->ports[slot].barsetup, barsetup, sizeof(barsetup));
	}
	return idtntb_topology_check(topology, error);
}
