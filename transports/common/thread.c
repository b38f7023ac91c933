/* SPDX-License-Identifier: BSD-3-Clause */
#include "thread.h"

#include <signal.h>

int ntb_thread_start(pthread_t *thread, void *(*run)(void *opaque), void *opaque, const char *name)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGSEGV);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(thread, NULL, run, opaque);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret)
		pthread_setname_np(*thread, name);
	return -ret;
}
