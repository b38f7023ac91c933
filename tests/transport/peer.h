/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host in a process of its own, to be killed: transport-peer SPEC PORT [PORTS]. It answers doorbells 0 to 15 with bells 16 to 31
 * after writing the bells it got to its RAM's first dword.
 */
#ifndef PEER_H
#define PEER_H

#include "host.h"

#include <sys/types.h>

/* The program, and that of the real server; from the command line of the test. */
extern const char *peer_program, *server_program;

struct peer {
	pid_t pid;
	int output;
};

/* Start one and wait until its link is up; or until it has failed: then its error line is in error. */
bool peer_start(struct peer *peer, const char *spec, unsigned port, struct idtntb_error *error);
/* The same in two steps. ports: how many the switch has, if it is to be made; or NULL. */
void peer_launch(struct peer *peer, const char *spec, unsigned port, const char *ports);
bool peer_wait(struct peer *peer, unsigned port, struct idtntb_error *error);
void peer_kill(struct peer *peer);

/* Our real server. */
pid_t real_server_start(const char *path);
/* idtntbd, listening there ("unix:PATH", "tcp:127.0.0.1:PORT"), which takes who is silent for so many seconds for dead. */
pid_t daemon_start(const char *where, const char *silence);
/* A TCP port of this machine on which nobody listens. */
unsigned free_tcp_port(void);
/* A doorbell there and back. */
void peer_ring(struct host *host, unsigned bell);

#endif
