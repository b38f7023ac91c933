/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared memory: what a server finds again, what it replaces, and what clients cannot do to it.
 */
#include "bench.h"

#include <idtntb.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void memory_of_another_user(void **state)
{
	struct fixture *fixture = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(symlink("/proc/1/fd/1", fixture->memory), 0);
	assert_int_equal(lchown(fixture->memory, 65534, 65534), 0);
	must_not_start(fixture, "s.shm: is there and not of this server");
	assert_true(there(fixture->memory));
}

static void killed_and_restarted(void **state)
{
	struct fixture *fixture = *state;
	struct member old, new;
	char byte = 0;
	ino_t memory;
	int port;

	server_start(fixture, NULL);
	memory = inode(fixture->memory);
	old = join(fixture->socket, 0, NULL, 0);
	port = hold_port(old.memory, 1);
	program_end(&fixture->server, SIGKILL);
	expect_end(old.socket);
	assert_true(there(fixture->socket) && there(fixture->ram));
	/* What is in the memory stays: nothing of it is made anew. */
	assert_int_equal(pwrite(old.memory, "x", 1, 3 << 20), 1);

	server_start(fixture, NULL);
	program_says(&fixture->server, "kept from the server before");
	assert_int_equal(inode(fixture->memory), memory);
	new = join(fixture->socket, 0, NULL, 0);
	assert_int_equal(pread(new.memory, &byte, 1, 3 << 20), 1);
	assert_int_equal(byte, 'x');
	close(port);
	leave(&old);
	leave(&new);
	program_end(&fixture->server, SIGTERM);
	assert_false(there(fixture->memory));
}

/* Nobody needs that memory any more: its keeper ends, and the link leads nowhere. */
static void killed_without_clients(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;

	server_start(fixture, NULL);
	program_end(&fixture->server, SIGKILL);
	for (unsigned waited = 0; !stat(fixture->memory, &st); waited += 10) {
		assert_true(waited < PATIENCE_MS);
		nap_ms(10);
	}
	assert_true(there(fixture->memory));
	server_start(fixture, NULL);
	assert_int_equal(stat(fixture->memory, &st), 0);
	assert_null(strstr(fixture->server.log, "kept"));
}

static void ended_while_ports_are_held(void **state)
{
	static const char *const other[] = { "--ports", "3", NULL };
	struct fixture *fixture = *state;
	const char *const arguments[] = { "--socket", fixture->socket, "--ports", "3", NULL };
	struct member member;
	ino_t memory;
	int port;

	server_start(fixture, NULL);
	member = join(fixture->socket, 0, NULL, 0);
	port = hold_port(member.memory, 0);
	memory = inode(fixture->memory);
	assert_int_equal(WEXITSTATUS(program_end(&fixture->server, SIGTERM)), 0);
	assert_non_null(strstr(fixture->server.log, "s.shm: kept, clients hold ports"));
	assert_false(there(fixture->socket) || there(fixture->ram) || there(fixture->lock));
	assert_int_equal(inode(fixture->memory), memory);

	/* Another topology: not while they live. */
	assert_int_equal(server_fails(fixture, arguments), 1);
	assert_non_null(strstr(fixture->server.log, "and it is not the switch asked for"));
	assert_int_equal(lines_of(fixture->server.log), 1);
	assert_int_equal(inode(fixture->memory), memory);
	assert_false(there(fixture->lock));
	server_start(fixture, NULL);
	assert_int_equal(inode(fixture->memory), memory);
	program_end(&fixture->server, SIGKILL);

	/* Once they are gone it is replaced. */
	close(port);
	server_start(fixture, other);
	program_says(&fixture->server, "ports 0=0,2=1,4=2 ");
	assert_int_not_equal(inode(fixture->memory), memory);
	leave(&member);
}

static void damaged_memory(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned way = 0; way < 2; way++) {
		struct member member;
		ino_t memory;
		int port;

		server_start(fixture, NULL);
		memory = inode(fixture->memory);
		member = join(fixture->socket, 0, NULL, 0);
		port = hold_port(member.memory, 3);
		program_end(&fixture->server, SIGKILL);
		if (way == 0) /* no switch in it */
			assert_int_equal(pwrite(port, "nothing here....", 16, 0), 16);
		else /* garbage behind the magic number */
			for (unsigned at = 8; at < 8192; at += 8)
				assert_int_equal(pwrite(port, "\xff\x5a\xff\xff\xff\xff\xff\x7f", 8, at), 8);
		must_not_start(fixture, "it is not the switch asked for");
		leave(&member);
		close(port);
		server_start(fixture, NULL);
		assert_null(strstr(fixture->server.log, "kept"));
		assert_int_not_equal(inode(fixture->memory), memory);
		program_end(&fixture->server, SIGKILL);
	}
}

