/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of a switch without a server: what is made of what lies there, and what is left alone. */
#include "bed.h"

#include "../../transports/common/layout.h"
#include "../../transports/common/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <idtntb-view.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct bed bed;

static off_t file_size(void)
{
	struct stat st;

	assert_int_equal(stat(bed_file(&bed), &st), 0);
	return st.st_size;
}

/* Two hosts find each other in whatever is there. */
static void works(void)
{
	const unsigned before = open_descriptors();
	struct host a, b;

	host_open(&a, bed.spec, 0, 0);
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1) && link_up(&b, 0), &a, &b, NULL);
	host_close(&a);
	host_close(&b);
	assert_int_equal(open_descriptors(), before);
}

static void refused(const struct idtntb_topology *topology, int code, const char *words)
{
	const unsigned before = open_descriptors();
	struct idtntb_error error = { "" };
	struct host host;

	assert_int_equal(host_try(&host, bed.spec, 0, topology, HOST_BARE, &error), code);
	if (!strstr(error.text, words) || !strstr(error.text, "ntb0") || strchr(error.text, '\n'))
		fail_msg("'%s' does not say '%s'", error.text, words);
	assert_int_equal(open_descriptors(), before);
}

/* Nothing there, an empty file, a file of zeros made by hand: all the same. */
static void test_new(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	works();
	assert_int_equal(stat(bed_file(&bed), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, ntb_layout_size(2));
	/* Left there for the next; its state too. */
	works();
	unlink(bed_file(&bed));
	fd = bed_open_file(&bed, O_CREAT);
	assert_int_equal(fchmod(fd, 0660), 0);
	works();
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(ftruncate(fd, 0x400000), 0);
	works();
	assert_int_equal(file_size(), 0x400000);
	close(fd);
}

/* Killed while making it, after each step: the next goes on from there. */
static void test_unfinished(void **state)
{
	int fd = bed_open_file(&bed, O_CREAT);
	uint8_t *memory;

	(void)state;
	works();
	memory = mmap(NULL, (size_t)file_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	/* the mark, and a block in the midst of it */
	memset(memory, 0, 8);
	memset(memory + 8, 0xA5, 0x4000);
	works();
	/* the mark alone */
	memset(memory, 0, idtntb_block_size());
	works();
	/* the size alone */
	memset(memory, 0, (size_t)file_size());
	works();
	munmap(memory, (size_t)file_size());
	close(fd);
}

/* What is not ours stays as it is, to the byte. */
static void test_foreign(void **state)
{
	static const size_t sizes[] = { 1, 20, 4096, 200000, 0x400000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *data = malloc(sizes[i]), *back = malloc(sizes[i]);
		int fd = bed_open_file(&bed, O_CREAT | O_TRUNC);

		assert_true(data && back);
		/* Zero but for the last byte: to look at the first would not do. */
		memset(data, 0, sizes[i]);
		data[sizes[i] - 1] = 1;
		assert_int_equal(pwrite(fd, data, sizes[i], 0), sizes[i]);
		refused(NULL, -EPROTO, "not touched");
		assert_int_equal(file_size(), sizes[i]);
		assert_int_equal(pread(fd, back, sizes[i], 0), sizes[i]);
		assert_memory_equal(data, back, sizes[i]);
		close(fd);
		free(data);
		free(back);
	}
	/* Zeros, but more than anybody makes for a switch. */
	close(bed_open_file(&bed, O_TRUNC));
	assert_int_equal(truncate(bed_file(&bed), INT64_C(1) << 40), 0);
	refused(NULL, -EPROTO, "not touched");
	assert_int_equal(truncate(bed_file(&bed), 0), 0);
	/* Zeros, but too few: made by hand, and not well. */
	close(bed_open_file(&bed, O_TRUNC));
	assert_int_equal(truncate(bed_file(&bed), 0x20000), 0);
	refused(NULL, -ENOSPC, "at least");
	assert_int_equal(file_size(), 0x20000);
}

/* The memory of an ivshmem server: whoever is on it would never hear of us. */
static void test_server_memory(void **state)
{
	int fd = bed_open_file(&bed, O_CREAT);
	uint64_t zero = 0;

	(void)state;
	works();
	assert_int_equal(pwrite(fd, &zero, sizeof(zero), (off_t)((uintptr_t)ntb_layout_mark(NULL))), sizeof(zero));
	refused(NULL, -EPROTO, "no switch without a server");
	close(fd);
}

static void test_no_file(void **state)
{
	const char *path = bed_file(&bed);

	(void)state;
	assert_int_equal(symlink("/tmp/elsewhere", path), 0);
	refused(NULL, -ELOOP, "symbolic link");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(NULL, -EINVAL, "no plain file");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(NULL, -EISDIR, "directory");
	rmdir(path);
	strcat(bed.spec, "/no/such/ntb0");
	refused(NULL, -ENOENT, "No such file");
	*strstr(bed.spec, "/no/such") = '\0';
}

/* Another switch than the one that is asked for, or of another version: a line that says what to do. */
static void test_other_switch(void **state)
{
	struct idtntb_topology topology;
	int fd = bed_open_file(&bed, O_CREAT);
	uint32_t layout;
	struct host a;

	(void)state;
	works();
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "3", NULL, NULL), 0);
	refused(&topology, -EINVAL, "remove the file");
	host_open(&a, bed.spec, 2, 0);
	refused(&topology, -EINVAL, "stop its hosts and remove the file");
	host_close(&a);
	/* Another version of the block. */
	assert_int_equal(pread(fd, &layout, sizeof(layout), 8), sizeof(layout));
	layout++;
	assert_int_equal(pwrite(fd, &layout, sizeof(layout), 8), sizeof(layout));
	refused(NULL, -EPROTO, "remove the file");
	layout--;
	assert_int_equal(pwrite(fd, &layout, sizeof(layout), 8), sizeof(layout));
	works();
	/* Cut short. */
	assert_int_equal(ftruncate(fd, 0x18000), 0);
	refused(NULL, -EPROTO, "no switch");
	assert_int_equal(ftruncate(fd, (off_t)ntb_layout_size(1)), 0);
	refused(NULL, -ENOSPC, "needs at least");
	close(fd);
}

