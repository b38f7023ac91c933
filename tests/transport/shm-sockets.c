/* SPDX-License-Identifier: BSD-3-Clause */
/* The sockets beside the file, on which RAM is handed out: who gets it, and who holds nobody up. */
#include "bed.h"

#include "../../transports/common/ram-protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct bed bed;
static bool listen_fails;

/* In the place of the C library's. */
int listen(int fd, int backlog)
{
	if (listen_fails)
		errno = ENOBUFS;
	return listen_fails ? -1 : (int)syscall(SYS_listen, fd, backlog);
}

/* Whoever may open the file may fetch RAM; what lies where a socket belongs and is none is left alone. */
static void test_socket(void **state)
{
	char path[128];
	struct host a, b;
	struct stat st;
	uint32_t value = 0x50CC37, back = 0;
	int fd = bed_open_file(&bed, O_CREAT);

	(void)state;
	assert_int_equal(fchmod(fd, 0660), 0);
	snprintf(path, sizeof(path), "%s.1.ram", bed_file(&bed));
	host_open(&b, bed.spec, 2, 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	host_close(&b);
	/* Nor is one left on which nobody listens. */
	listen_fails = true;
	host_open(&b, bed.spec, 2, 0);
	listen_fails = false;
	assert_non_null(strstr(b.log, "by copy only"));
	assert_int_equal(lstat(path, &st), -1);
	host_close(&b);
	close(open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
	host_open(&a, bed.spec, 0, 0);
	host_open(&b, bed.spec, 2, 0);
	assert_non_null(strstr(b.log, "by copy only"));
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	hosts_run_for(&a, &b, NULL, 100);
	assert_null(a.maps[WINDOW(0)].base);
	copy_write(&a, 0, 0, &value, sizeof(value));
	copy_read(&a, 0, 0, &back, sizeof(back));
	assert_int_equal(back, value);
	host_close(&a);
	host_close(&b);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	close(fd);
}

/* Mode of the socket that a process makes whose group is not that of its file; more than a mode when it makes none. */
static int socket_of_user(mode_t mode)
{
	enum { USER = 4711, OWN_GROUP, FILE_GROUP };
	struct idtntb_error error = { "" };
	int fd = bed_open_file(&bed, O_CREAT);
	char path[128];
	struct host b;
	struct stat st;

	snprintf(path, sizeof(path), "%s.1.ram", bed_file(&bed));
	if (fchown(fd, USER, FILE_GROUP) || fchmod(fd, mode) || chown(bed.directory, USER, OWN_GROUP) ||
	    setgroups(0, NULL) || setgid(OWN_GROUP) || setuid(USER))
		return 01000;
	if (host_try(&b, bed.spec, 2, NULL, HOST_BARE, &error) || lstat(path, &st))
		return 01000;
	host_close(&b);
	return st.st_gid == OWN_GROUP ? st.st_mode & 0777 : 01000;
}

/* The group of the file cannot be given to the socket: then nobody gets in by the group that it has. */
static void test_other_group(void **state)
{
	static const mode_t modes[][2] = { { 0660, 0600 }, { 0666, 0666 }, { 0606, 0600 }, { 0640, 0600 } };

	(void)state;
	if (geteuid())
		skip(); /* nobody else can make somebody else's file */
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (!child)
			_exit(socket_of_user(modes[i][0]) != (int)modes[i][1]);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (status)
			fail_msg("a file of mode 0%o", modes[i][0]);
		unlink(bed_file(&bed));
	}
}

/* Somebody is named who may open the file. The group may not, though its bits, which are the list's mask now, say so. */
static void test_access_list(void **state)
{
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, permissions;
			uint32_t id;
		} entries[5];
	} list = { 2,
		   { { 1, 6, UINT32_MAX },
		     { 2, 6, 4711 },
		     { 4, 0, UINT32_MAX },
		     { 16, 6, UINT32_MAX },
		     { 32, 0, UINT32_MAX } } };
	int fd = bed_open_file(&bed, O_CREAT);
	char path[128];
	struct host b;
	struct stat st;

	(void)state;
	if (fsetxattr(fd, "system.posix_acl_access", &list, sizeof(list), 0))
		skip(); /* this file system has no such lists */
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	snprintf(path, sizeof(path), "%s.1.ram", bed_file(&bed));
	host_open(&b, bed.spec, 2, 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	host_close(&b);
	close(fd);
}

