/* SPDX-License-Identifier: BSD-3-Clause */
/* What a mount shows of a switch with two hosts at work, and how its files behave. */
#include "mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NTCTL 0x400
#define NTSDATA 0x40C
#define NTGSIGNAL 0x410
#define OUTDBELLSET 0x420
#define INDBELLSTS 0x428

static struct stand stand;
static struct mounted mounted;

static int make(void **state)
{
	(void)state;
	stand_make(&stand);
	mounted_start(&mounted, &stand, stand.bed.spec);
	return 0;
}

static int end(void **state)
{
	(void)state;
	mounted_end(&mounted, SIGTERM);
	stand_end(&stand);
	return 0;
}

static void shows_registers(void **state)
{
	char expected[32];

	(void)state;
	mounted_expect(&mounted, "ports/0/nt/NTCTL/value", "0x00000002\n");
	mounted_expect(&mounted, "ports/0/nt/NTCTL/fields", "CPEN=1");
	mounted_expect(&mounted, "ports/0/nt/NTCTL/reset", "0x00000000\n");
	mounted_expect(&mounted, "ports/0/nt/NTCTL/access", "rw");
	mounted_expect(&mounted, "ports/2/nt/BARSETUP4/about", "BARSETUP4");
	mounted_expect(&mounted, "switch/SWPORT2STS/fields", "LINKUP=1");
	mounted_expect(&mounted, "partitions/1/SWPART1STS/value", "0x");
	mounted_expect(&mounted, "partitions/1/SWP1MSGCTL3/value", "0x");
	/* Those of another partition are not among them. */
	assert_null(mounted_read(&mounted, "partitions/1/SWPART0STS/value"));
	assert_int_equal(errno, ENOENT);
	nt_write(&stand.b, NTSDATA, 0xABCD1234);
	snprintf(expected, sizeof(expected), "0x%08x\n", nt_read(&stand.b, NTSDATA));
	mounted_expect(&mounted, "ports/2/nt/NTSDATA/value", expected);
}

static void shows_subjects(void **state)
{
	static const char *const names[] = { "info",
					     "topology",
					     "mapping-table",
					     "doorbells",
					     "messages",
					     "events",
					     "dump",
					     "raw",
					     "check",
					     "partitions/summary",
					     "stats/summary",
					     "stats/2",
					     "ports/0/windows/summary" };
	struct json_object *json, *windows;
	char *text;

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		mounted_expect(&mounted, names[i], "\n");
	window_set(&stand.a, 3, 1, RAM_BASE);
	mounted_expect(&mounted, "ports/0/windows/3", "0x100000000");
	mounted_expect(&mounted, "ports/0/windows/24", "direct");
	mounted_expect(&mounted, "topology.dot", "graph");
	text = mounted_read(&mounted, "state.json");
	json = json_tokener_parse(text);
	assert_true(json_object_object_get_ex(json, "windows", &windows));
	assert_int_equal(json_object_array_length(windows), 2);
	json_object_put(json);
	free(text);
	/* The same as the control tool's, from the same source. */
	free(expect(&stand, 0, "\"$CTL\" dump --raw --all | cmp - \"$DIR\"/mnt/raw"));
	free(expect(&stand, 0, "\"$CTL\" dump --all | cmp - \"$DIR\"/mnt/dump"));
}

/* A status bit that its driver is about to clear: at one look nobody can tell it from one that stays. */
static void a_moment_is_no_fault(void **state)
{
	char *text;

	(void)state;
	nt_write(&stand.b, NTGSIGNAL, 1);
	text = mounted_read(&mounted, "check");
	assert_contains(text, "note: interrupts of port 0: 0:NTINTSTS");
	assert_null(strstr(text, "error"));
	free(text);
	/* What is no moment is told as it is. */
	nt_write(&stand.b, NTCTL, 0);
	mounted_expect(&mounted, "ports/2/check", "error: link 2 - 0, port 2: 2:NTCTL");
}

static unsigned files_seen;

/* For nftw(): the size that is said is that of what can be read. */
static int compare_size(const char *path, const struct stat *said, int kind, struct FTW *place)
{
	static char buffer[1 << 20];
	ssize_t got;
	int fd;

	(void)place;
	if (kind != FTW_F)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	got = read(fd, buffer, sizeof(buffer));
	close(fd);
	if (got != said->st_size)
		fail_msg("%s: %lld bytes are said, %zd can be read", path, (long long)said->st_size, got);
	files_seen++;
	return 0;
}

static void sizes_are_honest(void **state)
{
	(void)state;
	files_seen = 0;
	assert_int_equal(nftw(mounted.path, compare_size, 16, FTW_PHYS), 0);
	assert_true(files_seen > 2000);
}

