/* SPDX-License-Identifier: BSD-3-Clause */
#include "mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *mounting_impossible(void)
{
	if (access("/dev/fuse", F_OK))
		return "there is no /dev/fuse";
	if (system("command -v fusermount3 >/dev/null"))
		return "there is no fusermount3";
	return NULL;
}

static dev_t device_of(const char *path)
{
	struct stat buffer;

	return stat(path, &buffer) ? 0 : buffer.st_dev;
}

bool mounted_there(const struct mounted *mounted)
{
	return device_of(mounted->path) != mounted->below;
}

void mounted_start(struct mounted *mounted, struct stand *stand, const char *spec)
{
	const int64_t deadline = now_ms() + PATIENCE_MS;
	int status;

	snprintf(mounted->path, sizeof(mounted->path), "%s/mnt", stand->directory);
	mkdir(mounted->path, 0755);
	mounted->below = device_of(mounted->path);
	mounted->pid = fork();
	assert_true(mounted->pid >= 0);
	if (!mounted->pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(fuse_program, fuse_program, "-f", "--switch", spec, mounted->path, NULL);
		_exit(127);
	}
	while (!mounted_there(mounted)) {
		if (waitpid(mounted->pid, &status, WNOHANG) || now_ms() > deadline)
			fail_msg("nothing is mounted on %s", mounted->path);
		stand_serve(stand, 5);
	}
}

int mounted_end(struct mounted *mounted, int signal)
{
	int status;

	if (signal)
		kill(mounted->pid, signal);
	assert_int_equal(waitpid(mounted->pid, &status, 0), mounted->pid);
	assert_false(mounted_there(mounted));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

char *mounted_read(const struct mounted *mounted, const char *name)
{
	const size_t room = 4 << 20;
	char path[256], *text = calloc(1, room);
	size_t used = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", mounted->path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		free(text);
		return NULL;
	}
	while ((got = read(fd, text + used, room - 1 - used)) > 0)
		used += (size_t)got;
	assert_int_equal(got, 0);
	close(fd);
	return text;
}

void mounted_expect(const struct mounted *mounted, const char *name, const char *text)
{
	char *found = mounted_read(mounted, name);

	if (!found)
		fail_msg("%s: %s", name, strerror(errno));
	if (!strstr(found, text))
		fail_msg("%s: no '%s' in '%.300s'", name, text, found);
	free(found);
}
