/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

void bed_make(struct bed *bed, bool real)
{
	fake_server_start(&bed->fake, MEMORY, VICE_NONE);
	bed->real = 0;
	if (real) {
		fake_server_kill(&bed->fake);
		unlink(bed->fake.path);
		bed->real = real_server_start(bed->fake.path);
	}
	snprintf(bed->spec, sizeof(bed->spec), "ivshmem:%s", bed->fake.path);
}

void server_kill(struct bed *bed)
{
	if (!bed->real) {
		fake_server_kill(&bed->fake);
		return;
	}
	kill(bed->real, SIGKILL);
	waitpid(bed->real, NULL, 0);
}

void server_restart(struct bed *bed)
{
	if (bed->real)
		bed->real = real_server_start(bed->fake.path);
	else
		fake_server_restart(&bed->fake);
}

void bed_end(struct bed *bed)
{
	if (bed->real) {
		kill(bed->real, SIGTERM);
		waitpid(bed->real, NULL, 0);
	}
	fake_server_end(&bed->fake);
}
