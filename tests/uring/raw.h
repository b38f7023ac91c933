/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections to and from idtntbd, byte by byte. */
#ifndef RAW_H
#define RAW_H

#include "peer.h"
#include "wire.h"

/* A daemon on a Unix socket of its own. */
struct place {
	char directory[64], path[96], where[104], spec[112];
	pid_t daemon;
};

void place_make(struct place *place, const char *silence);
void place_end(struct place *place);
/* Descriptors that the daemon has open. */
unsigned place_descriptors(const struct place *place);
/* The connection of this process's first host breaks, and nobody else's. */
void place_cut_first(const struct place *place);

/* A connection that nothing has been said on. */
int raw_connect(const struct place *place);
/* Send all, with descriptors or none; what the other side refuses is lost. */
void raw_send(int fd, const void *bytes, size_t size);
void raw_send_fds(int fd, const void *bytes, size_t size, const int *fds, unsigned count);
/* A frame: header, fixed part and what is behind it, filled up. Returns its length. */
size_t raw_frame(uint8_t *to, unsigned type, const void *fixed, size_t fixed_size, const void *extra,
		 size_t extra_size);
void raw_send_frame(int fd, unsigned type, const void *fixed, size_t size);
/* Greet, and take a port. */
void raw_greet(int fd);
void raw_attach(int fd, unsigned port);
/* Wait until the other side hangs up; what it says last is in bye. False: it does not. */
bool raw_gone(int fd, char *bye, size_t size, int ms);

uint32_t raw_random(void);

#endif
