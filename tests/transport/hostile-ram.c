/* SPDX-License-Identifier: BSD-3-Clause */
/* The second socket of a server that lies: nothing unfit is mapped, no descriptor is lost, and the next offer counts. */
#include "fake-server.h"
#include "host.h"

#include "../../transports/common/ram-protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MEMORY 0x400000u
#define RAM_HEADER offsetof(struct ram_message, ranges)

struct bed {
	struct fake_server server;
	struct host a, b; /* b's RAM is what the server offers, or says to */
	char ram_path[112];
	int listener, relay; /* relay: the connection of a */
	unsigned descriptors;
};

/* Take a connection and the offer that comes first on it. */
static int take(struct bed *bed)
{
	struct pollfd poll_fd = { bed->listener, POLLIN, 0 };
	struct ram_message message;
	int fd;

	assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
	fd = accept4(bed->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	poll_fd.fd = fd;
	assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
	assert_true(recv(fd, &message, sizeof(message), 0) >= (ssize_t)RAM_HEADER);
	assert_int_equal(message.magic, RAM_MAGIC);
	return fd;
}

static int bed_make(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct bed *bed = calloc(1, sizeof(*bed));
	char spec[128];

	assert_non_null(bed);
	fake_server_start(&bed->server, MEMORY, VICE_NONE);
	snprintf(spec, sizeof(spec), "ivshmem:%s", bed->server.path);
	snprintf(bed->ram_path, sizeof(bed->ram_path), "%s.ram", bed->server.path);
	host_open(&bed->b, spec, 2, 0);
	bed->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path, bed->ram_path, sizeof(address.sun_path));
	assert_int_equal(bind(bed->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(bed->listener, 4), 0);
	host_open(&bed->a, spec, 0, 0);
	bed->relay = take(bed);
	window_set(&bed->a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&bed->a, 1), &bed->a, &bed->b, NULL);
	/* Each takes what the server has said, and keeps an eventfd of whom it has woken. */
	hosts_run_for(&bed->a, &bed->b, NULL, 100);
	nt_write(&bed->a, 0x420, 1);
	nt_write(&bed->b, 0x420, 1);
	bed->descriptors = open_descriptors();
	*state = bed;
	return 0;
}

static int bed_end(void **state)
{
	struct bed *bed = *state;

	host_close(&bed->a);
	host_close(&bed->b);
	close(bed->relay);
	close(bed->listener);
	unlink(bed->ram_path);
	fake_server_end(&bed->server);
	free(bed);
	return 0;
}

/* b's offer as it should be. */
static struct ram_message good(struct bed *bed)
{
	return (struct ram_message){
		.magic = RAM_MAGIC,
		.version = RAM_VERSION,
		.slot = 1,
		.owner = member(&bed->b, 1).owner,
		.count = 1,
		.ranges = { { RAM_BASE, RAM_SIZE, 0 } },
	};
}

