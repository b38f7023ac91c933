/* SPDX-License-Identifier: BSD-3-Clause */
/* A socket for RAM that lies: nothing unfit is mapped, no descriptor is lost, and the next offer counts. */
#include "bed.h"
#include "fds.h"

#include "../../transports/common/ram-protocol.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RAM_HEADER offsetof(struct ram_message, ranges)

struct liar {
	struct bed bed;
	struct host a, b; /* b's RAM is what the server offers, or says to */
	char ram_path[112];
	int listener, relay; /* relay: the connection of a */
	bool talks; /* only the listener has something to say */
	unsigned descriptors;
};

/* Take a connection, and the offer that comes first on it. */
static int take(struct liar *liar)
{
	struct pollfd poll_fd = { liar->listener, POLLIN, 0 };
	struct ram_message message;
	int fd;

	assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
	fd = accept4(liar->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	if (liar->talks)
		return fd;
	poll_fd.fd = fd;
	assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
	assert_true(recv(fd, &message, sizeof(message), 0) >= (ssize_t)RAM_HEADER);
	assert_int_equal(message.magic, RAM_MAGIC);
	return fd;
}

static int set_up(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct liar *liar = calloc(1, sizeof(*liar));

	assert_non_null(liar);
	bed_make(&liar->bed, *state);
	*state = liar;
	host_open(&liar->b, liar->bed.spec, 2, 0);
	/* A server's socket, or, where there is no server, b's own that somebody has replaced. */
	liar->talks = liar->bed.kind == &bed_shm;
	snprintf(liar->ram_path, sizeof(liar->ram_path), liar->talks ? "%s.1.ram" : "%s.ram", bed_file(&liar->bed));
	unlink(liar->ram_path);
	liar->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path, liar->ram_path, sizeof(address.sun_path));
	assert_int_equal(bind(liar->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(liar->listener, 4), 0);
	host_open(&liar->a, liar->bed.spec, 0, 0);
	host_run(&liar->a);
	liar->relay = take(liar);
	window_set(&liar->a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&liar->a, 1), &liar->a, &liar->b, NULL);
	/* Each takes what has been said, and keeps an eventfd of whom it has woken. */
	hosts_run_for(&liar->a, &liar->b, NULL, 100);
	nt_write(&liar->a, 0x420, 1);
	nt_write(&liar->b, 0x420, 1);
	liar->descriptors = open_descriptors();
	return 0;
}

static int tear_down(void **state)
{
	struct liar *liar = *state;

	host_close(&liar->a);
	host_close(&liar->b);
	close(liar->relay);
	close(liar->listener);
	unlink(liar->ram_path);
	bed_end(&liar->bed);
	free(liar);
	return 0;
}

/* b's offer as it should be. */
static struct ram_message good(struct liar *liar)
{
	return (struct ram_message){
		.magic = RAM_MAGIC,
		.version = RAM_VERSION,
		.slot = 1,
		.owner = member(&liar->b, 1).owner,
		.count = 1,
		.ranges = { { RAM_BASE, RAM_SIZE, 0 } },
	};
}

static void put(struct liar *liar, const struct ram_message *message, size_t size, int fd, unsigned count)
{
	int fds[FDS_MAX];

	assert_true(count <= FDS_MAX);
	for (unsigned i = 0; i < count; i++)
		fds[i] = fd;
	assert_true(fds_send(liar->relay, message, size, fds, count));
}

static void put_good(struct liar *liar)
{
	const struct ram_message message = good(liar);

	put(liar, &message, RAM_HEADER + sizeof(message.ranges[0]), liar->b.ram_fd, 1);
	HOST_UNTIL(liar->a.maps[WINDOW(0)].base, &liar->a, &liar->b, NULL);
}

/* The other end has closed the connection, whatever it had said before. */
static bool ended(const struct liar *liar)
{
	struct pollfd poll_fd = { liar->relay, 0, 0 };

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP);
}

