/* SPDX-License-Identifier: BSD-3-Clause */
#include "stand.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_MS 60000

const char *ctl_program, *fuse_program;
static const struct bed_kind *kind;

bool stand_arguments(int argc, char **argv)
{
	for (unsigned k = 0; argc > 4 && bed_kinds[k]; k++) {
		if (!strcmp(bed_kinds[k]->name, argv[4]))
			kind = bed_kinds[k];
	}
	if (!kind) {
		print_error("usage: %s CTL FUSE SERVER KIND [TEST]\n", argv[0]);
		return false;
	}
	ctl_program = argv[1];
	fuse_program = argv[2];
	server_program = argv[3];
	return true;
}

static void gas_write(struct host *host, uint32_t address, uint32_t value)
{
	nt_write(host, 0xFF8, address);
	nt_write(host, 0xFFC, value);
}

/* What else the driver sets up when it probes (reference 10.3): interrupts, switch events. */
static void probe(struct host *host)
{
	nt_write(host, 0x408, nt_read(host, 0x408) & ~0xBu);
	gas_write(host, 0x3EC0C, ~0u);
	gas_write(host, 0x3EC14, ~0u);
	gas_write(host, 0x3EC30, ~0u);
	gas_write(host, 0x3EC08, ~0x3u);
	gas_write(host, 0x3EC04, ~0x23u);
	gas_write(host, 0x3EC10, ~0x5u);
	gas_write(host, 0x3EC18, ~0x5u);
	gas_write(host, 0x3EC34, ~0x3u);
}

/* As the driver's interrupt thread does: what is told is taken note of (reference 10.4). */
static void handle_interrupt(struct host *host)
{
	nt_write(host, 0x404, nt_read(host, 0x404));
	nt_write(host, 0x428, nt_read(host, 0x428));
}

void stand_serve(struct stand *stand, int ms)
{
	if (!stand->attached) {
		usleep((useconds_t)ms * 1000);
		return;
	}
	hosts_wait(&stand->a, &stand->b, NULL, ms);
	if (stand->a.msis + stand->b.msis == stand->msis)
		return;
	stand->msis = stand->a.msis + stand->b.msis;
	handle_interrupt(&stand->a);
	handle_interrupt(&stand->b);
}

void stand_attach(struct stand *stand)
{
	/* One of them lets others write its registers. */
	host_open(&stand->a, stand->bed.spec, 0, 0);
	host_open(&stand->b, stand->bed.spec, 2, HOST_ACCEPTS_POKES);
	probe(&stand->a);
	probe(&stand->b);
	HOST_UNTIL(link_up(&stand->a, 0) && link_up(&stand->a, 1), &stand->a, &stand->b, NULL);
	stand->attached = true;
}

void stand_detach(struct stand *stand)
{
	host_close(&stand->a);
	host_close(&stand->b);
	stand->attached = false;
}

void stand_make(struct stand *stand)
{
	memset(stand, 0, sizeof(*stand));
	snprintf(stand->directory, sizeof(stand->directory), "/tmp/idtntb-stand-XXXXXX");
	assert_non_null(mkdtemp(stand->directory));
	bed_make(&stand->bed, kind);
	stand_attach(stand);
}

void stand_end(struct stand *stand)
{
	if (stand->attached)
		stand_detach(stand);
	bed_end(&stand->bed);
	free(expect(stand, 0, "rm -rf \"$DIR\""));
}

int stand_set_up(void **stand)
{
	stand_make(*stand);
	return 0;
}

int stand_tear_down(void **stand)
{
	stand_end(*stand);
	return 0;
}

static void child(const struct stand *stand, const char *command, int out, int err)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	setenv("IDTNTB_SWITCH", stand->bed.spec, 1);
	setenv("CTL", ctl_program ? ctl_program : "false", 1);
	setenv("FUSE", fuse_program ? fuse_program : "false", 1);
	setenv("DIR", stand->directory, 1);
	setenv("LC_ALL", "C", 1);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

/* Files rather than pipes: a daemon that a command leaves behind keeps them open. */
static char *contents(int fd)
{
	const off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

/* Until the child has ended; the hosts go on meanwhile. */
static int wait_child(struct stand *stand, pid_t pid)
{
	const int64_t deadline = now_ms() + COMMAND_MS;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		if (now_ms() > deadline) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return 124;
		}
		stand_serve(stand, 2);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static struct output run_list(struct stand *stand, const char *format, va_list list)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	struct output output;
	char command[2048];
	pid_t pid;

	assert_true(vsnprintf(command, sizeof(command), format, list) < (int)sizeof(command));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(stand, command, out, err);
	output.status = wait_child(stand, pid);
	output.out = contents(out);
	output.err = contents(err);
	return output;
}

struct output run(struct stand *stand, const char *format, ...)
{
	struct output output;
	va_list list;

	va_start(list, format);
	output = run_list(stand, format, list);
	va_end(list);
	return output;
}

void output_free(struct output *output)
{
	free(output->out);
	free(output->err);
}

char *expect(struct stand *stand, int status, const char *format, ...)
{
	struct output output;
	va_list list;

	va_start(list, format);
	output = run_list(stand, format, list);
	va_end(list);
	if (output.status != status)
		fail_msg("'%s' ended with %d, not %d: %s%s", format, output.status, status, output.out, output.err);
	free(output.err);
	return output.out;
}

void expect_refusal(struct stand *stand, int status, const char *text, const char *format, ...)
{
	struct output output;
	va_list list;
	char *newline;

	va_start(list, format);
	output = run_list(stand, format, list);
	va_end(list);
	newline = strchr(output.err, '\n');
	if (output.status != status || !newline || newline[1] || !strstr(output.err, text))
		fail_msg("'%s' ended with %d, not %d and one line with '%s': %s", format, output.status, status, text,
			 output.err);
	output_free(&output);
}