static int subscribe(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Others who connect: they never read, they talk, they are too many. Who has a right to the RAM gets it. */
static void test_subscribers(void **state)
{
	int fds[24];
	char path[128];
	struct host a, b;
	unsigned before;

	(void)state;
	snprintf(path, sizeof(path), "%s.1.ram", bed_file(&bed));
	before = open_descriptors();
	host_open(&b, bed.spec, 2, 0);
	for (unsigned i = 0; i < 7; i++)
		fds[i] = subscribe(path);
	hosts_run_for(&b, NULL, NULL, 20);
	for (unsigned i = 0; i < 500; i++)
		host_offer(&b, RAM_BASE, 0x1000 * (i % 2), RAM_SIZE - 0x1000 * (i % 2), true);
	host_open(&a, bed.spec, 0, 0);
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(a.maps[WINDOW(0)].base, &a, &b, NULL);
	/* More than one process may have are turned away, who is in stays in. */
	for (unsigned i = 7; i < 24; i++)
		fds[i] = subscribe(path);
	hosts_run_for(&a, &b, NULL, 50);
	for (unsigned i = 0; i < 24; i++) {
		send(fds[i], "hello", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
		hosts_wait(&a, &b, NULL, 0);
	}
	for (unsigned i = 0; i < 24; i++)
		close(fds[i]);
	host_offer(&b, RAM_BASE, 0x1000, RAM_SIZE - 0x1000, true);
	host_offer(&b, RAM_BASE, 0, RAM_SIZE, true);
	hosts_run_for(&a, &b, NULL, 50);
	assert_non_null(a.maps[WINDOW(0)].base);
	host_close(&a);
	host_close(&b);
	assert_int_equal(open_descriptors(), before);
}

/* How many packets there are to be read; the last is in message. */
static unsigned read_all(int fd, struct ram_message *message)
{
	unsigned count = 0;

	while (recv(fd, message, sizeof(*message), MSG_DONTWAIT) > 0)
		count++;
	return count;
}

/* What is kept for one who does not read is little, and when it reads it gets what counts now. */
static void test_unread(void **state)
{
	struct ram_message message = { .magic = 0 };
	char path[128];
	struct host b;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s.1.ram", bed_file(&bed));
	host_open(&b, bed.spec, 2, 0);
	fd = subscribe(path);
	hosts_run_for(&b, NULL, NULL, 20);
	for (unsigned i = 1; i <= 500; i++)
		host_offer(&b, RAM_BASE, 0x1000 * i, 0x1000, true);
	assert_in_range(read_all(fd, &message), 1, 16);
	hosts_run_for(&b, NULL, NULL, 50);
	read_all(fd, &message);
	assert_int_equal(message.ranges[0].fd_offset, 0x1000 * 500);
	close(fd);
	host_close(&b);
}

/* One that comes while no descriptor is left is let in when there are some again. */
static void test_no_descriptors(void **state)
{
	struct ram_message message = { .magic = 0 };
	struct rlimit limit, none;
	char path[128];
	struct host b;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s.1.ram", bed_file(&bed));
	host_open(&b, bed.spec, 2, 0);
	hosts_run_for(&b, NULL, NULL, 20);
	fd = subscribe(path);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = limit.rlim_max }; /* fewer, and poll() takes no three */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	hosts_run_for(&b, NULL, NULL, 50);
	assert_int_equal(read_all(fd, &message), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	HOST_UNTIL(read_all(fd, &message), &b, NULL, NULL);
	assert_int_equal(message.magic, RAM_MAGIC);
	close(fd);
	host_close(&b);
}

/* One process takes all it can get: others still get what is theirs. */
static void test_greedy(void **state)
{
	char path[128], packet[64];
	int fds[60], status;
	struct host b;
	pid_t other;

	(void)state;
	snprintf(path, sizeof(path), "%s.1.ram", bed_file(&bed));
	host_open(&b, bed.spec, 2, 0);
	for (unsigned i = 0; i < 60; i++) {
		fds[i] = subscribe(path);
		hosts_wait(&b, NULL, NULL, 0);
	}
	other = fork();
	assert_true(other >= 0);
	if (!other) {
		struct pollfd poll_fd = { subscribe(path), POLLIN, 0 };

		_exit(poll(&poll_fd, 1, 5000) != 1 || recv(poll_fd.fd, packet, sizeof(packet), 0) <= 0);
	}
	while (!waitpid(other, &status, WNOHANG))
		hosts_wait(&b, NULL, NULL, 10);
	assert_int_equal(status, 0);
	for (unsigned i = 0; i < 60; i++)
		close(fds[i]);
	host_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_SHM_TEST(bed, test_socket),      BED_SHM_TEST(bed, test_other_group),
		BED_SHM_TEST(bed, test_access_list), BED_SHM_TEST(bed, test_subscribers),
		BED_SHM_TEST(bed, test_unread),      BED_SHM_TEST(bed, test_no_descriptors),
		BED_SHM_TEST(bed, test_greedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
