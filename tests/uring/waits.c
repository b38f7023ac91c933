/* SPDX-License-Identifier: BSD-3-Clause */
/* Accesses that have to wait, for an answer or for room: no longer than they must, and nothing is lost. */
#include "raw.h"
#include "scenario.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A host whose frontend does something else between two looks for an answer: there the connection is exchanged. */
struct exchange {
	const struct place *place;
	bool armed;
};

static void exchange_it(void *opaque)
{
	struct exchange *exchange = opaque;

	if (!exchange->armed)
		return;
	exchange->armed = false;
	place_cut_first(exchange->place);
	kill(exchange->place->daemon, SIGCONT);
	usleep(300000);
}

static void ignore_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)opaque;
	(void)address;
	(void)data;
}

static void ignore_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

/* Nobody waits on the new connection for what was asked on the old one. */
static void test_exchanged(void **state)
{
	const struct idtntb_frontend_ops ops = {
		.size = sizeof(ops), .msi = ignore_msi, .intx = ignore_intx, .waiting = exchange_it
	};
	struct idtntb_error error = { "" };
	struct exchange exchange = { .armed = false };
	struct idtntb_attachment *attachment;
	struct place place;
	int64_t start;

	(void)state;
	place_make(&place, "60");
	exchange.place = &place;
	if (idtntb_attach(&attachment, &(struct idtntb_attach_options){ .spec = place.spec }, &ops, &exchange, &error))
		fail_msg("%s", error.text);
	kill(place.daemon, SIGSTOP);
	waitpid(place.daemon, NULL, WUNTRACED);
	exchange.armed = true;
	start = now_ms();
	idtntb_attachment_config_read(attachment, 0x400, 4);
	assert_false(exchange.armed);
	assert_in_range(now_ms() - start, 300, 2000);
	idtntb_detach(attachment);
	place_end(&place);
}

static void *go_on_later(void *opaque)
{
	usleep(1500000);
	kill(*(pid_t *)opaque, SIGCONT);
	return NULL;
}

/* More doorbells than find room while the daemon takes nothing: they wait, and nothing is lost. */
static void test_posted(void **state)
{
	struct place place;
	struct host a, b;
	pthread_t thread;

	(void)state;
	place_make(&place, "60");
	host_open(&a, place.spec, 0, 0);
	host_open(&b, place.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	kill(place.daemon, SIGSTOP);
	waitpid(place.daemon, NULL, WUNTRACED);
	assert_int_equal(pthread_create(&thread, NULL, go_on_later, &place.daemon), 0);
	for (unsigned i = 0; i < 60000; i++)
		nt_write(&a, 0x420, i < 59999 ? 1 : 2);
	nt_read(&a, 0x400);
	assert_int_equal(nt_read(&b, 0x428) & 3, 3);
	assert_null(strstr(a.log, "away"));
	pthread_join(thread, NULL);
	host_close(&a);
	host_close(&b);
	place_end(&place);
}

/* A host that is only slow loses nothing: who writes to it is held back. */
static void test_slow(void **state)
{
	static uint8_t data[WINDOW_SIZE];
	struct idtntb_member before;
	struct place place;
	struct peer peer;
	struct host a;
	pthread_t thread;

	(void)state;
	place_make(&place, "20");
	host_open(&a, place.spec, 0, HOST_COPY);
	peer_start(&peer, place.spec, 2, NULL);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	window_set(&a, 0, 1, RAM_BASE);
	before = member(&a, 1);
	kill(peer.pid, SIGSTOP);
	assert_int_equal(pthread_create(&thread, NULL, go_on_later, &peer.pid), 0);
	for (unsigned round = 1; round <= 6; round++) {
		memset(data, (int)round, sizeof(data));
		copy_write(&a, 0, 0, data, sizeof(data));
	}
	copy_read(&a, 0, 0, data, sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++)
		assert_int_equal(data[i], 6);
	assert_int_equal(member(&a, 1).owner, before.owner);
	assert_true(member(&a, 1).up);
	pthread_join(thread, NULL);
	peer_kill(&peer);
	host_close(&a);
	place_end(&place);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_posted),
		cmocka_unit_test(test_slow),
	};

	if (argc < 2)
		return print_error("usage: %s PEER [TEST]\n", argv[0]), 2;
	peer_program = argv[1];
	cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
