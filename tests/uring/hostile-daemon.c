/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A daemon that greets as it should and then says anything. Its client's guest sees nonsense, and that is all: no crash, no
 * access that hangs, no descriptor kept.
 */
#include "raw.h"

#include <idtntb-view.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONVERSATIONS 30
#define FRAMES 120 /* in each */
#define FLOOD_MS 12000 /* far longer than an access waits */

/* What a terminal would obey, and more lines than one. */
static const char last_words[] = "\033]0;owned\a\nidtntbctl: all is well\r\302\233K";

struct fake {
	char path[96], spec[120];
	int listener;
	pthread_t thread;
	void (*speak)(struct fake *fake, int fd); /* all of a conversation */
	atomic_bool stop;
	atomic_uint conversations;
};

static void answer(int fd, unsigned type, const void *fixed, size_t size)
{
	uint8_t bytes[8192];

	raw_send(fd, bytes, raw_frame(bytes, type, fixed, size, NULL, 0));
}

static void greet(int fd, const char *ports)
{
	struct wire_welcome welcome = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .capabilities = WIRE_CAP_RAM, .silence_ms = 2000
	};
	const struct wire_attached attached = { .owner = 77 };
	struct idtntb_topology topology;
	struct wire_peer peer = { .slot = 1, .owner = 78, .up = 1 };
	const struct wire_data done = { .tag = 1 };

	uint8_t heard[8192];

	idtntb_topology_parse(&topology, NULL, ports, NULL, NULL);
	ntb_wire_topology_put(&welcome, &topology);
	recv(fd, heard, sizeof(struct wire_frame) + sizeof(struct wire_hello), MSG_WAITALL);
	answer(fd, WIRE_WELCOME, &welcome, sizeof(welcome));
	recv(fd, heard, sizeof(struct wire_frame) + sizeof(struct wire_attach), MSG_WAITALL);
	answer(fd, WIRE_ATTACHED, &attached, sizeof(attached));
	answer(fd, WIRE_PEER, &peer, sizeof(peer));
	/* Whatever it asks next: a client that joins, or one that replays its registers. */
	recv(fd, heard, sizeof(heard), 0);
	answer(fd, WIRE_DATA_FRAME, &done, sizeof(done)); /* of the first question */
}

/* Mostly what a daemon sends, with small numbers in it, so that it is looked into. */
static void say_anything(int fd)
{
	static const unsigned types[] = { WIRE_DATA_FRAME, WIRE_MSI,         WIRE_INTX,      WIRE_WINDOW,
					  WIRE_PEER,       WIRE_OFFERED,     WIRE_RAM_WRITE, WIRE_RAM_READ,
					  WIRE_LOG,        WIRE_GUEST_ERROR, WIRE_PING };
	const unsigned type = types[raw_random() % (sizeof(types) / sizeof(types[0]))];
	const struct wire_kind *kind = ntb_wire_kind(type);
	uint8_t bytes[8192], fixed[64], extra[WIRE_DATA];
	int fds[WIRE_RANGES];
	uint32_t count = 0, fd_count = 0;
	size_t size;

	for (size_t i = 0; i < sizeof(fixed); i++)
		fixed[i] = (uint8_t)(raw_random() % 3 ? 0 : raw_random() % 3 ? raw_random() % 8 : raw_random());
	for (size_t i = 0; i < sizeof(extra); i++)
		extra[i] = (uint8_t)raw_random();
	if (kind->unit) {
		count = raw_random() % (kind->most + 1u);
		memcpy(fixed + kind->count_at, &count, sizeof(count));
	}
	if (type == WIRE_OFFERED)
		fd_count = raw_random() % 4 ? count : raw_random() % WIRE_RANGES;
	for (unsigned i = 0; i < fd_count; i++)
		fds[i] = raw_random() % 2 ? open("/dev/null", O_RDWR | O_CLOEXEC) : memfd_create("x", MFD_CLOEXEC);
	size = raw_frame(bytes, type, fixed, kind->fixed, extra, (size_t)count * kind->unit);
	if (raw_random() % 50 == 0)
		bytes[raw_random() % size] ^= (uint8_t)raw_random();
	raw_send_fds(fd, bytes, size, fds, fd_count);
	for (unsigned i = 0; i < fd_count; i++)
		close(fds[i]);
}

