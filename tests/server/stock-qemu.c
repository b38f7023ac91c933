/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * QEMU's own ivshmem-doorbell as a client: with its processors stopped, its registers driven from here (qtest).
 * Doorbells both ways and the memory's content through its BARs.
 */
#include "bench.h"

#include <idtntb.h>

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define SLOT 4
#define REGISTERS 0xfeb00000u /* where BAR0 goes */
#define MSIX 0xfeb01000u /* BAR1 */
#define MEMORY 0xe0000000u /* BAR2 */
#define IVPOSITION 0x08
#define DOORBELL 0x0c

struct qemu {
	pid_t pid;
	FILE *to, *from;
};

static void start(struct qemu *qemu, const char *socket)
{
	char chardev[160];
	int in[2], out[2];

	snprintf(chardev, sizeof(chardev), "socket,id=c,path=%s", socket);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	qemu->pid = fork();
	assert_true(qemu->pid >= 0);
	if (!qemu->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execlp("qemu-system-x86_64", "qemu-system-x86_64", "-nodefaults", "-display", "none", "-machine", "pc",
		       "-S", "-accel", "tcg", "-qtest", "stdio", "-qtest-log", "none", "-chardev", chardev, "-device",
		       "ivshmem-doorbell,chardev=c,vectors=2,addr=4", (char *)NULL);
		_exit(126);
	}
	close(in[0]);
	close(out[1]);
	qemu->to = fdopen(in[1], "w");
	qemu->from = fdopen(out[0], "r");
	assert_true(qemu->to && qemu->from);
}

/* One command of the qtest protocol. @return the number it answers, 0 if none. */
static uint64_t ask(struct qemu *qemu, const char *format, ...) __attribute__((format(printf, 2, 3)));
static uint64_t ask(struct qemu *qemu, const char *format, ...)
{
	struct pollfd state = { .fd = fileno(qemu->from), .events = POLLIN };
	char line[256];
	va_list list;

	va_start(list, format);
	vfprintf(qemu->to, format, list);
	va_end(list);
	fputc('\n', qemu->to);
	fflush(qemu->to);
	/* Every answer is one line, so nothing is left in the stream's buffer. */
	assert_true(poll(&state, 1, PATIENCE_MS) > 0);
	assert_non_null(fgets(line, sizeof(line), qemu->from));
	assert_memory_equal(line, "OK", 2);
	return strtoull(line + 2, NULL, 0);
}

static void config_write(struct qemu *qemu, unsigned offset, uint32_t value)
{
	ask(qemu, "outl 0xcf8 0x%x", 0x80000000u | SLOT << 11 | offset);
	ask(qemu, "outl 0xcfc 0x%" PRIx32, value);
}

static void stock_device(void **state)
{
	struct fixture *fixture = *state;
	struct member member;
	uint64_t memory, config;
	struct qemu qemu;
	int to_qemu[VECTORS], status;

	server_start(fixture, NULL);
	member = join(fixture->socket, 0, NULL, 0);
	start(&qemu, fixture->socket);
	expect_vectors(member.socket, 1, to_qemu);

	config_write(&qemu, 0x10, REGISTERS);
	config_write(&qemu, 0x14, MSIX);
	config_write(&qemu, 0x18, MEMORY);
	config_write(&qemu, 0x1c, 0);
	ask(&qemu, "outl 0xcf8 0x%x", 0x80000000u | SLOT << 11);
	config = ask(&qemu, "inl 0xcfc");
	assert_int_equal(config, 0x11101af4);
	config_write(&qemu, 0x04, 0x6); /* memory, bus master */

	/* Its id, the switch through its BAR, and a write through its BAR. */
	assert_int_equal(ask(&qemu, "readl 0x%x", REGISTERS + IVPOSITION), 1);
	for (unsigned at = 0; at < 256; at += 8) {
		assert_int_equal(pread(member.memory, &memory, sizeof(memory), at), sizeof(memory));
		assert_true(ask(&qemu, "readq 0x%x", MEMORY + at) == memory);
	}
	ask(&qemu, "writeq 0x%x 0x123456789abcdef0", MEMORY + 0x3ffff8);
	assert_int_equal(pread(member.memory, &memory, sizeof(memory), 0x3ffff8), sizeof(memory));
	assert_true(memory == 0x123456789abcdef0);

	/* Its doorbell register rings ours, each vector its own. */
	for (unsigned v = 0; v < VECTORS; v++) {
		struct pollfd bell = { .fd = member.bells[v], .events = POLLIN };

		ask(&qemu, "writel 0x%x 0x%x", REGISTERS + DOORBELL, v);
		assert_true(poll(&bell, 1, PATIENCE_MS) > 0);
		assert_true(rung(member.bells[v]));
		assert_false(rung(member.bells[!v]));
	}
	/* And it takes a ring of ours: it empties the counter of that eventfd. */
	for (unsigned waited = 0, v = 0; v < VECTORS; v++) {
		ring(to_qemu[v]);
		while (rung(to_qemu[v])) {
			assert_true(waited++ < PATIENCE_MS);
			ring(to_qemu[v]);
			nap_ms(1);
		}
	}

	/* It is told of others who come and go, and lives on without the server. */
	for (int64_t id = 2; id < 20; id++) {
		struct member other = join(fixture->socket, id, (const int64_t[]){ 0, 1 }, 2);
		int bells[VECTORS];

		expect_vectors(member.socket, id, bells);
		for (unsigned v = 0; v < VECTORS; v++)
			close(bells[v]);
		leave(&other);
		expect(member.socket, id, false);
	}
	program_end(&fixture->server, SIGKILL);
	assert_int_equal(ask(&qemu, "readl 0x%x", REGISTERS + IVPOSITION), 1);

	fclose(qemu.to);
	kill(qemu.pid, SIGTERM);
	assert_int_equal(waitpid(qemu.pid, &status, 0), qemu.pid);
	fclose(qemu.from);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	for (unsigned v = 0; v < VECTORS; v++)
		close(to_qemu[v]);
	leave(&member);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = { TEST(stock_device) };

	if (system("qemu-system-x86_64 --version >/dev/null 2>&1") != 0) {
		print_message("skipped: qemu-system-x86_64 is not installed\n");
		return SKIPPED;
	}
	return RUN(tests, argc, argv);
}