/* Removed, and made anew, while somebody is on the old one: two switches, and nobody takes the other's sockets away. */
static void test_removed(void **state)
{
	char path[128];
	struct stat st, after;
	struct host a, b;

	(void)state;
	snprintf(path, sizeof(path), "%s.0.ram", bed_file(&bed));
	host_open(&a, bed.spec, 0, 0);
	unlink(bed_file(&bed));
	host_open(&b, bed.spec, 0, 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
	host_close(&a);
	assert_int_equal(lstat(path, &after), 0);
	assert_int_equal(after.st_ino, st.st_ino);
	host_close(&b);
	assert_int_equal(lstat(path, &after), -1);
}

static void *remove_soon(void *opaque)
{
	int *joining = opaque;

	usleep(300000);
	unlink(bed_file(&bed));
	close(*joining);
	return NULL;
}

/* Removed while somebody waits to join: that one does not end up in a file that nobody else can find. */
static void test_removed_meanwhile(void **state)
{
	struct flock join = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = NTB_LOCK_JOIN, .l_len = 1 };
	struct host a, b;
	pthread_t thread;
	int fd;

	(void)state;
	works();
	fd = bed_open_file(&bed, 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &join), 0);
	assert_int_equal(pthread_create(&thread, NULL, remove_soon, &fd), 0);
	host_open(&a, bed.spec, 0, 0);
	pthread_join(thread, NULL);
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1) && link_up(&b, 0), &a, &b, NULL);
	host_close(&a);
	host_close(&b);
}

static void not_viewed(int code, const char *words)
{
	const unsigned before = open_descriptors();
	struct idtntb_error error = { "" };
	struct idtntb_view *view;

	assert_int_equal(idtntb_view_open(&view, bed.spec, &error), code);
	if (!strstr(error.text, words))
		fail_msg("'%s' does not say '%s'", error.text, words);
	assert_int_equal(open_descriptors(), before);
}

/* Whoever only looks makes nothing, and changes nothing. */
static void test_view(void **state)
{
	struct idtntb_view *view;
	struct stat st;
	int fd;

	(void)state;
	not_viewed(-ENOENT, "no such file");
	assert_int_equal(stat(bed_file(&bed), &st), -1);
	fd = bed_open_file(&bed, O_CREAT);
	not_viewed(-ENODEV, "no switch in it");
	assert_int_equal(write(fd, "something", 9), 9);
	not_viewed(-EPROTO, "not touched");
	assert_int_equal(ftruncate(fd, 0) | ftruncate(fd, 0x100000), 0);
	not_viewed(-ENODEV, "no switch in it");
	assert_int_equal(file_size(), 0x100000);
	assert_int_equal(pwrite(fd, "something", 9, 0x8000), 9);
	not_viewed(-EPROTO, "not touched");
	assert_int_equal(ftruncate(fd, 0), 0);
	works();
	assert_int_equal(idtntb_view_open(&view, bed.spec, NULL), 0);
	/* Cut short while it is looked at; then whole again. */
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(idtntb_view_refresh(view, NULL), -ENODEV);
	assert_int_equal(ftruncate(fd, 0) | unlink(bed_file(&bed)), 0);
	works();
	assert_int_equal(idtntb_view_refresh(view, NULL), 0);
	idtntb_view_close(view);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_SHM_TEST(bed, test_new),     BED_SHM_TEST(bed, test_unfinished),
		BED_SHM_TEST(bed, test_foreign), BED_SHM_TEST(bed, test_server_memory),
		BED_SHM_TEST(bed, test_no_file), BED_SHM_TEST(bed, test_other_switch),
		BED_SHM_TEST(bed, test_removed), BED_SHM_TEST(bed, test_removed_meanwhile),
		BED_SHM_TEST(bed, test_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
