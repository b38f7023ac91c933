/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idtntb-ivshmem-server: hands the switch's shared memory and everybody's doorbells to those who connect. No guest
 * traffic goes through it, and clients outlive it: see docs/ivshmem.md.
 */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
	struct server_options options;
	struct loop loop;
	struct ntb_place place;
	struct memory memory;
	struct listener main, ram;
	struct clients clients;
	struct ram_relay relay;
	char ram_path[NTB_PATH_SIZE];
};

static void say_listening(const struct server *server)
{
	const struct idtntb_topology *topology = &server->options.topology;
	char ports[160] = "";
	size_t at = 0;

	for (unsigned p = 0; p < topology->port_count; p++)
		at += (size_t)snprintf(ports + at, sizeof(ports) - at, "%s%u=%u", p ? "," : "", topology->ports[p].port,
				       topology->ports[p].partition);
	say("listening on %s: %s, ports %s (port=partition), %llu KiB%s, %u vectors", server->options.socket,
	    topology->chip->name, ports, (unsigned long long)server->options.size >> 10,
	    server->memory.kept ? " kept from the server before" : "", server->options.vectors);
}

/* The switch is there before its sockets are, and PATH.ram before PATH: who can connect finds all of it. */
static int listen_and_run(struct server *server)
{
	const struct server_options *options = &server->options;
	int error = listener_open(&server->ram, &server->loop, server->ram_path, SOCK_SEQPACKET, options->mode);

	if (error)
		return error;
	error = listener_open(&server->main, &server->loop, options->socket, SOCK_STREAM, options->mode);
	if (!error) {
		say_listening(server);
		error = loop_run(&server->loop);
		if (error)
			say("cannot wait for clients: %s", strerror(-error));
		else
			say("%s: ending", strsignal(server->loop.stopped_by));
		listener_close(&server->main);
	}
	listener_close(&server->ram);
	clients_close(&server->clients);
	ram_close(&server->relay);
	return error;
}

static int take_place(struct server *server)
{
	struct idtntb_error error;
	int ret = ntb_place_take(&server->place, server->options.socket, &error);

	if (!ret)
		ret = ntb_listener_clear(server->options.socket, SOCK_STREAM, &error);
	if (!ret)
		ret = ntb_listener_clear(server->ram_path, SOCK_SEQPACKET, &error);
	if (ret)
		say("%s", error.text);
	return ret;
}

static int serve(struct server *server)
{
	const struct server_options *options = &server->options;
	int error = take_place(server);

	if (!error)
		error = memory_open(&server->memory, options);
	if (!error) {
		server->clients = (struct clients){ .loop = &server->loop,
						    .vectors = options->vectors,
						    .memory = &server->memory,
						    .verbose = options->verbose };
		server->relay = (struct ram_relay){ .loop = &server->loop,
						    .slots = options->topology.port_count,
						    .verbose = options->verbose };
		server->main.accepted = clients_accepted;
		server->main.opaque = &server->clients;
		server->ram.accepted = ram_accepted;
		server->ram.opaque = &server->relay;
		error = listen_and_run(server);
		memory_close(&server->memory);
	}
	ntb_place_drop(&server->place);
	return error;
}

int main(int argc, char **argv)
{
	static struct server server;
	int error;

	options_parse(&server.options, argc, argv);
	snprintf(server.ram_path, sizeof(server.ram_path), "%s.ram", server.options.socket);
	/* 64 clients with 64 vectors, and all RAM offers, are more descriptors than the usual 1024. */
	ntb_descriptors_raise();
	error = loop_open(&server.loop);
	if (error) {
		say("cannot start: %s", strerror(-error));
		return 1;
	}
	error = serve(&server);
	loop_close(&server.loop);
	return error ? 1 : 0;
}
