/* SPDX-License-Identifier: BSD-3-Clause */
/* A program under test: started, its standard error read, ended. What goes wrong fails the test. */
#ifndef TESTS_COMMON_PROGRAM_H
#define TESTS_COMMON_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PATIENCE_MS 20000 /* for what must happen: sanitizers and a busy machine are slow */

struct program {
	pid_t pid; /* 0: it does not run */
	int errors; /* its standard error */
	size_t logged;
	char log[65536]; /* what it has said last, a string */
};

/* Start it with these arguments, ended by NULL. It is killed when the test's process ends. */
void program_start(struct program *program, const char *path, const char *const arguments[]);
/* Take what it has said, waiting ms at most. @return false at the end. */
bool program_read(struct program *program, int ms);
/* Read until the text is there. @return where it ends in the log. */
const char *program_says(struct program *program, const char *text);
/* Wait for it to end by itself, or send a signal and wait. @return the status of waitpid(). */
int program_wait(struct program *program);
int program_end(struct program *program, int signal);

unsigned program_descriptors(const struct program *program);
unsigned own_descriptors(void);

/* Milliseconds of a clock that nobody sets. */
long long now_ms(void);

#endif
