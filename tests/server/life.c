/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the server begins and ends: what it makes, replaces, keeps, refuses and removes.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static bool there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

static ino_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_ino;
}

/* Hold a port as a client does: a lock on its byte by a description of the client's own. */
static int hold_port(int memory, unsigned slot)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1 };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	return fd;
}

static int listen_at(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* The server must not start, with status 1 and one line that has this text. */
static void must_not_start(struct fixture *fixture, const char *text)
{
	const char *const arguments[] = { "--socket", fixture->socket, NULL };

	assert_int_equal(server_fails(fixture, arguments), 1);
	assert_non_null(strstr(fixture->server.log, text));
	assert_int_equal(lines_of(fixture->server.log), 1);
}

static void signals_end_it_cleanly(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct fixture *fixture = *state;

	for (unsigned s = 0; s < 3; s++) {
		struct member member;
		int status;

		server_start(fixture, NULL);
		assert_true(there(fixture->socket) && there(fixture->ram));
		assert_true(there(fixture->memory) && there(fixture->lock));
		member = join(fixture->socket, 0, NULL, 0);
		status = server_end(&fixture->server, signals[s]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		expect_end(member.socket);
		leave(&member);
		assert_false(there(fixture->socket) || there(fixture->ram));
		assert_false(there(fixture->memory) || there(fixture->lock));
	}
}

static void modes(void **state)
{
	static const char *const more[] = { "--mode", "0660", NULL };
	struct fixture *fixture = *state;
	struct stat st;

	server_start(fixture, more);
	assert_int_equal(stat(fixture->socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(stat(fixture->ram, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(stat(fixture->memory, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(stat(fixture->lock, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void live_one_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct server first;
	struct member member;
	ino_t memory;

	server_start(fixture, NULL);
	memory = inode(fixture->memory);
	first = fixture->server;
	must_not_start(fixture, "a server is running on it already");
	fixture->server = first;
	/* And is none the worse for it. */
	member = join(fixture->socket, 0, NULL, 0);
	leave(&member);
	assert_int_equal(inode(fixture->memory), memory);
	assert_true(there(fixture->lock));
}

static void others_are_left_alone(void **state)
{
	struct fixture *fixture = *state;
	int fd = listen_at(fixture->socket, SOCK_STREAM);

	/* Somebody else's server. */
	must_not_start(fixture, "another program listens");
	assert_false(there(fixture->memory) || there(fixture->lock));
	close(fd);
	unlink(fixture->socket);
	fd = listen_at(fixture->ram, SOCK_STREAM);
	must_not_start(fixture, "another program listens");
	close(fd);
	unlink(fixture->ram);
	/* Not a socket. */
	close(open(fixture->socket, O_CREAT | O_RDWR, 0600));
	must_not_start(fixture, "is not a socket");
	assert_true(there(fixture->socket));
	unlink(fixture->socket);
	assert_int_equal(symlink("/dev/null", fixture->socket), 0);
	must_not_start(fixture, "is not a socket");
	unlink(fixture->socket);
	/* A memory that is not ours to use. */
	assert_int_equal(symlink("/etc/passwd", fixture->memory), 0);
	must_not_start(fixture, "symbolic link");
	unlink(fixture->memory);
	assert_int_equal(mkfifo(fixture->memory, 0600), 0);
	must_not_start(fixture, "not a file of this user");
	unlink(fixture->memory);
	assert_int_equal(symlink("elsewhere", fixture->lock), 0);
	must_not_start(fixture, "cannot make the lock file");
}

static void memory_of_another_user(void **state)
{
	struct fixture *fixture = *state;

	if (geteuid() != 0)
		skip();
	close(open(fixture->memory, O_CREAT | O_RDWR, 0666));
	assert_int_equal(chown(fixture->memory, 65534, 65534), 0);
	must_not_start(fixture, "not a file of this user");
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
	server_end(&fixture->server, SIGKILL);
	expect_end(old.socket);
	assert_true(there(fixture->socket) && there(fixture->ram));
	/* What is in the memory stays: nothing of it is made anew. */
	assert_int_equal(pwrite(old.memory, "x", 1, 3 << 20), 1);

	server_start(fixture, NULL);
	server_says(&fixture->server, "kept from the server before");
	assert_int_equal(inode(fixture->memory), memory);
	new = join(fixture->socket, 0, NULL, 0);
	assert_int_equal(pread(new.memory, &byte, 1, 3 << 20), 1);
	assert_int_equal(byte, 'x');
	close(port);
	leave(&old);
	leave(&new);
	server_end(&fixture->server, SIGTERM);
	assert_false(there(fixture->memory));
}

static void killed_without_clients(void **state)
{
	struct fixture *fixture = *state;
	ino_t memory;

	server_start(fixture, NULL);
	memory = inode(fixture->memory);
	server_end(&fixture->server, SIGKILL);
	server_start(fixture, NULL);
	assert_int_equal(inode(fixture->memory), memory);
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
	assert_int_equal(WEXITSTATUS(server_end(&fixture->server, SIGTERM)), 0);
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
	server_end(&fixture->server, SIGKILL);

	/* Once they are gone it is replaced. */
	close(port);
	server_start(fixture, other);
	server_says(&fixture->server, "ports 0=0,2=1,4=2 ");
	assert_int_not_equal(inode(fixture->memory), memory);
	leave(&member);
}

static void damaged_memory_is_replaced(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned way = 0; way < 4; way++) {
		ino_t memory;
		int fd;

		server_start(fixture, NULL);
		memory = inode(fixture->memory);
		server_end(&fixture->server, SIGKILL);
		fd = open(fixture->memory, O_RDWR);
		assert_true(fd >= 0);
		switch (way) {
		case 0: /* no switch in it */
			assert_int_equal(pwrite(fd, "nothing here....", 16, 0), 16);
			break;
		case 1: /* empty: what a client that truncates it leaves */
			assert_int_equal(ftruncate(fd, 0), 0);
			break;
		case 2: /* cut within the block */
			assert_int_equal(ftruncate(fd, 100), 0);
			break;
		case 3: /* garbage behind the magic number */
			for (unsigned at = 8; at < 8192; at += 8)
				assert_int_equal(pwrite(fd, "\xff\x5a\xff\xff\xff\xff\xff\x7f", 8, at), 8);
			break;
		}
		server_start(fixture, NULL);
		assert_null(strstr(fixture->server.log, "kept"));
		if (way != 1)
			assert_int_not_equal(inode(fixture->memory), memory);
		server_end(&fixture->server, SIGKILL);
		close(fd);
	}
}

/* A client has the memory's descriptor and may cut it at any time. */
static void truncated_while_it_runs(void **state)
{
	struct fixture *fixture = *state;
	struct member a, b;
	int bells[VECTORS];

	server_start(fixture, NULL);
	a = join(fixture->socket, 0, NULL, 0);
	assert_int_equal(ftruncate(a.memory, 0), 0);
	b = join(fixture->socket, 1, (const int64_t[]){ 0 }, 1);
	expect_vectors(a.socket, 1, bells);
	assert_int_equal(WEXITSTATUS(server_end(&fixture->server, SIGTERM)), 0);
	assert_false(there(fixture->memory));
	for (unsigned v = 0; v < VECTORS; v++)
		close(bells[v]);
	leave(&a);
	leave(&b);
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
		TEST(signals_end_it_cleanly),     TEST(modes),
		TEST(live_one_is_refused),        TEST(others_are_left_alone),
		TEST(memory_of_another_user),     TEST(killed_and_restarted),
		TEST(killed_without_clients),     TEST(ended_while_ports_are_held),
		TEST(damaged_memory_is_replaced), TEST(truncated_while_it_runs),
		TEST(no_room_for_the_memory),
	};

	return RUN(tests, argc, argv);
}
