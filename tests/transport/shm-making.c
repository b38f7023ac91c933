/* SPDX-License-Identifier: BSD-3-Clause */
/* A switch that is made in a file: where that goes wrong, and where those who look into it have seen another one. */
#include "bed.h"

#include "../../transports/common/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <idtntb-view.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bed bed;
static unsigned interruptions; /* of the next reservations */

/* In the place of the C library's. */
int fallocate(int fd, int mode, off_t offset, off_t length)
{
	if (interruptions) {
		interruptions--;
		errno = EINTR;
		return -1;
	}
	return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

/* On a file system that has no such call it would write into what others use. */
int posix_fallocate(int fd, off_t offset, off_t length)
{
	(void)fd;
	(void)offset;
	(void)length;
	return EIO;
}

static void fill(int fd)
{
	const char zeros[4096] = { 0 };

	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
}

/* A file system with 64 KiB, all of them in use by the file that is returned; -1 when there can be none. */
static int fill_disk(void)
{
	char path[96];
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("full", bed.directory, "tmpfs", 0, "size=64k"))
		return -1;
	snprintf(path, sizeof(path), "%s/filler", bed.directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	fill(fd);
	return fd;
}

/* Take what lies behind the block out of the file of the switch. */
static int punch_holes(void)
{
	const int fd = open(bed_file(&bed), O_RDWR | O_CLOEXEC);
	const int ret = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0x20000, 0x10000);

	close(fd);
	return ret;
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
	/* And taken away again, from a switch that nobody is on. */
	if (punch_holes())
		return 4;
	fill(filler);
	if (host_try(&host, bed.spec, 0, NULL, HOST_BARE, &error) != -ENOSPC || strstr(error.text, "ask for the same"))
		return 5;
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

/* A signal while pages are reserved, as of a debugger that comes and goes, is no reason to refuse. */
static void test_interrupted(void **state)
{
	struct host host;

	(void)state;
	interruptions = 3;
	assert_int_equal(host_try(&host, bed.spec, 0, NULL, HOST_BARE, NULL), 0);
	assert_int_equal(interruptions, 0);
	host_close(&host);
}

/* A port that the switch would not have: nothing is made that would be in the way of who corrects that. */
static void test_no_such_port(void **state)
{
	struct idtntb_error error = { "" };
	struct idtntb_topology topology;
	struct host host;

	(void)state;
	assert_int_equal(host_try(&host, bed.spec, 4, NULL, HOST_BARE, &error), -EINVAL);
	assert_non_null(strstr(error.text, "port 4 is no NT port of this 89HPES24NT6AG2: 0, 2 are"));
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "3", NULL, NULL), 0);
	assert_int_equal(host_try(&host, bed.spec, 4, &topology, HOST_BARE, NULL), 0);
	host_close(&host);
}

/* Whoever was killed while it made one wanted fewer ports than the next who comes. */
static void test_unfinished_smaller(void **state)
{
	struct idtntb_topology topology;
	const uint64_t zero = 0;
	struct host host;

	(void)state;
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "3", NULL, NULL), 0);
	for (unsigned step = 0; step < 2; step++) {
		int fd;

		assert_int_equal(host_try(&host, bed.spec, 0, NULL, HOST_BARE, NULL), 0);
		host_close(&host);
		fd = open(bed_file(&bed), O_RDWR | O_CLOEXEC);
		/* Its block was not finished; or nothing was there but the size. */
		assert_int_equal(pwrite(fd, &zero, sizeof(zero), 0), sizeof(zero));
		if (step)
			assert_int_equal(ftruncate(fd, 0) | ftruncate(fd, (off_t)ntb_layout_size(2)), 0);
		close(fd);
		assert_int_equal(host_try(&host, bed.spec, 4, &topology, HOST_BARE, NULL), 0);
		host_close(&host);
		unlink(bed_file(&bed));
	}
}

/* A switch of those ports, made in the file that is there and was cut to nothing, is the one that is seen then. */
static void remade(struct idtntb_view *view, const char *ports)
{
	struct idtntb_topology topology;
	const struct idtntb_switch *sw;
	struct host host;

	assert_int_equal(truncate(bed_file(&bed), 0), 0);
	assert_int_equal(idtntb_topology_parse(&topology, NULL, ports, NULL, NULL), 0);
	assert_int_equal(host_try(&host, bed.spec, 0, &topology, HOST_BARE, NULL), 0);
	assert_int_equal(idtntb_view_refresh(view, NULL), 0);
	sw = idtntb_view_switch(view);
	assert_int_equal(idtntb_topology_compare(&topology, idtntb_switch_topology(sw), NULL), 0);
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		assert_int_equal(!!idtntb_view_counters(view, slot), slot < topology.port_count);
	for (unsigned slot = 0; slot < topology.port_count; slot++)
		assert_int_equal(idtntb_view_link_force(view, topology.ports[slot].port, true, NULL), 0);
	host_close(&host);
}

static void test_view_follows(void **state)
{
	struct idtntb_view *view;
	struct host host;

	(void)state;
	assert_int_equal(host_try(&host, bed.spec, 0, NULL, HOST_BARE, NULL), 0);
	host_close(&host);
	assert_int_equal(idtntb_view_open(&view, bed.spec, NULL), 0);
	remade(view, "5");
	remade(view, "2");
	remade(view, "0,4");
	remade(view, "3");
	idtntb_view_close(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_SHM_TEST(bed, test_full_disk),    BED_SHM_TEST(bed, test_interrupted),
		BED_SHM_TEST(bed, test_no_such_port), BED_SHM_TEST(bed, test_unfinished_smaller),
		BED_SHM_TEST(bed, test_view_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
