/* SPDX-License-Identifier: BSD-3-Clause */
/* A switch that is made in a file, where that goes wrong. */
#include "bed.h"

#include <errno.h>
#include <fcntl.h>
#include <idtntb-view.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bed bed;

/* A file system with 64 KiB, all of them in use by the file that is returned; -1 when there can be none. */
static int fill_disk(void)
{
	const char zeros[4096] = { 0 };
	char path[96];
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("full", bed.directory, "tmpfs", 0, "size=64k"))
		return -1;
	snprintf(path, sizeof(path), "%s/filler", bed.directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	return fd;
}

/* Returns what a process that tries it is to end with. */
static int try_full_disk(void)
{
	struct idtntb_error error = { "" };
	struct idtntb_view *view;
	const int filler = fill_disk();
	struct host host;

	if (filler < 0)
		return 77;
	if (host_try(&host, bed.spec, 0, NULL, HOST_BARE, &error) != -ENOSPC || !strstr(error.text, "does not give"))
		return 1;
	/* The file is there now, and no switch in it. */
	if (idtntb_view_open(&view, bed.spec, &error) != -ENODEV)
		return 2;
	if (ftruncate(filler, 0) || mount(NULL, bed.directory, NULL, MS_REMOUNT, "size=4m") ||
	    host_try(&host, bed.spec, 0, NULL, HOST_BARE, &error))
		return 3;
	host_close(&host);
	return 0;
}

/* A full file system is a reason to refuse, and kills nobody: neither hosts nor those who look. */
static void test_full_disk(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (!child)
		_exit(try_full_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* nobody here may mount anything */
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_SHM_TEST(bed, test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