static void say_bye(int fd)
{
	const struct wire_text text = { .size = sizeof(last_words) - 1 };
	uint8_t bytes[512];

	raw_send(fd, bytes, raw_frame(bytes, WIRE_BYE, &text, sizeof(text), last_words, text.size));
}

static void speak_of_anything(struct fake *fake, int fd)
{
	uint8_t heard[65536];

	greet(fd, NULL);
	for (unsigned i = 0; i < FRAMES && !atomic_load(&fake->stop); i++) {
		say_anything(fd);
		while (recv(fd, heard, sizeof(heard), MSG_DONTWAIT) > 0)
			;
	}
	say_bye(fd);
}

/* It does not even greet. */
static void say_bye_at_once(struct fake *fake, int fd)
{
	uint8_t heard[4096];

	(void)fake;
	say_bye(fd);
	/* What has not been read when it is closed would take that along. */
	shutdown(fd, SHUT_WR);
	while (recv(fd, heard, sizeof(heard), 0) > 0)
		;
}

/* Writes of nothing: more work for who carries them out than for who sends them. */
static void write_without_end(struct fake *fake, int fd)
{
	static struct {
		struct wire_frame frame;
		struct wire_ram_write write;
	} frames[32768];
	const int64_t until = now_ms() + FLOOD_MS;
	uint8_t heard[4096];
	size_t at = 0;

	greet(fd, NULL);
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		frames[i].frame = (struct wire_frame){ .length = sizeof(frames[0]), .type = WIRE_RAM_WRITE };
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ 64 << 20 }, sizeof(int));
	while (!atomic_load(&fake->stop) && now_ms() < until) {
		ssize_t sent = send(fd, (uint8_t *)frames + at, sizeof(frames) - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		at = sent > 0 ? (at + (size_t)sent) % sizeof(frames[0]) : at;
		while (recv(fd, heard, sizeof(heard), MSG_DONTWAIT) > 0)
			;
	}
}

/* It hangs up, and goes on talking in the same breath. Who comes again finds another switch. */
static void hang_up_and_go_on(struct fake *fake, int fd)
{
	static const char words[] = "so it is, and no more";
	const struct wire_text text = { .size = sizeof(words) - 1 };
	const struct wire_peer peer = { .slot = 1, .owner = 78, .up = 1 };
	uint8_t bytes[512];
	size_t size = raw_frame(bytes, WIRE_BYE, &text, sizeof(text), words, sizeof(words) - 1);

	greet(fd, atomic_load(&fake->conversations) ? "0,4" : NULL);
	size += raw_frame(bytes + size, WIRE_PEER, &peer, sizeof(peer), NULL, 0);
	raw_send(fd, bytes, size);
}

static void *serve(void *opaque)
{
	struct fake *fake = opaque;

	while (!atomic_load(&fake->stop)) {
		int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			break;
		fake->speak(fake, fd);
		close(fd);
		atomic_fetch_add(&fake->conversations, 1);
	}
	return NULL;
}

static void fake_start(struct fake *fake, void (*speak)(struct fake *fake, int fd))
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memset(fake, 0, sizeof(*fake));
	fake->speak = speak;
	snprintf(fake->path, sizeof(fake->path), "/tmp/idtntb-fake-%d", getpid());
	snprintf(fake->spec, sizeof(fake->spec), "uring:unix:%s", fake->path);
	strncpy(address.sun_path, fake->path, sizeof(address.sun_path) - 1);
	fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fake->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fake->listener, 8), 0);
	assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

static void fake_end(struct fake *fake)
{
	atomic_store(&fake->stop, true);
	shutdown(fake->listener, SHUT_RDWR);
	pthread_join(fake->thread, NULL);
	close(fake->listener);
	unlink(fake->path);
}

static void expect_printable(const char *text, const char *besides)
{
	for (; *text; text++) {
		if ((*text < ' ' || *text > '~') && !strchr(besides, *text))
			fail_msg("byte 0x%02x in a line for people", (unsigned char)*text);
	}
}

