/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the server begins and ends: what it makes, replaces, refuses and removes.
 */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_at(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
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
		status = program_end(&fixture->server, signals[s]);
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
	struct program first;
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
	/* A memory that is not of this server. */
	assert_int_equal(symlink("/etc/passwd", fixture->memory), 0);
	must_not_start(fixture, "s.shm: is there and not of this server");
	unlink(fixture->memory);
	assert_int_equal(symlink("/proc/1/fd/1/x", fixture->memory), 0);
	must_not_start(fixture, "s.shm: is there and not of this server");
	unlink(fixture->memory);
	close(open(fixture->memory, O_CREAT | O_RDWR, 0600));
	must_not_start(fixture, "s.shm: is there and not of this server");
	assert_true(there(fixture->memory));
	unlink(fixture->memory);
	assert_int_equal(symlink("elsewhere", fixture->lock), 0);
	must_not_start(fixture, "cannot make the lock file");
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(signals_end_it_cleanly),
		TEST(modes),
		TEST(live_one_is_refused),
		TEST(others_are_left_alone),
	};

	return RUN(tests, argc, argv);
}
