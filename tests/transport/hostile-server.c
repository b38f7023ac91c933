/* SPDX-License-Identifier: BSD-3-Clause */
/* Servers that send what they should not: an error or a log line, no descriptor lost, and everybody else goes on. */
#include "fake-server.h"
#include "scenario.h"

#include <idtntb-view.h>

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEMORY 0x400000u

static const char *const words[VICES] = {
	[VICE_VERSION_1] = "version 1",
	[VICE_VERSION_WITH_FD] = "before the shared memory",
	[VICE_ID_NEGATIVE] = "id -5",
	[VICE_ID_HUGE] = "id 65536",
	[VICE_MEMORY_WITHOUT_FD] = "without a descriptor",
	[VICE_MEMORY_IS_A_PIPE] = "no memory file",
	[VICE_MEMORY_READ_ONLY] = "cannot be mapped",
	[VICE_VECTOR_IS_A_FILE] = "no eventfd",
	[VICE_TWO_FDS] = "several descriptors",
	[VICE_MANY_FDS] = "several descriptors",
	[VICE_HALF_A_WORD] = "within a word",
	[VICE_END_AT_ONCE] = "closed the connection",
	[VICE_SILENT] = "greeting",
	[VICE_PEER_ID_HUGE] = "named client 1099511627776",
	[VICE_PEER_IS_A_FILE] = "else than an eventfd",
	[VICE_TOO_MANY_VECTORS] = "2048 vectors",
	[VICE_TOO_MANY_PEERS] = "1024 clients",
	[VICE_WE_ARE_GONE] = "that we are gone",
	[VICE_SECOND_MEMORY] = "named client -1",
};

static void spec_of(const struct fake_server *server, char *spec, size_t size)
{
	snprintf(spec, size, "ivshmem:%s", server->path);
}

/* When attaching: one line, in bounded time, nothing left behind. */
static void test_greeting(void **state)
{
	(void)state;
	for (enum vice vice = VICE_NONE + 1; vice <= VICE_LAST_IN_GREETING; vice++) {
		struct idtntb_error error = { "" };
		const int64_t start = now_ms();
		struct fake_server server;
		struct host host;
		unsigned before;
		char spec[128];

		fake_server_start(&server, MEMORY, vice);
		spec_of(&server, spec, sizeof(spec));
		before = open_descriptors();
		assert_true(host_try(&host, spec, 0, NULL, 0, &error) < 0);
		if (!strstr(error.text, words[vice]))
			fail_msg("vice %d: '%s' does not say '%s'", vice, error.text, words[vice]);
		assert_int_equal(open_descriptors(), before);
		assert_true(now_ms() - start < 10000);
		fake_server_end(&server);
	}
}

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)opaque;
	(void)address;
	(void)data;
}

static void on_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

/* A server that is as it should be, and a process with too few descriptors: it is not the server that gets the blame. */
static void test_few_descriptors(void **state)
{
	const struct idtntb_frontend_ops ops = { .size = sizeof(ops), .msi = on_msi, .intx = on_intx };
	struct idtntb_attach_options options = { .port = 0 };
	struct idtntb_attachment *attachment = NULL;
	struct fake_server server;
	struct rlimit limit;
	unsigned refused = 0;
	rlim_t usual;
	char spec[128];

	(void)state;
	fake_server_start(&server, MEMORY, VICE_NONE);
	spec_of(&server, spec, sizeof(spec));
	options.spec = spec;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	usual = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)dup(0); /* the first that is free */
	close((int)limit.rlim_cur);
	for (; !attachment; limit.rlim_cur++) {
		struct idtntb_error error = { "" };
		const unsigned before = open_descriptors();
		int ret;

		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		ret = idtntb_attach(&attachment, &options, &ops, NULL, &error);
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ usual, limit.rlim_max });
		if (!ret)
			break;
		refused++;
		if (!strstr(error.text, "open files"))
			fail_msg("with %u free: '%s'", refused - 1, error.text);
		assert_int_equal(open_descriptors(), before);
	}
	assert_true(refused >= 6);
	idtntb_detach(attachment);
	fake_server_end(&server);
}

