/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The members of the family (section 1) and the capabilities of their NT functions (section 2).
 */
#include <idtntb.h>

#include <strings.h>

#define STRINGIFY(x) #x
#define STRING(x) STRINGIFY(x)
#define VERSION(major, minor, patch) STRING(major) "." STRING(minor) "." STRING(patch)

const char *idtntb_version(void)
{
	return VERSION(IDTNTB_VERSION_MAJOR, IDTNTB_VERSION_MINOR, IDTNTB_VERSION_PATCH);
}

/* Port lists in the driver's scan order: it knows them from the device id alone. */
static const struct idtntb_chip chips[] = {
	{ "89HPES24NT6AG2", 0x8091, 6, { 0, 2, 4, 6, 8, 12 } },
	{ "89HPES32NT8AG2", 0x808F, 8, { 0, 2, 4, 6, 8, 12, 16, 20 } },
	{ "89HPES32NT8BG2", 0x8088, 8, { 0, 2, 4, 6, 8, 12, 16, 20 } },
	{ "89HPES12NT12G2", 0x8092, 3, { 0, 8, 16 } },
	{ "89HPES16NT16G2", 0x8090, 4, { 0, 8, 12, 16 } },
	{ "89HPES24NT24G2", 0x808E, 8, { 0, 2, 4, 6, 8, 12, 16, 20 } },
	{ "89HPES32NT24AG2", 0x808C, 8, { 0, 2, 4, 6, 8, 12, 16, 20 } },
	{ "89HPES32NT24BG2", 0x808A, 8, { 0, 2, 4, 6, 8, 12, 16, 20 } },
};

#define CHIPS (sizeof(chips) / sizeof(chips[0]))

const struct idtntb_chip *idtntb_chip_get(unsigned index)
{
	return index < CHIPS ? &chips[index] : NULL;
}

const struct idtntb_chip *idtntb_chip_find(const char *name)
{
	for (size_t c = 0; c < CHIPS; c++) {
		if (!strcasecmp(chips[c].name, name))
			return &chips[c];
	}
	return NULL;
}

/* The table in registers-config.c holds their registers; sizes are those of the structures the PCI specification gives. */
static const struct idtntb_capability capabilities[] = {
	{ 0x10, 0x40, 0x3C }, /* PCI Express, endpoint */
	{ 0x01, 0xC0, 0x08 }, /* power management */
	{ 0x05, 0xD0, 0x10 }, /* MSI, 64-bit, one vector */
	{ 0x0001, 0x100, 0x2C }, /* advanced error reporting */
};

const struct idtntb_capability *idtntb_capability_get(unsigned index)
{
	return index < sizeof(capabilities) / sizeof(capabilities[0]) ? &capabilities[index] : NULL;
}
