/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	struct idtntb_error error = { "" };
	struct idtntb_topology topology;
	static struct host host;

	if (argc < 3 || (argc > 3 && idtntb_topology_parse(&topology, NULL, argv[3], NULL, &error))) {
		fprintf(stderr, "usage: %s SPEC PORT [PORTS]\n", argv[0]);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (host_try(&host, argv[1], (unsigned)atoi(argv[2]), argc > 3 ? &topology : NULL, 0, &error)) {
		printf("%s\n", error.text);
		return 1;
	}
	window_set(&host, 0, 0, RAM_BASE);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		uint32_t bells;

		hosts_wait(&host, NULL, NULL, -1);
		/* Until none is left, as a driver does: only then does the next make an interrupt. Ours come to us as well. */
		while ((bells = nt_read(&host, 0x428))) {
			nt_write(&host, 0x428, bells);
			bells &= 0xFFFF;
			if (!bells)
				continue;
			memcpy(host.ram, &bells, sizeof(bells));
			nt_write(&host, 0x420, bells << 16);
		}
	}
}
