/* SPDX-License-Identifier: BSD-3-Clause */
/* A terminal of fixed size with a program in it: what stands on its screen, and whether anything went beyond its edge. */
#ifndef SCREEN_H
#define SCREEN_H

#include "stand.h"

#include <sys/types.h>

#define SCREEN_MAXIMUM 256

struct screen {
	int fd; /* master side */
	pid_t pid;
	unsigned rows, columns;
	char cells[SCREEN_MAXIMUM][SCREEN_MAXIMUM + 1];
	unsigned row, column;
	unsigned beyond; /* characters put right of the last column or below the last row */
	bool other; /* the other screen is shown */
	bool colored; /* a colour was used */
	char sequence[32]; /* an escape sequence that has begun */
	unsigned length;
};

/* Start a command of the shell in a new terminal. */
void screen_start(struct screen *screen, struct stand *stand, unsigned rows, unsigned columns, const char *command);
/* Another size; the program is told. */
void screen_resize(struct screen *screen, unsigned rows, unsigned columns);
void screen_type(struct screen *screen, const char *keys);
/* Take what the program writes while hosts go on, for that time; false when the terminal was closed. */
bool screen_run(struct screen *screen, struct stand *stand, int ms);
/* Run until some line holds the text; fails the test when it takes too long. Returns the line. */
const char *screen_until(struct screen *screen, struct stand *stand, const char *text);
/* Wait for its end and give its exit status. */
int screen_end(struct screen *screen, struct stand *stand);

#endif
