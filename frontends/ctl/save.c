/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl save and load: the state of a switch as a file. */
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
	struct ctl *ctl;
	const char *path;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct file *file = state->input;

	if (key != ARGP_KEY_ARG || file->path)
		return ctl_parse_key(key, argument, state, file->ctl);
	file->path = argument;
	return 0;
}

static const struct argp save_argp = {
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Save the state of the switch, as it is this moment. FILE is replaced when all of it is written. To look into it: "
	       "--switch file:FILE.",
	.children = ctl_children,
};

static const struct argp load_argp = {
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Load a saved state into a switch of the same ports that nobody is attached to.",
	.children = ctl_children,
};

/* Tell what was done, for machines; a person sees the prompt. */
static void report(const struct ctl *ctl, const char *path, size_t bytes)
{
	struct json_object *json;

	if (!ctl->json)
		return;
	json = json_object_new_object();
	json_object_object_add(json, "file", json_object_new_string(path));
	json_object_object_add(json, "bytes", json_object_new_int64((int64_t)bytes));
	idtntb_json_print(stdout, json);
}

/* 0 or -errno. */
static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		const ssize_t done = write(fd, data, size);

		if (done < 0 && errno != EINTR)
			return -errno;
		data += done > 0 ? done : 0;
		size -= done > 0 ? (size_t)done : 0;
	}
	return fsync(fd) && errno != EINVAL ? -errno : 0;
}

/* The mode of the file that is replaced, or of one that is new: who could read it can. */
static mode_t mode_of(const char *path)
{
	struct stat there;
	mode_t mask;

	if (!stat(path, &there))
		return there.st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

/* Beside it first, so that no half of a state is ever found under its name. 0 or -errno. */
static int replace_file(const char *path, const void *data, size_t size)
{
	char *beside;
	int fd, ret;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	ret = fd < 0 || fchmod(fd, mode_of(path)) ? -errno : write_all(fd, data, size);
	if (fd >= 0 && close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(beside, path))
		ret = -errno;
	if (ret && fd >= 0)
		unlink(beside);
	free(beside);
	return ret;
}

int command_save(struct ctl *ctl, int argc, char **argv)
{
	const size_t size = idtntb_save_size();
	struct file file = { .ctl = ctl };
	struct stat there;
	void *image;
	int ret;

	ctl_parse(ctl, &save_argp, argc, argv, &file);
	if (!file.path || !*file.path)
		refuse("save wants a file: save switch.state");
	if (!stat(file.path, &there) && !S_ISREG(there.st_mode))
		refuse("%s: not a regular file; a name for a new one, or one to replace expected", file.path);
	if (ctl_open(ctl))
		return CTL_FAILED;
	image = malloc(size);
	ret = image ? idtntb_switch_save(ctl->snapshot.sw, image, size) : -ENOMEM;
	if (!ret)
		ret = replace_file(file.path, image, size);
	free(image);
	if (ret) {
		say("%s: cannot be saved: %s", file.path, strerror(-ret));
		return CTL_FAILED;
	}
	report(ctl, file.path, size);
	return CTL_DONE;
}

/* The whole file, which is no longer than a saved state; or NULL after a line. */
static void *read_file(const char *path, size_t *size)
{
	const size_t room = idtntb_save_size() + 1;
	uint8_t *data = malloc(room);
	FILE *in = data ? fopen(path, "re") : NULL;

	*size = in ? fread(data, 1, room, in) : 0;
	if (!in || ferror(in)) {
		say("%s: cannot be read: %s", path, strerror(errno));
	} else if (*size == room) {
		say("%s: not a saved state: longer than %zu bytes", path, room - 1);
	} else {
		fclose(in);
		return data;
	}
	if (in)
		fclose(in);
	free(data);
	return NULL;
}

int command_load(struct ctl *ctl, int argc, char **argv)
{
	struct file file = { .ctl = ctl };
	struct idtntb_error error = { "" };
	size_t size;
	void *image;
	int ret;

	ctl_parse(ctl, &load_argp, argc, argv, &file);
	if (!file.path)
		refuse("load wants a file that was made with save: load switch.state");
	if (ctl_open(ctl))
		return CTL_FAILED;
	image = read_file(file.path, &size);
	if (!image)
		return CTL_FAILED;
	ret = idtntb_view_load(ctl->view, image, size, &error);
	free(image);
	if (ret) {
		say("%s", error.text);
		return CTL_FAILED;
	}
	report(ctl, file.path, size);
	return CTL_DONE;
}