/* What a server would take over, but for the seals. */
static int unsealed_switch(int fd)
{
	const size_t size = (idtntb_block_size() + 63) & ~(size_t)63;
	struct idtntb_topology topology;
	void *block = aligned_alloc(64, size);

	assert_true(fd >= 0 && block);
	assert_int_equal(idtntb_topology_parse(&topology, NULL, NULL, NULL, NULL), 0);
	assert_int_equal(idtntb_block_format(block, size, &topology, NULL), 0);
	assert_int_equal(ftruncate(fd, 4 << 20), 0);
	assert_int_equal(pwrite(fd, block, size, 0), size);
	free(block);
	return fd;
}

/* A link of a server that is gone, while another process has the number of its keeper. */
static void number_of_another_process(void **state)
{
	struct fixture *fixture = *state;
	char target[64];
	int fds[4];

	fds[0] = unsealed_switch(memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	fds[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(mkfifo(fixture->ram, 0600), 0);
	fds[2] = open(fixture->ram, O_RDWR | O_CLOEXEC);
	unlink(fixture->ram);
	/* On most file systems there are no seals to ask for at all. */
	fds[3] = unsealed_switch(open(fixture->ram, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	unlink(fixture->ram);
	for (unsigned f = 0; f < 4; f++) {
		snprintf(target, sizeof(target), "/proc/%d/fd/%d", (int)getpid(), fds[f]);
		unlink(fixture->memory);
		assert_int_equal(symlink(target, fixture->memory), 0);
		server_start(fixture, NULL);
		assert_null(strstr(fixture->server.log, "kept"));
		program_end(&fixture->server, SIGTERM);
		assert_false(there(fixture->memory));
		close(fds[f]);
	}
}

/* What a client can do to the others through the descriptor of the memory. */
static void memory_is_sealed(void **state)
{
	static const int64_t ids[] = { 0 };
	struct fixture *fixture = *state;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	struct member a, b;
	int bells[VECTORS], again;

	server_start(fixture, NULL);
	a = join(fixture->socket, 0, NULL, 0);
	b = join(fixture->socket, 1, ids, 1);
	expect_vectors(a.socket, 1, bells);
	again = open(fixture->memory, O_RDWR | O_CLOEXEC);
	assert_true(again >= 0);
	assert_int_equal(ftruncate(a.memory, 0), -1);
	assert_int_equal(ftruncate(again, 100), -1);
	assert_int_equal(ftruncate(again, 8 << 20), -1);
	assert_int_equal(fcntl(again, F_ADD_SEALS, F_SEAL_WRITE), -1);
	/* A lock by the descriptor that came is that client's alone and ends with it. */
	assert_int_equal(fcntl(a.memory, F_OFD_SETLK, &lock), 0);
	assert_int_equal(fcntl(b.memory, F_OFD_SETLK, &lock), -1);
	leave(&a);
	for (unsigned waited = 0; fcntl(b.memory, F_OFD_SETLK, &lock); waited += 10) {
		assert_true(waited < PATIENCE_MS);
		nap_ms(10);
	}
	close(again);
	for (unsigned v = 0; v < VECTORS; v++)
		close(bells[v]);
	leave(&b);
}

/* The process that keeps the memory is there as long as it is needed, and not longer. */
static void keeper_ends(void **state)
{
	struct fixture *fixture = *state;
	struct member member;
	char target[64] = "";
	int port, keeper;

	server_start(fixture, NULL);
	member = join(fixture->socket, 0, NULL, 0);
	port = hold_port(member.memory, 7);
	assert_true(readlink(fixture->memory, target, sizeof(target) - 1) > 0);
	assert_int_equal(sscanf(target, "/proc/%d/", &keeper), 1);
	program_end(&fixture->server, SIGKILL);
	nap_ms(200);
	assert_int_equal(kill(keeper, 0), 0);
	close(port);
	leave(&member);
	for (unsigned waited = 0; !kill(keeper, 0); waited += 10) {
		assert_true(waited < PATIENCE_MS);
		nap_ms(10);
	}
}

static void no_room_for_the_memory(void **state)
{
	struct fixture *fixture = *state;
	const struct rlimit small = { 1 << 20, RLIM_INFINITY }, all = { RLIM_INFINITY, RLIM_INFINITY };

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	must_not_start(fixture, "cannot make 4194304 bytes of shared memory");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_false(there(fixture->socket) || there(fixture->memory) || there(fixture->lock));
	assert_int_equal(rmdir(fixture->folder), 0); /* nothing at all is left */
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(memory_of_another_user),     TEST(killed_and_restarted), TEST(killed_without_clients),
		TEST(ended_while_ports_are_held), TEST(damaged_memory),       TEST(number_of_another_process),
		TEST(memory_is_sealed),           TEST(keeper_ends),          TEST(no_room_for_the_memory),
	};

	return RUN(tests, argc, argv);
}