/* The server we were with comes back bad, and bad again; and at last well. */
static void test_return(void **state)
{
	static const enum vice vices[] = {
		VICE_VERSION_1,    VICE_MEMORY_IS_A_PIPE, VICE_TWO_FDS,       VICE_HALF_A_WORD,
		VICE_PEER_ID_HUGE, VICE_TOO_MANY_PEERS,   VICE_SECOND_MEMORY,
	};
	struct fake_server server;
	struct host a, b;
	char spec[128];
	unsigned before;

	(void)state;
	fake_server_start(&server, MEMORY, VICE_NONE);
	spec_of(&server, spec, sizeof(spec));
	host_open(&a, spec, 0, 0);
	host_open(&b, spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	fake_server_kill(&server);
	HOST_UNTIL(strstr(a.log, "going on") && strstr(b.log, "going on"), &a, &b, NULL);
	before = open_descriptors();
	for (unsigned i = 0; i < sizeof(vices) / sizeof(vices[0]); i++) {
		const enum vice vice = vices[i];

		a.log[0] = '\0';
		server.vice = vice;
		fake_server_restart(&server);
		/* One reads of it; the other may not have been let in by a server that has but one go. */
		HOST_UNTIL(strstr(a.log, words[vice]), &a, &b, NULL);
		fake_server_kill(&server);
		scenario_doorbells(&a, &b);
		hosts_run_for(&a, &b, NULL, 20);
		assert_true(link_up(&a, 1));
	}
	HOST_UNTIL(open_descriptors() <= before + 14, &a, &b, NULL); /* own bells of the servers in between */
	server.vice = VICE_NONE;
	fake_server_restart(&server);
	a.log[0] = b.log[0] = '\0';
	HOST_UNTIL(strstr(a.log, "is back") && strstr(b.log, "is back"), &a, &b, NULL);
	scenario_doorbells(&a, &b);
	host_close(&a);
	host_close(&b);
	fake_server_end(&server);
}

/* After a good greeting. */
static void test_later(void **state)
{
	(void)state;
	for (enum vice vice = VICE_LAST_IN_GREETING + 1; vice < VICE_FLOOD; vice++) {
		struct fake_server server;
		struct host host;
		unsigned before;
		char spec[128];

		fake_server_start(&server, MEMORY, vice);
		spec_of(&server, spec, sizeof(spec));
		before = open_descriptors();
		host_open(&host, spec, 0, 0);
		HOST_UNTIL(strstr(host.log, words[vice]), &host, NULL, NULL);
		host_close(&host);
		assert_int_equal(open_descriptors(), before);
		fake_server_end(&server);
	}
}

/* A server that never stops talking does not keep us: each call ends. */
static void test_flood(void **state)
{
	struct fake_server server;
	struct host host;
	char spec[128];

	(void)state;
	fake_server_start(&server, MEMORY, VICE_FLOOD);
	spec_of(&server, spec, sizeof(spec));
	host_open(&host, spec, 0, 0);
	for (unsigned i = 0; i < 50; i++) {
		const int64_t start = now_ms();

		host_run(&host);
		assert_true(now_ms() - start < 2000);
	}
	host_close(&host);
	fake_server_end(&server);
}

/* A switch in the memory that a server gives. */
static void make_switch(struct fake_server *server)
{
	void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, server->memory, 0);
	struct idtntb_topology topology;

	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(idtntb_topology_parse(&topology, NULL, NULL, NULL, NULL), 0);
	assert_int_equal(idtntb_block_format(memory, MEMORY, &topology, NULL), 0);
	munmap(memory, MEMORY);
}

/* Who only looks fares no worse: an error or none, in bounded time, and nothing left behind. */
static void test_view(void **state)
{
	(void)state;
	for (enum vice vice = VICE_NONE + 1; vice < VICES; vice++) {
		struct idtntb_error error = { "" };
		struct idtntb_view *view = NULL;
		struct fake_server server;
		unsigned before;
		char spec[128];
		int ret;

		fake_server_start(&server, MEMORY, vice);
		make_switch(&server);
		spec_of(&server, spec, sizeof(spec));
		before = open_descriptors();
		ret = idtntb_view_open(&view, spec, &error);
		/* Its own eventfd is of no use to it, so it does not look at it. */
		assert_int_equal(!ret, vice > VICE_LAST_IN_GREETING || vice == VICE_VECTOR_IS_A_FILE);
		if (ret && !strstr(error.text, words[vice]))
			fail_msg("vice %d: '%s' does not say '%s'", vice, error.text, words[vice]);
		for (unsigned i = 0; !ret && i < 10; i++) {
			const int64_t start = now_ms();
			const int again = idtntb_view_refresh(view, &error);

			assert_true(!again || again == -ENODEV);
			assert_non_null(idtntb_view_switch(view));
			assert_true(now_ms() - start < 2000);
			usleep(10000);
		}
		idtntb_view_close(view);
		assert_int_equal(open_descriptors(), before);
		fake_server_end(&server);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greeting), cmocka_unit_test(test_return), cmocka_unit_test(test_later),
		cmocka_unit_test(test_flood),    cmocka_unit_test(test_view),   cmocka_unit_test(test_few_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