/* What was sent ends the connection, and leaves nothing; on the next one a good offer counts. */
static void ends(struct liar *liar)
{
	struct pollfd poll_fd = { .events = POLLIN };

	HOST_UNTIL(ended(liar), &liar->a, &liar->b, NULL);
	close(liar->relay);
	poll_fd.fd = liar->listener;
	HOST_UNTIL(poll(&poll_fd, 1, 0) == 1, &liar->a, &liar->b, NULL);
	liar->relay = take(liar);
	assert_null(liar->a.maps[WINDOW(0)].base);
	assert_int_equal(open_descriptors(), liar->descriptors);
}

static void test_malformed(void **state)
{
	struct liar *liar = *state;
	const size_t whole = RAM_HEADER + sizeof(((struct ram_message *)0)->ranges[0]);
	const int fd = liar->b.ram_fd;
	struct ram_message message = good(liar);

	put(liar, &message, 5, fd, 1);
	ends(liar);
	message.magic++;
	put(liar, &message, whole, fd, 1);
	ends(liar);
	message = good(liar);
	message.version = 2;
	put(liar, &message, whole, fd, 1);
	ends(liar);
	message = good(liar);
	message.slot = 0; /* ours */
	put(liar, &message, whole, fd, 1);
	ends(liar);
	message.slot = 7;
	put(liar, &message, whole, fd, 1);
	ends(liar);
	message = good(liar);
	put(liar, &message, whole, fd, 0);
	ends(liar);
	put(liar, &message, whole, fd, 2);
	ends(liar);
	message.ranges[0].address = UINT64_MAX - 100;
	put(liar, &message, whole, fd, 1);
	ends(liar);
	put_good(liar);
}

static void test_counts(void **state)
{
	struct liar *liar = *state;
	struct ram_message message = good(liar);

	message.count = 33;
	put(liar, &message, sizeof(message), liar->b.ram_fd, 33);
	ends(liar);
	message.count = 0x80000001;
	put(liar, &message, sizeof(message), liar->b.ram_fd, 1);
	ends(liar);
	message = good(liar);
	message.count = 2;
	put(liar, &message, RAM_HEADER + sizeof(message.ranges[0]), liar->b.ram_fd, 2);
	ends(liar);
	put_good(liar);
}

/* A descriptor that may not be mapped, and why. The window goes by copy. */
static void unfit(struct liar *liar, int fd, uint64_t size, const char *why)
{
	struct ram_message message = good(liar);
	uint32_t value = 0xC0DE0000 + (uint32_t)fd, back = 0;

	liar->a.log[0] = '\0';
	message.ranges[0].size = size;
	put(liar, &message, RAM_HEADER + sizeof(message.ranges[0]), fd, 1);
	HOST_UNTIL(strstr(liar->a.log, why), &liar->a, &liar->b, NULL);
	assert_null(liar->a.maps[WINDOW(0)].base);
	window_write(&liar->a, 0, 0x20, &value, sizeof(value));
	window_read(&liar->a, 0, 0x20, &back, sizeof(back));
	assert_int_equal(back, value);
	close(fd);
	/* The refused one is not kept, and a good one counts again. */
	assert_int_equal(open_descriptors(), liar->descriptors);
	put_good(liar);
	message.count = 0;
	put(liar, &message, RAM_HEADER, -1, 0);
	HOST_UNTIL(!liar->a.maps[WINDOW(0)].base, &liar->a, &liar->b, NULL);
	assert_int_equal(open_descriptors(), liar->descriptors);
}

