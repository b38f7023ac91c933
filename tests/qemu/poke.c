/* SPDX-License-Identifier: BSD-3-Clause */
/* A device whose user lets others write its registers, one whose user does not, and both looked into meanwhile. */
#include "host.h"

#include <idtntb-view.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NTSDATA 0x40C

static void poked(void **state)
{
	char folder[] = "/tmp/idtntb-poke-XXXXXX", spec[64], device[2][128];
	struct idtntb_error error = { "" };
	struct idtntb_port_stats before, after;
	struct idtntb_view *view = NULL;
	struct machine *m;
	struct host a, b;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(spec, sizeof(spec), "shm:%s/ntb", folder);
	snprintf(device[0], sizeof(device[0]), "idt-ntb,id=a,addr=5,port=0,poke=on,switch=%s", spec);
	snprintf(device[1], sizeof(device[1]), "idt-ntb,id=b,addr=6,port=2,switch=%s", spec);
	m = MACHINE(SHARED_RAM("64M"), "-device", device[0], "-device", device[1]);
	a = (struct host){ m, "a", 5, 0 };
	b = (struct host){ m, "b", 6, 1 };
	host_enumerate(&a);
	host_enumerate(&b);
	if (idtntb_view_open(&view, spec, &error) || idtntb_view_poke(view, 0, NTSDATA, 0xCAFE, &error))
		fail_msg("%s", error.text);
	assert_int_equal(host_read(&a, NTSDATA), 0xCAFE);
	/* As the guest would have done it: with its effects. */
	assert_int_equal(idtntb_view_poke(view, 0, OUTDBELLSET, 0x40, &error), 0);
	assert_int_equal(host_read(&b, INDBELLSTS), 0x40);
	assert_int_equal(idtntb_view_poke(view, 2, NTSDATA, 1, &error), -EACCES);
	assert_int_equal(host_read(&b, NTSDATA), 0);
	/* What the guest does is counted for all to see. */
	assert_int_equal(idtntb_view_refresh(view, &error), 0);
	idtntb_counters_stats(idtntb_view_counters(view, 0), &before);
	for (unsigned n = 0; n < 5; n++)
		host_read(&a, NTSDATA);
	assert_int_equal(idtntb_view_refresh(view, &error), 0);
	idtntb_counters_stats(idtntb_view_counters(view, 0), &after);
	assert_int_equal(after.register_reads - before.register_reads, 5);
	assert_int_equal(after.register_reads, host_stat(&a, "stats-register-reads"));
	idtntb_view_close(view);
	machine_stop(m);
	unlink(strchr(spec, ':') + 1);
	rmdir(folder);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poked),
	};

	machine_program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
