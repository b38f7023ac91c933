/* SPDX-License-Identifier: BSD-3-Clause */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ECAM 0xB0000000u
#define ARGS_MAX 96
#define SKIP 77 /* CTest's SKIP_RETURN_CODE */

const char *machine_server;
static const char *qemu, *plugin;

void machine_program(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: %s QEMU PLUGIN IVSHMEM-SERVER\n", argv[0]);
		exit(2);
	}
	qemu = argv[1];
	plugin = argv[2];
	machine_server = argv[3];
	signal(SIGPIPE, SIG_IGN); /* a QEMU that died is a failed test, not the end of the program */
	for (int i = 1; i < argc; i++) {
		if (access(argv[i], X_OK) < 0) {
			printf("skipped: %s: %s\n", argv[i], strerror(errno));
			exit(SKIP);
		}
	}
}

static int listener(char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static struct channel accepted(int fd, char *path)
{
	struct timeval wait = { .tv_sec = 20 };
	int peer;

	/* A QEMU that does not come up must not hold the test forever. */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	close(fd);
	unlink(path);
	if (peer < 0)
		fail_msg("QEMU has not come up in time");
	setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return (struct channel){ fdopen(peer, "r"), fdopen(dup(peer), "w") };
}

static void spawn(const char *const *argv, const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	execv(argv[0], (char *const *)argv);
	perror(argv[0]);
	_exit(127);
}

static unsigned arguments(const char **argv, const char *const *args)
{
	const char *const common[] = {
		qemu, "-display", "none", "-nodefaults", "-accel", "tcg", "-plugin", plugin, NULL
	};
	unsigned n = 0;

	for (unsigned i = 0; common[i]; i++)
		argv[n++] = common[i];
	for (unsigned i = 0; args[i]; i++) {
		assert_true(n < ARGS_MAX - 1);
		argv[n++] = args[i];
	}
	argv[n] = NULL;
	return n;
}

static char *line(FILE *stream)
{
	static char *buffer;
	static size_t size;

	if (getline(&buffer, &size, stream) < 0)
		fail_msg("QEMU went away");
	return buffer;
}

static const char *qtest(struct machine *m, const char *format, ...)
{
	va_list ap;
	char *answer;

	va_start(ap, format);
	vfprintf(m->qtest.out, format, ap);
	va_end(ap);
	fputc('\n', m->qtest.out);
	fflush(m->qtest.out);
	answer = line(m->qtest.in);
	if (strncmp(answer, "OK", 2) != 0)
		fail_msg("qtest: %s", answer);
	return answer + 2;
}

uint64_t machine_read(struct machine *m, uint64_t address, unsigned size)
{
	return strtoull(qtest(m, "read%c 0x%" PRIx64, "?bw?l???q"[size], address), NULL, 0);
}

void machine_write(struct machine *m, uint64_t address, uint64_t value, unsigned size)
{
	qtest(m, "write%c 0x%" PRIx64 " 0x%" PRIx64, "?bw?l???q"[size], address, value);
}

void machine_out(struct machine *m, uint16_t port, uint32_t value)
{
	qtest(m, "outl 0x%x 0x%x", port, value);
}

uint32_t machine_config_read(struct machine *m, unsigned device, uint32_t offset, unsigned size)
{
	return machine_read(m, ECAM | device << 15 | offset, size);
}

void machine_config_write(struct machine *m, unsigned device, uint32_t offset, uint32_t value, unsigned size)
{
	machine_write(m, ECAM | device << 15 | offset, value, size);
}

static const char *qmp(struct machine *m, const char *format, va_list ap)
{
	const char *answer;

	vfprintf(m->qmp.out, format, ap);
	fputc('\n', m->qmp.out);
	fflush(m->qmp.out);
	do
		answer = line(m->qmp.in);
	while (strncmp(answer, "{\"return\"", 9) != 0 && strncmp(answer, "{\"error\"", 8) != 0);
	return answer;
}

const char *machine_qmp(struct machine *m, const char *format, ...)
{
	const char *answer;
	va_list ap;

	va_start(ap, format);
	answer = qmp(m, format, ap);
	va_end(ap);
	return answer;
}

const char *machine_qmp_ok(struct machine *m, const char *format, ...)
{
	const char *answer;
	va_list ap;

	va_start(ap, format);
	answer = qmp(m, format, ap);
	va_end(ap);
	if (strncmp(answer, "{\"return\"", 9) != 0)
		fail_msg("QMP: %s", answer);
	return answer;
}

uint64_t machine_get(struct machine *m, const char *id, const char *name)
{
	const char *answer =
		machine_qmp_ok(m,
			       "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/%s\","
			       "\"property\":\"%s\"}}",
			       id, name);
	const char *value = strchr(answer, ':') + 1;

	value += strspn(value, " ");
	return strncmp(value, "true", 4) == 0 ? 1 : strtoull(value, NULL, 0);
}

void machine_wait(struct machine *m, const char *id, const char *name, uint64_t value)
{
	uint64_t last = ~value;

	for (unsigned i = 0; i < 500; i++) {
		last = machine_get(m, id, name);
		if (last == value)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	fail_msg("%s of %s is %" PRIu64 ", not %" PRIu64, name, id, last, value);
}

void machine_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

bool machine_said(struct machine *m, const char *text)
{
	char said[65536];
	int fd = open(m->log, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, said, sizeof(said) - 1);

	close(fd);
	said[n < 0 ? 0 : n] = '\0';
	return strstr(said, text) != NULL;
}

struct machine *machine_start(const char *const *args)
{
	static unsigned count;
	struct machine *m = test_calloc(1, sizeof(*m));
	const char *argv[ARGS_MAX];
	char qtest_path[64], qmp_path[64], qtest_arg[80], qmp_arg[80];
	unsigned n = arguments(argv, args);
	int qtest_fd, qmp_fd;

	snprintf(qtest_path, sizeof(qtest_path), "/tmp/idtntb-qtest.%d.%u", (int)getpid(), count);
	snprintf(qmp_path, sizeof(qmp_path), "/tmp/idtntb-qmp.%d.%u", (int)getpid(), count);
	snprintf(m->log, sizeof(m->log), "/tmp/idtntb-log.%d.%u", (int)getpid(), count++);
	snprintf(qtest_arg, sizeof(qtest_arg), "unix:%s", qtest_path);
	snprintf(qmp_arg, sizeof(qmp_arg), "unix:%s", qmp_path);
	qtest_fd = listener(qtest_path);
	qmp_fd = listener(qmp_path);
	for (const char *const *arg = (const char *const[]){ "-S", "-M", "q35", "-qtest", qtest_arg, "-qtest-log",
							     "/dev/null", "-qmp", qmp_arg, NULL };
	     *arg; arg++)
		argv[n++] = *arg;
	argv[n] = NULL;
	m->pid = fork();
	assert_true(m->pid >= 0);
	if (m->pid == 0)
		spawn(argv, m->log);
	m->qmp = accepted(qmp_fd, qmp_path);
	m->qtest = accepted(qtest_fd, qtest_path);
	line(m->qmp.in); /* the greeting */
	machine_qmp_ok(m, "{\"execute\":\"qmp_capabilities\"}");
	machine_out(m, 0xCF8, 0x80000060); /* PCIEXBAR of the q35's host bridge: ECAM on */
	machine_out(m, 0xCFC, ECAM | 1);
	return m;
}

static void forget(struct machine *m)
{
	fclose(m->qtest.in);
	fclose(m->qtest.out);
	fclose(m->qmp.in);
	fclose(m->qmp.out);
	unlink(m->log);
	test_free(m);
}

void machine_stop(struct machine *m)
{
	int status;

	machine_qmp_ok(m, "{\"execute\":\"quit\"}");
	assert_int_equal(waitpid(m->pid, &status, 0), m->pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("QEMU ended with wait status 0x%x, see %s", status, m->log);
	forget(m);
}

void machine_kill(struct machine *m)
{
	kill(m->pid, SIGKILL);
	assert_int_equal(waitpid(m->pid, NULL, 0), m->pid);
	forget(m);
}

void machine_refused(const char *text, const char *const *args)
{
	struct machine m = { 0 };
	const char *argv[ARGS_MAX];
	unsigned waited = 0;
	int status;

	arguments(argv, args);
	snprintf(m.log, sizeof(m.log), "/tmp/idtntb-log.%d.refused", (int)getpid());
	m.pid = fork();
	assert_true(m.pid >= 0);
	if (m.pid == 0)
		spawn(argv, m.log);
	while (waitpid(m.pid, &status, WNOHANG) == 0) {
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		if (++waited == 2000) {
			kill(m.pid, SIGKILL);
			waitpid(m.pid, &status, 0);
			fail_msg("QEMU was to refuse with \"%s\", but runs", text);
		}
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 1 || !machine_said(&m, text))
		fail_msg("QEMU was to refuse with \"%s\": wait status 0x%x, see %s", text, status, m.log);
	unlink(m.log);
}