static int sealed(int seals, size_t size)
{
	int fd = memfd_create("unfit", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0 && !ftruncate(fd, (off_t)size) && !fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

static void test_unfit(void **state)
{
	struct liar *liar = *state;
	char path[40];
	int pipes[2];

	unfit(liar, sealed(0, RAM_SIZE), RAM_SIZE, "not sealed against shrinking");
	unfit(liar, sealed(F_SEAL_SHRINK, RAM_SIZE / 2), RAM_SIZE, "less than the range wants");
	unfit(liar, sealed(F_SEAL_SHRINK, RAM_SIZE), UINT64_MAX - RAM_BASE, "less than the range wants");
	unfit(liar, sealed(F_SEAL_SHRINK | F_SEAL_WRITE, RAM_SIZE), RAM_SIZE, "sealed against writing");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", liar->b.ram_fd);
	unfit(liar, open(path, O_RDONLY | O_CLOEXEC), RAM_SIZE, "not open for reading and writing");
	unfit(liar, open("/dev/zero", O_RDWR | O_CLOEXEC), RAM_SIZE, "no memory file");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	close(pipes[0]);
	unfit(liar, pipes[1], RAM_SIZE, "no memory file");
}

/* An offer of somebody who does not hold the port counts for nothing. */
static void test_other_owner(void **state)
{
	struct liar *liar = *state;
	struct ram_message message = good(liar);

	message.owner ^= 1;
	put(liar, &message, RAM_HEADER + sizeof(message.ranges[0]), liar->b.ram_fd, 1);
	/* Where it can only be a stranger, or come too early, it is the last that he says. */
	if (liar->talks)
		ends(liar);
	hosts_run_for(&liar->a, &liar->b, NULL, 100);
	assert_null(liar->a.maps[WINDOW(0)].base);
	put_good(liar);
	/* It goes with its owner, though the server has not said so. */
	idtntb_attachment_link_set(liar->b.attachment, false);
	HOST_UNTIL(!liar->a.maps[WINDOW(0)].base, &liar->a, &liar->b, NULL);
}

/* A connection is lost when there is no descriptor for the next: it is made as soon as there is one. */
static void test_no_descriptor(void **state)
{
	struct liar *liar = *state;
	struct pollfd poll_fd = { .events = POLLIN };
	const struct ram_message message = good(liar);
	struct rlimit limit, none;
	int filler;

	put(liar, &message, 5, -1, 0);
	HOST_UNTIL(ended(liar), &liar->a, &liar->b, NULL);
	/* All numbers below the limit are in use then. */
	filler = dup(0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ (rlim_t)filler + 1, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	hosts_run_for(&liar->a, &liar->b, NULL, 2500);
	setrlimit(RLIMIT_NOFILE, &limit);
	close(filler);
	close(liar->relay);
	poll_fd.fd = liar->listener;
	HOST_UNTIL(poll(&poll_fd, 1, 0) == 1, &liar->a, &liar->b, NULL);
	liar->relay = take(liar);
	put_good(liar);
}

/* Where there is no server, and its owner is not to be found any more: it could not take back what it has told. */
static void test_unreachable(void **state)
{
	struct liar *liar = *state;
	uint32_t value = 0xC0DE, back = 0;

	if (!liar->talks)
		skip();
	put_good(liar);
	liar->a.log[0] = '\0';
	unlink(liar->ram_path);
	close(liar->relay);
	HOST_UNTIL(!liar->a.maps[WINDOW(0)].base, &liar->a, &liar->b, NULL);
	assert_non_null(strstr(liar->a.log, "go by copy"));
	assert_int_equal(open_descriptors(), liar->descriptors - 2);
	window_write(&liar->a, 0, 0x20, &value, sizeof(value));
	window_read(&liar->a, 0, 0x20, &back, sizeof(back));
	assert_int_equal(back, value);
	liar->relay = -1;
}

int main(int argc, char **argv)
{
	const struct bed_test tests[] = {
		BED_TEST_WITHIN(test_malformed, set_up, tear_down),
		BED_TEST_WITHIN(test_counts, set_up, tear_down),
		BED_TEST_WITHIN(test_unfit, set_up, tear_down),
		BED_TEST_WITHIN(test_other_owner, set_up, tear_down),
		BED_TEST_WITHIN(test_no_descriptor, set_up, tear_down),
		BED_TEST_WITHIN(test_unreachable, set_up, tear_down),
	};

	return bed_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