/* From open to close a file is what it was, whatever happens; and who seeks to its end comes to its end. */
static void consistent_from_open_to_close(void **state)
{
	char path[160], before[64] = "", after[64] = "";
	struct stat stat;
	int fd, later;

	(void)state;
	nt_write(&stand.a, NTSDATA, 1);
	snprintf(path, sizeof(path), "%s/ports/0/nt/NTSDATA/value", mounted.path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, before, 5), 5);
	nt_write(&stand.a, NTSDATA, 0x22222222);
	assert_int_equal(read(fd, before + 5, sizeof(before) - 6), 6);
	assert_string_equal(before, "0x00000001\n");
	assert_int_equal(pread(fd, after, 4, 4), 4);
	assert_string_equal(after, "0000");
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), stat.st_size);
	assert_int_equal(read(fd, after, sizeof(after)), 0);
	mounted_expect(&mounted, "ports/0/nt/NTSDATA/value", "0x22222222\n");
	close(fd);
	/* One that has grown: it has the size of what was opened. */
	snprintf(path, sizeof(path), "%s/errors", mounted.path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &stat), 0);
	nt_write(&stand.a, 0xF00, 1);
	/* Long enough for a size that was asked for anew. */
	usleep(100000);
	assert_int_equal(lseek(fd, 0, SEEK_END), stat.st_size);
	/* Also when it is opened anew: each has its own end. */
	later = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(later >= 0);
	assert_true(lseek(later, 0, SEEK_END) > stat.st_size);
	assert_int_equal(lseek(fd, 0, SEEK_END), stat.st_size);
	close(later);
	close(fd);
	mounted_expect(&mounted, "errors", "0xf00");
}

static void usual_tools_work(void **state)
{
	(void)state;
	free(expect(&stand, 0,
		    "cd \"$DIR\"/mnt && grep -rl LINKUP=1 switch | sort | tr '\\n' ' ' | "
		    "grep -qx 'switch/SWPORT0STS/fields switch/SWPORT2STS/fields '"));
	free(expect(&stand, 0,
		    "cd \"$DIR\"/mnt && test \"$(tail -n 1 raw)\" = \"$(cat raw | tail -n 1)\" && "
		    "test \"$(tail -c 30 dump)\" = \"$(cat dump | tail -c 30)\" && head -c 3 info | wc -c"));
	free(expect(&stand, 0, "cd \"$DIR\" && cp -r mnt/ports before"));
	nt_write(&stand.b, NTSDATA, 77);
	free(expect(&stand, 1, "cd \"$DIR\" && diff -r before/2/nt mnt/ports/2/nt >changed"));
	free(expect(&stand, 0,
		    "cd \"$DIR\" && grep -q 0x0000004d changed && ! grep '^diff' changed | grep -v NTSDATA"));
	free(expect(&stand, 0,
		    "cd \"$DIR\" && tar -cf mnt.tar mnt && test \"$(tar -tf mnt.tar | grep -c NTCTL/)\" -gt 10"));
}

/* Not the switch, not what is pending at a port, and no counter: nobody can tell that it was read. */
static void reading_changes_nothing(void **state)
{
	struct idtntb_port_stats before, after;
	char *text;

	(void)state;
	nt_write(&stand.a, 0x42C, UINT32_MAX);
	nt_write(&stand.b, 0x42C, UINT32_MAX);
	nt_write(&stand.a, OUTDBELLSET, 0x40);
	HOST_UNTIL(nt_read(&stand.b, INDBELLSTS) == 0x40, &stand.a, &stand.b, NULL);
	stand.msis = stand.a.msis + stand.b.msis;
	free(expect(&stand, 0, "\"$CTL\" save \"$DIR\"/before"));
	idtntb_attachment_stats(stand.b.attachment, &before);
	free(expect(&stand, 0,
		    "find \"$DIR\"/mnt -type f -exec cat {} + >/dev/null; \"$CTL\" check >/dev/null; "
		    "\"$CTL\" top --once -d 0.1 >/dev/null"));
	idtntb_attachment_stats(stand.b.attachment, &after);
	text = expect(&stand, 0, "\"$CTL\" save \"$DIR\"/after && cmp \"$DIR\"/before \"$DIR\"/after && echo same");
	assert_string_equal(text, "same\n");
	free(text);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(nt_read(&stand.b, INDBELLSTS), 0x40);
}

static void nothing_can_be_written(void **state)
{
	char path[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/ports/0/nt/NTSDATA/value", mounted.path);
	assert_int_equal(open(path, O_WRONLY), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(open(path, O_RDWR), -1);
	assert_int_equal(truncate(path, 0), -1);
	assert_int_equal(unlink(path), -1);
	assert_int_equal(chmod(path, 0777), -1);
	snprintf(path, sizeof(path), "%s/new", mounted.path);
	assert_int_equal(open(path, O_WRONLY | O_CREAT, 0600), -1);
	assert_int_equal(mkdir(path, 0700), -1);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(errno, ENOENT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shows_registers, make, end),
		cmocka_unit_test_setup_teardown(shows_subjects, make, end),
		cmocka_unit_test_setup_teardown(a_moment_is_no_fault, make, end),
		cmocka_unit_test_setup_teardown(sizes_are_honest, make, end),
		cmocka_unit_test_setup_teardown(consistent_from_open_to_close, make, end),
		cmocka_unit_test_setup_teardown(usual_tools_work, make, end),
		cmocka_unit_test_setup_teardown(reading_changes_nothing, make, end),
		cmocka_unit_test_setup_teardown(nothing_can_be_written, make, end),
	};

	return MOUNTED_MAIN(tests, argc, argv);
}