static void put(struct bed *bed, const struct ram_message *message, size_t size, int fd, unsigned fds)
{
	union {
		char space[CMSG_SPACE(64 * sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { (void *)(uintptr_t)message, size };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds) {
		struct cmsghdr *part;

		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		part = CMSG_FIRSTHDR(&header);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(fds * sizeof(int));
		for (unsigned i = 0; i < fds; i++)
			memcpy(CMSG_DATA(part) + i * sizeof(int), &fd, sizeof(int));
	}
	assert_true(sendmsg(bed->relay, &header, MSG_NOSIGNAL) >= 0);
}

static void put_good(struct bed *bed)
{
	const struct ram_message message = good(bed);

	put(bed, &message, RAM_HEADER + sizeof(message.ranges[0]), bed->b.ram_fd, 1);
	HOST_UNTIL(bed->a.maps[WINDOW(0)].base, &bed->a, &bed->b, NULL);
}

/* What was sent ends the connection, and leaves nothing; on the next one a good offer counts. */
static void ends(struct bed *bed)
{
	struct pollfd poll_fd = { bed->relay, POLLIN, 0 };

	HOST_UNTIL(poll(&poll_fd, 1, 0) == 1, &bed->a, &bed->b, NULL);
	close(bed->relay);
	poll_fd.fd = bed->listener;
	HOST_UNTIL(poll(&poll_fd, 1, 0) == 1, &bed->a, &bed->b, NULL);
	bed->relay = take(bed);
	assert_null(bed->a.maps[WINDOW(0)].base);
	assert_int_equal(open_descriptors(), bed->descriptors);
}

static void test_malformed(void **state)
{
	struct bed *bed = *state;
	const size_t whole = RAM_HEADER + sizeof(((struct ram_message *)0)->ranges[0]);
	const int fd = bed->b.ram_fd;
	struct ram_message message = good(bed);

	put(bed, &message, 5, fd, 1);
	ends(bed);
	message.magic++;
	put(bed, &message, whole, fd, 1);
	ends(bed);
	message = good(bed);
	message.version = 2;
	put(bed, &message, whole, fd, 1);
	ends(bed);
	message = good(bed);
	message.slot = 0; /* ours */
	put(bed, &message, whole, fd, 1);
	ends(bed);
	message.slot = 7;
	put(bed, &message, whole, fd, 1);
	ends(bed);
	message = good(bed);
	put(bed, &message, whole, fd, 0);
	ends(bed);
	put(bed, &message, whole, fd, 2);
	ends(bed);
	message.ranges[0].address = UINT64_MAX - 100;
	put(bed, &message, whole, fd, 1);
	ends(bed);
	put_good(bed);
}

static void test_counts(void **state)
{
	struct bed *bed = *state;
	struct ram_message message = good(bed);

	message.count = 33;
	put(bed, &message, sizeof(message), bed->b.ram_fd, 33);
	ends(bed);
	message.count = 0x80000001;
	put(bed, &message, sizeof(message), bed->b.ram_fd, 1);
	ends(bed);
	message = good(bed);
	message.count = 2;
	put(bed, &message, RAM_HEADER + sizeof(message.ranges[0]), bed->b.ram_fd, 2);
	ends(bed);
	put_good(bed);
}

/* A descriptor that may not be mapped, and why. The window goes by copy. */
static void unfit(struct bed *bed, int fd, uint64_t size, const char *why)
{
	struct ram_message message = good(bed);
	uint32_t value = 0xC0DE0000 + (uint32_t)fd, back = 0;

	bed->a.log[0] = '\0';
	message.ranges[0].size = size;
	put(bed, &message, RAM_HEADER + sizeof(message.ranges[0]), fd, 1);
	HOST_UNTIL(strstr(bed->a.log, why), &bed->a, &bed->b, NULL);
	assert_null(bed->a.maps[WINDOW(0)].base);
	window_write(&bed->a, 0, 0x20, &value, sizeof(value));
	window_read(&bed->a, 0, 0x20, &back, sizeof(back));
	assert_int_equal(back, value);
	close(fd);
	/* The refused one is not kept, and a good one counts again. */
	assert_int_equal(open_descriptors(), bed->descriptors);
	put_good(bed);
	message.count = 0;
	put(bed, &message, RAM_HEADER, -1, 0);
	HOST_UNTIL(!bed->a.maps[WINDOW(0)].base, &bed->a, &bed->b, NULL);
	assert_int_equal(open_descriptors(), bed->descriptors);
}

static int sealed(int seals, size_t size)
{
	int fd = memfd_create("unfit", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0 && !ftruncate(fd, (off_t)size) && !fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

static void test_unfit(void **state)
{
	struct bed *bed = *state;
	char path[40];
	int pipes[2];

	unfit(bed, sealed(0, RAM_SIZE), RAM_SIZE, "not sealed against shrinking");
	unfit(bed, sealed(F_SEAL_SHRINK, RAM_SIZE / 2), RAM_SIZE, "less than the range wants");
	unfit(bed, sealed(F_SEAL_SHRINK, RAM_SIZE), UINT64_MAX - RAM_BASE, "less than the range wants");
	unfit(bed, sealed(F_SEAL_SHRINK | F_SEAL_WRITE, RAM_SIZE), RAM_SIZE, "sealed against writing");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", bed->b.ram_fd);
	unfit(bed, open(path, O_RDONLY | O_CLOEXEC), RAM_SIZE, "not open for reading and writing");
	unfit(bed, open("/dev/zero", O_RDWR | O_CLOEXEC), RAM_SIZE, "no memory file");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	close(pipes[0]);
	unfit(bed, pipes[1], RAM_SIZE, "no memory file");
}

/* An offer of somebody who does not hold the port counts for nothing. */
static void test_other_owner(void **state)
{
	struct bed *bed = *state;
	struct ram_message message = good(bed);

	message.owner ^= 1;
	put(bed, &message, RAM_HEADER + sizeof(message.ranges[0]), bed->b.ram_fd, 1);
	hosts_run_for(&bed->a, &bed->b, NULL, 100);
	assert_null(bed->a.maps[WINDOW(0)].base);
	put_good(bed);
	/* It goes with its owner, though the server has not said so. */
	idtntb_attachment_link_set(bed->b.attachment, false);
	HOST_UNTIL(!bed->a.maps[WINDOW(0)].base, &bed->a, &bed->b, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_malformed, bed_make, bed_end),
		cmocka_unit_test_setup_teardown(test_counts, bed_make, bed_end),
		cmocka_unit_test_setup_teardown(test_unfit, bed_make, bed_end),
		cmocka_unit_test_setup_teardown(test_other_owner, bed_make, bed_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
