/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device as a shared object for a stock QEMU: -plugin idtntb-qemu.so adds the type, nothing of TCG is instrumented.
 *
 * QEMU promises no ABI to a device. The object is made for one version, IDT_QEMU_PACKAGE (what the SDK's file `version`
 * says: a distribution's package version, or a plain 10.2.1 for a QEMU built from its source), and goes into no other:
 * the structures it shares with QEMU would not match.
 */
#include "device.h"

#include "qapi/error.h"
#include "qapi/qapi-commands-control.h"
#include "qemu/error-report.h"
#if __has_include("plugins/qemu-plugin.h")
#include "plugins/qemu-plugin.h"
#else
#include "qemu/qemu-plugin.h"
#endif

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/*
 * Length of a package version without a rebuild's suffix "+bN": that is the same source. "Debian 1:7.2+dfsg-7" and
 * "1:7.2+dfsg-7" are the same too.
 */
static size_t base_length(const char *version)
{
	const char *suffix = strrchr(version, '+');

	if (suffix && suffix[1] == 'b' && suffix[2] && strspn(suffix + 2, "0123456789") == strlen(suffix + 2))
		return suffix - version;
	return strlen(version);
}

static bool same_package(const char *running)
{
	static const char vendor[] = "Debian ";
	const char *built = IDT_QEMU_PACKAGE;

	if (g_str_has_prefix(running, vendor))
		running += strlen(vendor);
	return base_length(running) == base_length(built) && strncmp(running, built, base_length(built)) == 0;
}

static bool version_matches(void)
{
	VersionInfo *info = qmp_query_version(&error_abort);
	g_autofree char *running = g_strdup_printf("%" PRId64 ".%" PRId64 ".%" PRId64, info->qemu->major,
						   info->qemu->minor, info->qemu->micro);
	bool match = info->qemu->major == QEMU_VERSION_MAJOR && info->qemu->minor == QEMU_VERSION_MINOR &&
		     (same_package(info->package) || strcmp(running, IDT_QEMU_PACKAGE) == 0);

	if (!match)
		error_report(
			"idtntb-qemu.so was built for QEMU %d.%d (%s) and this is %s (%s): build it against this version's "
			"headers (./idtntb build does)",
			QEMU_VERSION_MAJOR, QEMU_VERSION_MINOR, IDT_QEMU_PACKAGE, running, info->package);
	qapi_free_VersionInfo(info);
	return match;
}

/* Before QEMU looks at the version of the plugin interface, whose number tells nobody what to do. */
__attribute__((constructor)) static void refuse_other_versions(void)
{
	if (!version_matches())
		exit(EXIT_FAILURE);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	(void)id;
	(void)info;
	if (argc > 0) {
		error_report("idtntb-qemu.so takes no arguments (%s): the device has the options, see docs/qemu.md",
			     argv[0]);
		return -1;
	}
	if (object_class_by_name(TYPE_IDT_NTB)) {
		error_report("idtntb-qemu.so: this QEMU has the device " TYPE_IDT_NTB " already, leave -plugin out");
		return -1;
	}
	idtdev_ntb_register_type();
	return 0;
}
