/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idtntbd: owns a switch for clients in other processes and on other machines. See docs/uring.md.
 */
#include "daemon.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void say(const char *format, ...)
{
	char line[512];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	fprintf(stderr, "idtntbd: %s\n", line);
}

static void say_listening(const struct daemon *daemon)
{
	const struct idtntb_topology *topology = daemon->topology;
	char ports[160] = "";
	size_t at = 0;

	for (unsigned p = 0; p < topology->port_count; p++)
		at += (size_t)snprintf(ports + at, sizeof(ports) - at, "%s%u=%u", p ? "," : "", topology->ports[p].port,
				       topology->ports[p].partition);
	say("listening on %s: %s, ports %s (port=partition)", daemon->where, topology->chip->name, ports);
}

static int serve(struct daemon *daemon)
{
	int ret = ports_open(daemon);

	if (ret)
		return ret;
	ret = listen_open(daemon);
	if (!ret) {
		say_listening(daemon);
		ret = loop_run(daemon);
		if (ret)
			say("cannot wait for clients: %s", strerror(-ret));
		else
			say("ending");
	}
	listen_close(daemon);
	return ret;
}

int main(int argc, char **argv)
{
	static struct daemon_options options;
	static struct daemon daemon = { .options = &options, .poll_first = true };
	int ret;

	options_parse(&options, argc, argv);
	/* 64 clients and the RAM of eight hosts are more descriptors than some limits. */
	ntb_descriptors_raise();
	ret = loop_open(&daemon);
	if (ret)
		return 1;
	ret = serve(&daemon);
	loop_close(&daemon);
	ports_close(&daemon);
	return ret ? 1 : 0;
}
