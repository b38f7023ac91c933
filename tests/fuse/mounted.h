/* SPDX-License-Identifier: BSD-3-Clause */
/* A mount of the stand's switch, or of another, under $DIR/mnt. */
#ifndef MOUNTED_H
#define MOUNTED_H

#include "stand.h"

#include <sys/types.h>

struct mounted {
	pid_t pid;
	char path[80]; /* the mount point */
	dev_t below; /* device of the directory that is mounted over */
};

/* Whether mounting works here at all; if not, why. */
const char *mounting_impossible(void);

/* Mount in the foreground of a process of its own and wait until it is there. */
void mounted_start(struct mounted *mounted, struct stand *stand, const char *spec);
/* Whether something is mounted there. */
bool mounted_there(const struct mounted *mounted);
/* End it with a signal (0: it is ending) and give its exit status; the mount must be gone. */
int mounted_end(struct mounted *mounted, int signal);

/* The whole of a file below the mount point, to be freed; NULL with errno set when it cannot be read. */
char *mounted_read(const struct mounted *mounted, const char *name);
/* It must be readable and contain text. */
void mounted_expect(const struct mounted *mounted, const char *name, const char *text);

/* For main(): skip where nothing can be mounted. */
#define MOUNTED_MAIN(tests, argc, argv)                                                                                \
	(mounting_impossible() ? (print_message("skipped: %s\n", mounting_impossible()), 77)                           \
			       : STAND_MAIN(tests, argc, argv))

#endif
