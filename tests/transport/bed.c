/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void local_make(struct bed *bed)
{
	strcpy(bed->spec, "local:test");
}

static void local_end(struct bed *bed)
{
	(void)bed;
}

const struct bed_kind bed_local = { .name = "local", .make = local_make, .end = local_end, .maps = true };

static void stock_make(struct bed *bed)
{
	fake_server_start(&bed->fake, MEMORY, VICE_NONE);
	snprintf(bed->spec, sizeof(bed->spec), "ivshmem:%s", bed->fake.path);
}

static void stock_end(struct bed *bed)
{
	fake_server_end(&bed->fake);
}

static void stock_kill(struct bed *bed)
{
	fake_server_kill(&bed->fake);
}

static void stock_start(struct bed *bed)
{
	fake_server_restart(&bed->fake);
}

const struct bed_kind bed_stock = {
	.name = "ivshmem-stock",
	.make = stock_make,
	.end = stock_end,
	.kill_server = stock_kill,
	.start_server = stock_start,
	.processes = true,
};

static void ours_start(struct bed *bed)
{
	bed->real = real_server_start(bed->fake.path);
}

static void ours_kill(struct bed *bed)
{
	kill(bed->real, SIGKILL);
	waitpid(bed->real, NULL, 0);
}

static void ours_make(struct bed *bed)
{
	/* In the place of the fake. */
	stock_make(bed);
	fake_server_kill(&bed->fake);
	unlink(bed->fake.path);
	ours_start(bed);
}

static void ours_end(struct bed *bed)
{
	kill(bed->real, SIGTERM);
	waitpid(bed->real, NULL, 0);
	fake_server_end(&bed->fake);
}

const struct bed_kind bed_ours = {
	.name = "ivshmem",
	.make = ours_make,
	.end = ours_end,
	.kill_server = ours_kill,
	.start_server = ours_start,
	.maps = true,
	.processes = true,
};

static void shm_make(struct bed *bed)
{
	strcpy(bed->directory, "/tmp/idtntb-shm-XXXXXX");
	assert_non_null(mkdtemp(bed->directory));
	snprintf(bed->spec, sizeof(bed->spec), "shm:%s/ntb0", bed->directory);
}

static void shm_end(struct bed *bed)
{
	DIR *directory = opendir(bed->directory);

	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
	assert_int_equal(rmdir(bed->directory), 0);
}

const struct bed_kind bed_shm = { .name = "shm", .make = shm_make, .end = shm_end, .maps = true, .processes = true };

static void uring_start(struct bed *bed)
{
	/* Tests stop processes for longer than a daemon waits by itself. */
	bed->real = daemon_start(strchr(bed->spec, ':') + 1, "20");
}

static void unix_make(struct bed *bed)
{
	strcpy(bed->directory, "/tmp/idtntb-uring-XXXXXX");
	assert_non_null(mkdtemp(bed->directory));
	snprintf(bed->spec, sizeof(bed->spec), "uring:unix:%s/socket", bed->directory);
	uring_start(bed);
}

static void tcp_make(struct bed *bed)
{
	snprintf(bed->spec, sizeof(bed->spec), "uring:tcp:127.0.0.1:%u", free_tcp_port());
	uring_start(bed);
}

static void uring_end(struct bed *bed)
{
	int status;

	kill(bed->real, SIGTERM);
	waitpid(bed->real, &status, 0);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	if (bed->directory[0])
		assert_int_equal(rmdir(bed->directory), 0);
}

const struct bed_kind bed_unix = {
	.name = "uring-unix",
	.make = unix_make,
	.end = uring_end,
	.kill_server = ours_kill,
	.start_server = uring_start,
	.maps = true,
	.processes = true,
};

const struct bed_kind bed_tcp = {
	.name = "uring-tcp",
	.make = tcp_make,
	.end = uring_end,
	.kill_server = ours_kill,
	.start_server = uring_start,
	.processes = true,
};

const struct bed_kind *const bed_kinds[] = { &bed_local, &bed_stock, &bed_ours, &bed_shm, &bed_unix, &bed_tcp, NULL };

void bed_make(struct bed *bed, const struct bed_kind *kind)
{
	memset(bed, 0, sizeof(*bed));
	bed->kind = kind;
	kind->make(bed);
}

void server_kill(struct bed *bed)
{
	bed->kind->kill_server(bed);
}

void server_restart(struct bed *bed)
{
	bed->kind->start_server(bed);
}

void bed_end(struct bed *bed)
{
	bed->kind->end(bed);
}

const char *bed_file(const struct bed *bed)
{
	return strchr(bed->spec, ':') + 1;
}

int bed_open_file(const struct bed *bed, int flags)
{
	int fd = open(bed_file(bed), O_RDWR | O_CLOEXEC | flags, 0600);

	assert_true(fd >= 0);
	return fd;
}

int bed_shm_set_up(void **bed)
{
	bed_make(*bed, &bed_shm);
	return 0;
}

int bed_tear_down(void **bed)
{
	bed_end(*bed);
	return 0;
}

int bed_run(int argc, char **argv, const struct bed_test *tests, size_t count)
{
	const struct bed_kind *kind = NULL;
	struct CMUnitTest list[16];

	for (unsigned k = 0; argc > 3 && bed_kinds[k]; k++) {
		if (!strcmp(bed_kinds[k]->name, argv[3]))
			kind = bed_kinds[k];
	}
	if (!kind || count > sizeof(list) / sizeof(list[0])) {
		print_error("usage: %s PEER SERVER KIND [TEST]\n", argv[0]);
		return 2;
	}
	peer_program = argv[1];
	server_program = argv[2];
	cmocka_set_test_filter(argv[4]);
	for (size_t t = 0; t < count; t++)
		list[t] = (struct CMUnitTest){
			.name = tests[t].name,
			.test_func = tests[t].run,
			.setup_func = tests[t].set_up,
			.teardown_func = tests[t].tear_down,
			.initial_state = (void *)(uintptr_t)kind,
		};
	/* What cmocka_run_group_tests() stands for, where the number of tests is not that of an array. */
	return _cmocka_run_group_tests(kind->name, list, count, NULL, NULL);
}