static void test_anything(void **state)
{
	const int64_t limit = now_ms() + 120000;
	int64_t longest = 0;
	struct fake fake;
	struct host host;
	unsigned before;
	uint64_t value;

	(void)state;
	before = open_descriptors();
	fake_start(&fake, speak_of_anything);
	host_open(&host, fake.spec, 0, HOST_BARE);
	host_offer(&host, RAM_BASE, 0, RAM_SIZE, true);
	while (atomic_load(&fake.conversations) < CONVERSATIONS && now_ms() < limit) {
		const int64_t start = now_ms();

		nt_read(&host, 0x428);
		nt_write(&host, 0x420, 1);
		window_set(&host, 0, 1, RAM_BASE);
		copy_write(&host, 0, 0, &value, sizeof(value));
		copy_read(&host, 0, 0, &value, sizeof(value));
		hosts_wait(&host, NULL, NULL, 1);
		expect_printable(host.log, "\n");
		host.log[0] = '\0';
		if (now_ms() - start > longest)
			longest = now_ms() - start;
	}
	print_message("%u conversations, longest turn %d ms\n", atomic_load(&fake.conversations), (int)longest);
	assert_true(atomic_load(&fake.conversations) >= CONVERSATIONS);
	fake_end(&fake);
	host_close(&host);
	assert_int_equal(open_descriptors(), before);
}

/* Whoever asks it why is told, in one line. */
static void test_last_words(void **state)
{
	struct idtntb_error error = { "" };
	struct idtntb_view *view;
	struct fake fake;
	struct host host;

	(void)state;
	fake_start(&fake, say_bye_at_once);
	assert_int_not_equal(idtntb_view_open(&view, fake.spec, &error), 0);
	assert_non_null(strstr(error.text, "hangs up: ?]0;owned??idtntbctl"));
	expect_printable(error.text, "");
	assert_int_not_equal(host_try(&host, fake.spec, 0, NULL, HOST_BARE, &error), 0);
	assert_non_null(strstr(error.text, "hangs up: ?]0;owned"));
	expect_printable(error.text, "");
	fake_end(&fake);
}

/* Whatever keeps the client's own thread busy, an access waits no longer than for a daemon that says nothing. */
static void test_flood(void **state)
{
	struct fake fake;
	struct host host;
	int64_t start, first, longest = 0;

	(void)state;
	fake_start(&fake, write_without_end);
	host_open(&host, fake.spec, 0, HOST_BARE);
	start = now_ms();
	nt_read(&host, 0x428);
	first = now_ms() - start;
	while (now_ms() - start < FLOOD_MS / 2) {
		const int64_t turn = now_ms();

		nt_read(&host, 0x428);
		nt_write(&host, 0x420, 1);
		host_run(&host);
		longest = now_ms() - turn > longest ? now_ms() - turn : longest;
	}
	print_message("the first access took %d ms, %d at most after it\n", (int)first, (int)longest);
	assert_true(first < 4500 && longest < 2000);
	start = now_ms();
	host_close(&host);
	assert_true(now_ms() - start < 2000);
	fake_end(&fake);
}

static void say_no_more(struct fake *fake, int fd)
{
	(void)fake;
	greet(fd, NULL);
}

/* Who loses each connection as soon as it is there, and takes everybody's link up and down with it, does so twice a second. */
static void test_pause(void **state)
{
	struct fake fake;
	struct host host;

	(void)state;
	fake_start(&fake, say_no_more);
	host_open(&host, fake.spec, 0, HOST_BARE);
	hosts_run_for(&host, NULL, NULL, 2200);
	assert_in_range(atomic_load(&fake.conversations), 2, 20);
	fake_end(&fake);
	host_close(&host);
}

/* Nothing is believed after what is said last; and why it is for good is said once. */
static void test_leave(void **state)
{
	const char *refusal;
	struct fake fake;
	struct host host;

	(void)state;
	fake_start(&fake, hang_up_and_go_on);
	host_open(&host, fake.spec, 0, HOST_BARE);
	HOST_UNTIL((refusal = strstr(host.log, "the switch cannot be joined again: ")), &host, NULL, NULL);
	assert_non_null(strstr(host.log, "the daemon hangs up: so it is, and no more\n"));
	assert_false(link_up(&host, 1));
	HOST_UNTIL(atomic_load(&fake.conversations) >= 4, &host, NULL, NULL);
	assert_null(strstr(refusal + 1, "the switch cannot be joined again: "));
	fake_end(&fake);
	host_close(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anything), cmocka_unit_test(test_last_words), cmocka_unit_test(test_flood),
		cmocka_unit_test(test_leave),    cmocka_unit_test(test_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
