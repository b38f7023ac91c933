/* SPDX-License-Identifier: BSD-3-Clause */
/* A server whose user lets others write its ports' registers, and one whose user does not. */
#include "client.h"

#include <idtntb-view.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NTSDATA 0x40Cu

static void poked(void **state)
{
	static const char *const allowed[] = { "--poke", NULL };
	struct server *server = *state;
	char spec[64];

	snprintf(spec, sizeof(spec), "shm:%s/switch", server->folder);
	for (unsigned n = 0; n < 2; n++) {
		struct idtntb_error error = { "" };
		struct idtntb_view *view = NULL;
		struct client client;

		server_end(server, SIGTERM);
		server_start(server, spec, n ? allowed : NULL);
		client_open(&client, server->paths[0]);
		client_enable(&client, 0);
		if (idtntb_view_open(&view, spec, &error))
			fail_msg("%s", error.text);
		assert_int_equal(idtntb_view_poke(view, 0, NTSDATA, 0xCAFE, &error), n ? 0 : -EACCES);
		assert_int_equal(nt_read(&client, NTSDATA), n ? 0xCAFE : 0);
		idtntb_view_close(view);
		client_close(&client);
	}
	server_end(server, SIGTERM);
	unlink(strchr(spec, ':') + 1);
	server_start(server, "local:test", NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { TEST(poked) };

	return RUN(tests, argc, argv);
}
