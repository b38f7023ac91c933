/* SPDX-License-Identifier: BSD-3-Clause */
#include "program.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS 24

long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void program_start(struct program *program, const char *path, const char *const arguments[])
{
	char *argv[ARGUMENTS + 2] = { (char *)path };
	int errors[2];

	for (unsigned i = 0; arguments[i]; i++) {
		assert_true(i < ARGUMENTS);
		argv[i + 1] = (char *)arguments[i];
	}
	assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
	program->logged = 0;
	program->log[0] = '\0';
	program->pid = fork();
	assert_true(program->pid >= 0);
	if (!program->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nothing running */
		dup2(errors[1], STDERR_FILENO);
		execv(path, argv);
		_exit(126);
	}
	close(errors[1]);
	program->errors = errors[0];
}

bool program_read(struct program *program, int ms)
{
	struct pollfd state = { .fd = program->errors, .events = POLLIN };
	ssize_t got;

	if (poll(&state, 1, ms) <= 0)
		return true;
	/* Nobody waits for what is that old. */
	if (program->logged > sizeof(program->log) / 2) {
		memmove(program->log, program->log + program->logged / 2, program->logged - program->logged / 2);
		program->logged -= program->logged / 2;
	}
	got = read(program->errors, program->log + program->logged, sizeof(program->log) - 1 - program->logged);
	if (got <= 0)
		return false;
	program->logged += (size_t)got;
	program->log[program->logged] = '\0';
	return true;
}

const char *program_says(struct program *program, const char *text)
{
	const long long until = now_ms() + PATIENCE_MS;
	const char *found;

	while (!(found = strstr(program->log, text))) {
		if (!program_read(program, 10) || now_ms() > until) {
			print_error("the program never said \"%s\" but: %s\n", text, program->log);
			fail();
		}
	}
	return found + strlen(text);
}

int program_wait(struct program *program)
{
	const long long until = now_ms() + PATIENCE_MS;
	int status;

	while (program_read(program, 10)) {
		if (now_ms() > until)
			kill(program->pid, SIGKILL); /* and the test fails by the status */
	}
	close(program->errors);
	program->errors = -1;
	assert_int_equal(waitpid(program->pid, &status, 0), program->pid);
	program->pid = 0;
	return status;
}

int program_end(struct program *program, int signal)
{
	kill(program->pid, signal);
	return program_wait(program);
}

static unsigned entries(const char *path)
{
	DIR *folder = opendir(path);
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

unsigned program_descriptors(const struct program *program)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)program->pid);
	return entries(path);
}

unsigned own_descriptors(void)
{
	return entries("/proc/self/fd");
}
