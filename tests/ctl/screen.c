/* SPDX-License-Identifier: BSD-3-Clause */
#include "screen.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void clear(struct screen *screen)
{
	for (unsigned row = 0; row < SCREEN_MAXIMUM; row++) {
		memset(screen->cells[row], ' ', SCREEN_MAXIMUM);
		screen->cells[row][SCREEN_MAXIMUM] = '\0';
	}
}

void screen_start(struct screen *screen, struct stand *stand, unsigned rows, unsigned columns, const char *command)
{
	const struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	memset(screen, 0, sizeof(*screen));
	screen->rows = rows;
	screen->columns = columns;
	clear(screen);
	screen->pid = forkpty(&screen->fd, NULL, NULL, &size);
	assert_true(screen->pid >= 0);
	if (!screen->pid) {
		setenv("IDTNTB_SWITCH", stand->bed.spec, 1);
		setenv("CTL", ctl_program, 1);
		setenv("TERM", "xterm", 1);
		unsetenv("NO_COLOR");
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
}

void screen_resize(struct screen *screen, unsigned rows, unsigned columns)
{
	const struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	screen->rows = rows;
	screen->columns = columns;
	clear(screen);
	assert_int_equal(ioctl(screen->fd, TIOCSWINSZ, &size), 0);
}

void screen_type(struct screen *screen, const char *keys)
{
	assert_int_equal(write(screen->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* Behind the last character of a full line the cursor is still on it: terminals wrap with the next one only. */
static void erase_line(struct screen *screen)
{
	const unsigned first = screen->column < screen->columns ? screen->column : screen->columns - 1;

	for (unsigned column = first; column < SCREEN_MAXIMUM; column++)
		screen->cells[screen->row][column] = ' ';
}

/* A whole sequence: ESC [ ... letter. What the program does not use is an error. */
static void escape(struct screen *screen)
{
	const char *sequence = screen->sequence;

	if (!strcmp(sequence, "\033[H")) {
		screen->row = screen->column = 0;
	} else if (!strcmp(sequence, "\033[K")) {
		erase_line(screen);
	} else if (!strcmp(sequence, "\033[J")) {
		erase_line(screen);
		for (unsigned row = screen->row + 1; row < SCREEN_MAXIMUM; row++)
			memset(screen->cells[row], ' ', SCREEN_MAXIMUM);
	} else if (!strcmp(sequence, "\033[?1049h") || !strcmp(sequence, "\033[?1049l")) {
		screen->other = sequence[7] == 'h';
	} else if (sequence[screen->length - 1] == 'm') {
		screen->colored = true;
	} else if (strcmp(sequence, "\033[?25l") && strcmp(sequence, "\033[?25h")) {
		fail_msg("an escape sequence ESC %s", sequence + 1);
	}
}

static void put(struct screen *screen, char c)
{
	if (screen->length || c == '\033') {
		assert_true(screen->length < sizeof(screen->sequence) - 1);
		screen->sequence[screen->length++] = c;
		screen->sequence[screen->length] = '\0';
		if (screen->length > 2 && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
			escape(screen);
			screen->length = 0;
		}
	} else if (c == '\r') {
		screen->column = 0;
	} else if (c == '\n') {
		screen->row++;
		/* The other screen is drawn from its first line on and must not scroll; the usual one does. */
		if (screen->row >= screen->rows) {
			screen->beyond += screen->other;
			screen->row = screen->rows - 1;
		}
	} else {
		screen->beyond += screen->other && screen->column >= screen->columns;
		if (screen->column < SCREEN_MAXIMUM)
			screen->cells[screen->row][screen->column++] = c;
	}
}

bool screen_run(struct screen *screen, struct stand *stand, int ms)
{
	const int64_t deadline = now_ms() + ms;
	char buffer[4096];

	do {
		struct pollfd poll_fd = { screen->fd, POLLIN, 0 };
		ssize_t got;

		stand_serve(stand, 2);
		if (poll(&poll_fd, 1, 0) != 1)
			continue;
		got = read(screen->fd, buffer, sizeof(buffer));
		if (got <= 0)
			return false;
		for (ssize_t i = 0; i < got; i++)
			put(screen, buffer[i]);
	} while (now_ms() < deadline);
	return true;
}

const char *screen_until(struct screen *screen, struct stand *stand, const char *text)
{
	const int64_t deadline = now_ms() + PATIENCE_MS;

	for (;;) {
		for (unsigned row = 0; row < screen->rows; row++) {
			if (strstr(screen->cells[row], text))
				return screen->cells[row];
		}
		if (now_ms() > deadline)
			fail_msg("no '%s' on the screen; its first lines: %.200s / %.200s", text, screen->cells[0],
				 screen->cells[1]);
		screen_run(screen, stand, 20);
	}
}

int screen_end(struct screen *screen, struct stand *stand)
{
	const int64_t deadline = now_ms() + PATIENCE_MS;
	int status;

	while (screen_run(screen, stand, 20) && now_ms() < deadline) {
	}
	if (now_ms() >= deadline)
		kill(screen->pid, SIGKILL);
	close(screen->fd);
	assert_int_equal(waitpid(screen->pid, &status, 0), screen->pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
