/* SPDX-License-Identifier: BSD-3-Clause */
/* A device whose switch is in a daemon that goes away. */
#include "host.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char where[80];

static pid_t daemon_start(void)
{
	pid_t pid;

	unlink(strchr(where, ':') + 1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(machine_server, machine_server, "--listen", where, NULL);
		_exit(127);
	}
	for (unsigned i = 0; i < 250 && access(strchr(where, ':') + 1, F_OK) < 0; i++)
		machine_pause();
	return pid;
}

static void daemon_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* The answer to letting the link go, once it is a refusal or none. */
static const char *link_let_go(struct machine *m, bool refused)
{
	const char *answer = NULL;

	for (unsigned i = 0; i < 250; i++) {
		answer = machine_qmp(m, "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine/peripheral/a\","
					"\"property\":\"link\",\"value\":true}}");
		if (!strstr(answer, "\"error\"") != refused)
			break;
		machine_pause();
	}
	return answer;
}

/* What cannot be done to the link is said. */
static void link_out_of_reach(void **state)
{
	char device[128];
	struct machine *m;
	pid_t daemon;

	(void)state;
	snprintf(where, sizeof(where), "unix:/tmp/idtntb-daemon.%d", (int)getpid());
	snprintf(device, sizeof(device), "idt-ntb,id=a,addr=5,port=0,switch=uring:%s", where);
	daemon = daemon_start();
	m = MACHINE(SHARED_RAM("64M"), "-device", device);
	assert_null(strstr(link_let_go(m, false), "error"));
	daemon_kill(daemon);
	assert_non_null(strstr(link_let_go(m, true), "the link of port 0 stays as it is, its switch is out of reach"));
	daemon = daemon_start();
	assert_null(strstr(link_let_go(m, false), "error"));
	machine_wait(m, "a", "link-up", 1);
	machine_stop(m);
	daemon_kill(daemon);
	unlink(strchr(where, ':') + 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_out_of_reach),
	};

	machine_program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
