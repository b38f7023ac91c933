/* SPDX-License-Identifier: BSD-3-Clause */
/* Views of a saved state in a file. The file is read anew each time: it may be replaced while it is looked at. */
#include "error.h"
#include "transport.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_open(struct idtntb_view *view, const char *where, struct idtntb_error *error)
{
	view->state = strdup(where);
	if (!view->state)
		return ntb_fail(error, -ENOMEM, "no memory for a view");
	return access(where, R_OK) ? ntb_fail(error, -errno, "saved state '%.120s': %s", where, strerror(errno)) : 0;
}

static void file_close(struct idtntb_view *view)
{
	free(view->state);
}

static int read_all(int fd, void *image, size_t *size)
{
	size_t have = 0;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	while (have < *size) {
		ssize_t got = read(fd, (char *)image + have, *size - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		have += (size_t)got;
	}
	*size = have;
	return 0;
}

static int file_snapshot(struct idtntb_view *view, void *image, size_t *size, void *counters, uint32_t *counted,
			 struct idtntb_error *error)
{
	const char *path = view->state;
	/* Not to wait for the other end of what is no file. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), ret;

	(void)counters;
	*counted = 0;
	if (fd < 0)
		return ntb_fail(error, errno == ENOENT ? -ENODEV : -errno, "saved state '%.120s': %s", path,
				strerror(errno));
	ret = read_all(fd, image, size);
	close(fd);
	return ret ? ntb_fail(error, ret, "saved state '%.120s': %s", path,
			      ret == -EINVAL ? "it is no regular file" : strerror(-ret))
		   : 0;
}

static const struct ntb_view_ops view_ops = {
	.open = file_open,
	.close = file_close,
	.snapshot = file_snapshot,
};

const struct ntb_transport ntb_transport_file = {
	.name = "file",
	.form = "file:PATH",
	.view = &view_ops,
};
