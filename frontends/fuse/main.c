/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntb-fuse: command line, mount, wait for the end. */
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAILED 1
#define BAD_OPTION 2

struct options {
	char *spec;
	struct fuse_cmdline_opts fuse;
};

/* This template takes "--switch=SPEC" as well, with the '=' as part of the value. */
static const struct fuse_opt option_table[] = {
	{ "--switch %s", offsetof(struct options, spec), 0 },
	FUSE_OPT_END,
};

static bool debugging;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	va_list list;

	fputs("idtntb-fuse: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

/* What libfuse has to say, in pieces of a line: the first line is enough, unless its own debugging was asked for. */
static void on_library_line(enum fuse_log_level level, const char *format, va_list list)
{
	static bool begun, ended;
	char text[512];
	const char *from = text;

	if (!debugging && (ended || level > FUSE_LOG_ERR))
		return;
	vsnprintf(text, sizeof(text), format, list);
	if (!begun && !debugging) {
		from += strncmp(text, "fuse: ", 6) ? 0 : 6;
		fputs("idtntb-fuse: ", stderr);
	}
	begun = true;
	ended = strchr(text, '\n');
	fputs(from, stderr);
}

static void help(void)
{
	printf("Usage: idtntb-fuse --switch SPEC [OPTION...] MOUNTPOINT\n"
	       "Show an emulated PCIe switch as files: registers, windows, doorbells, messages, links, counters. Reading "
	       "changes nothing.\n"
	       "\n"
	       "  --switch SPEC          which switch: ivshmem:PATH of an ivshmem server and other specs of running\n"
	       "                         switches, or file:PATH, a saved state (default: environment IDTNTB_SWITCH)\n");
	fuse_cmdline_help();
	fuse_lowlevel_help();
	printf("\nIt ends with SIGINT, SIGTERM or SIGHUP, or by fusermount3 -u MOUNTPOINT.\n");
}

/* 0, or what the program is to end with. */
static int parse(struct options *options, struct fuse_args *args)
{
	struct stat stat_buffer;

	if (fuse_opt_parse(args, options, option_table, NULL) || fuse_parse_cmdline(args, &options->fuse))
		return BAD_OPTION;
	debugging = options->fuse.debug;
	if (options->fuse.show_help || options->fuse.show_version)
		return 0;
	if (options->spec && *options->spec == '=')
		memmove(options->spec, options->spec + 1, strlen(options->spec));
	if (!options->spec && getenv("IDTNTB_SWITCH"))
		options->spec = strdup(getenv("IDTNTB_SWITCH"));
	if (!options->spec) {
		say("--switch is missing; it names the switch: --switch ivshmem:/run/ntb.sock or --switch "
		    "file:saved.state");
		return BAD_OPTION;
	}
	if (!options->fuse.mountpoint) {
		say("the mount point is missing; an existing directory is wanted as the last argument");
		return BAD_OPTION;
	}
	if (stat(options->fuse.mountpoint, &stat_buffer)) {
		say("%s: cannot mount there: %s", options->fuse.mountpoint, strerror(errno));
		return BAD_OPTION;
	}
	if (!S_ISDIR(stat_buffer.st_mode)) {
		say("%s: cannot mount there: not a directory", options->fuse.mountpoint);
		return BAD_OPTION;
	}
	return 0;
}

/* Read-only, with permissions left to the kernel, and the switch's name in lists of mounts. */
static int add_mount_options(struct fuse_args *args, const char *spec)
{
	char *list = strdup("ro,default_permissions,subtype=idtntb"), *name;
	int ret = list && asprintf(&name, "fsname=%s", spec) >= 0 ? 0 : -1;

	if (!ret) {
		/* A comma in the spec does not end the option. */
		ret = fuse_opt_add_opt_escaped(&list, name) || fuse_opt_add_arg(args, "-o") ||
		      fuse_opt_add_arg(args, list);
		free(name);
	}
	free(list);
	return ret;
}

/*
 * libfuse leaves the working directory, for a daemon must not keep one busy. But a spec may hold a relative path, and it is
 * needed again when a server is restarted.
 */
static int detach(bool foreground)
{
	const int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret = fuse_daemonize(foreground);

	if (here >= 0) {
		if (fchdir(here))
			ret = -1;
		close(here);
	}
	return ret;
}

static int serve(struct mount *mount, const struct options *options, struct fuse_args *args)
{
	struct fuse_session *session;
	int ret = -1;

	session = fuse_session_new(args, &mount_operations, sizeof(mount_operations), mount);
	if (!session)
		return FAILED;
	if (!fuse_set_signal_handlers(session)) {
		if (!fuse_session_mount(session, options->fuse.mountpoint)) {
			ret = detach(options->fuse.foreground);
			/* Ended by a signal (its number) or an unmount (0) is as it should be. */
			if (!ret && fuse_session_loop(session) < 0)
				ret = -1;
			fuse_session_unmount(session);
		}
		fuse_remove_signal_handlers(session);
	}
	fuse_session_destroy(session);
	return ret ? FAILED : 0;
}

static int run(const struct options *options, struct fuse_args *args)
{
	struct idtntb_error error = { "" };
	struct mount mount;
	int ret;

	if (options->fuse.show_help) {
		help();
		return 0;
	}
	if (options->fuse.show_version) {
		printf("idtntb-fuse %s, libfuse %s\n", idtntb_version(), fuse_pkgversion());
		return 0;
	}
	if (mount_prepare(&mount, options->spec, &error)) {
		say("%s", error.text);
		return FAILED;
	}
	if (add_mount_options(args, options->spec)) {
		say("not enough memory");
		ret = FAILED;
	} else {
		ret = serve(&mount, options, args);
	}
	mount_end(&mount);
	return ret;
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct options options = { .spec = NULL };
	int ret;

	fuse_set_log_func(on_library_line);
	ret = parse(&options, &args);
	if (!ret)
		ret = run(&options, &args);
	free(options.spec);
	free(options.fuse.mountpoint);
	fuse_opt_free_args(&args);
	return ret;
}
