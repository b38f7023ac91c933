/* SPDX-License-Identifier: BSD-3-Clause */
/* idtntbctl top in a terminal: the other screen of it, keys, its size, and leaving it as it was. */
#include "top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define FALLBACK_COLUMNS 80
#define FALLBACK_ROWS 24

static volatile sig_atomic_t ending, suspending;

static void on_signal(int number)
{
	if (number == SIGTSTP)
		suspending = 1;
	else if (number != SIGWINCH && number != SIGCONT)
		ending = 1;
}

struct live {
	struct termios saved;
	bool keys; /* standard input is a terminal, and saved holds what it was */
	sigset_t waiting; /* mask while waiting: signals come then, and only then */
};

static void say_terminal(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

static void enter(struct live *live)
{
	struct termios raw;

	live->keys = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &live->saved);
	if (live->keys) {
		raw = live->saved;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	say_terminal(ENTER);
}

static void leave(const struct live *live)
{
	say_terminal(LEAVE);
	if (live->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &live->saved);
}

static void block_signals(struct live *live)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&action.sa_mask);
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaddset(&blocked, numbers[i]);
		sigaction(numbers[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, &live->waiting);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigdelset(&live->waiting, numbers[i]);
}

/*
 * In one write, so that nothing half drawn is seen. The last column stays free: after a character there the cursor is still
 * on it, and what erases the rest of the line erases that character.
 */
static void draw(const struct top_frame *frame)
{
	struct winsize size = { 0 };
	unsigned columns, rows;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return;
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	columns = size.ws_col ? size.ws_col : FALLBACK_COLUMNS;
	rows = size.ws_row ? size.ws_row : FALLBACK_ROWS;
	fputs("\033[H", out);
	top_print(out, frame, columns - 1, rows, "\033[K\r\n");
	fputs("\033[K\033[J", out);
	if (!fclose(out)) {
		fwrite(text, 1, length, stdout);
		fflush(stdout);
	}
	free(text);
}

static void suspend(struct live *live)
{
	suspending = 0;
	leave(live);
	raise(SIGSTOP);
	enter(live);
}

static double seconds_until(const struct timespec *due)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(due->tv_sec - now.tv_sec) + (double)(due->tv_nsec - now.tv_nsec) / 1e9;
}

/* Wait for the next frame, or until something is to be drawn anew; true when it is time for a new sample. */
static bool wait_frame(struct live *live, double left)
{
	struct pollfd keyboard = { .fd = live->keys ? STDIN_FILENO : -1, .events = POLLIN };
	const struct timespec timeout = { .tv_sec = (time_t)left,
					  .tv_nsec = (long)((left - (double)(time_t)left) * 1e9) };
	const int ready = ppoll(&keyboard, 1, &timeout, &live->waiting);
	char key = 0;

	if (ready > 0) {
		const ssize_t got = read(STDIN_FILENO, &key, 1);

		if (got == 1 && (key == 'q' || key == 'Q'))
			ending = 1;
		/* The terminal is gone. */
		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			ending = 1;
	}
	if (suspending)
		suspend(live);
	return !ready || key == ' ';
}

int top_live(struct ctl *ctl, struct top_frame *frame)
{
	struct live live = { .keys = false };
	struct timespec due;

	block_signals(&live);
	enter(&live);
	while (!ending) {
		top_sample(ctl, frame);
		clock_gettime(CLOCK_MONOTONIC, &due);
		due.tv_sec += (time_t)frame->delay;
		due.tv_nsec += (long)((frame->delay - (double)(time_t)frame->delay) * 1e9);
		draw(frame);
		for (double left = seconds_until(&due); !ending && left > 0; left = seconds_until(&due)) {
			if (wait_frame(&live, left))
				break;
			if (!ending)
				draw(frame);
		}
	}
	leave(&live);
	return CTL_DONE;
}
