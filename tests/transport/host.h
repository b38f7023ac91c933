/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host on a port: RAM in a sealed memory file, windows mapped as a VMM maps them, and the few register accesses that
 * firmware and driver make.
 */
#ifndef HOST_H
#define HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <idtntb-transport.h>
#include <pthread.h>

#define RAM_SIZE 0x400000u /* bytes of each host */
#define RAM_BASE 0x100000000u /* bus address of the first: beyond 32 bits */
#define PATIENCE_MS 20000 /* for what must happen: sanitizers and a busy machine are slow */

#define LUT_BAR 2 /* of the default topology */
#define WINDOW(entry) IDTNTB_WINDOW(LUT_BAR, entry)
#define WINDOW_SIZE 0x100000u

struct host {
	struct idtntb_attachment *attachment;
	unsigned msis;
	bool intx;
	struct {
		uint8_t *base;
		uint64_t length;
	} maps[IDTNTB_WINDOWS];
	unsigned map_calls;
	int ram_fd;
	uint8_t *ram;
	char log[4096]; /* all lines */
	unsigned guest_errors;
	/* HOST_TRANSLATED: */
	pthread_t thread; /* whose calls are for this host; that of host_try() at first */
	struct host *beside; /* served by the same thread, or NULL */
	unsigned memory_calls;
};

enum {
	HOST_COPY = 1, /* maps no windows */
	HOST_UNSEALED = 2, /* its RAM can be cut short */
	HOST_TRUSTS_UNSEALED = 4,
	HOST_BARE = 8, /* no RAM offered, nothing set up */
	HOST_TRANSLATED =
		16, /* its RAM is offered nowhere; callbacks reach it, on the thread that works for the host */
	HOST_ACCEPTS_POKES = 32,
};

/* Attach; with a link that is up and a driver's set-up unless HOST_BARE. Returns what idtntb_attach() does. */
int host_try(struct host *host, const char *spec, unsigned port, const struct idtntb_topology *topology, unsigned flags,
	     struct idtntb_error *error);
/* The same; fails the test on an error. */
void host_open(struct host *host, const char *spec, unsigned port, unsigned flags);
void host_close(struct host *host);

/* Do what is announced, without waiting. */
void host_run(struct host *host);
/* Run up to three hosts until the condition holds; fails the test when that takes too long. */
#define HOST_UNTIL(condition, a, b, c)                                                                                 \
	do {                                                                                                           \
		int64_t host_deadline_ = now_ms() + PATIENCE_MS;                                                       \
		while (!(condition)) {                                                                                 \
			if (now_ms() > host_deadline_)                                                                 \
				fail_msg("in vain: %s", #condition);                                                   \
			hosts_wait(a, b, c, 20);                                                                       \
		}                                                                                                      \
	} while (0)
void hosts_wait(struct host *a, struct host *b, struct host *c, int ms);
/* Run hosts for a while. */
void hosts_run_for(struct host *a, struct host *b, struct host *c, int ms);
int64_t now_ms(void);

/* Offer this part of the RAM at that address; the whole of it at RAM_BASE by default. */
void host_offer(struct host *host, uint64_t address, size_t offset, size_t size, bool with_fd);

/* Registers through BAR0. */
uint32_t nt_read(struct host *host, uint32_t offset);
void nt_write(struct host *host, uint32_t offset, uint32_t value);
/* The same, for what another host looks at next: a write is posted, and a read of the same host pushes it home. */
void nt_write_through(struct host *host, uint32_t offset, uint32_t value);
/* A LUT entry of LUT_BAR towards a partition; address ~0 clears it. */
void window_set(struct host *host, unsigned entry, unsigned partition, uint64_t address);
/* Window accesses as a VMM makes them: what is mapped directly, what is not by the port. */
void window_write(struct host *host, unsigned entry, uint64_t offset, const void *data, size_t size);
void window_read(struct host *host, unsigned entry, uint64_t offset, void *data, size_t size);
/* The same, never by the mapping. */
void copy_write(struct host *host, unsigned entry, uint64_t offset, const void *data, size_t size);
void copy_read(struct host *host, unsigned entry, uint64_t offset, void *data, size_t size);

/* Whether the link of the port with that index is up, seen from any host. */
bool link_up(struct host *host, unsigned slot);
struct idtntb_member member(struct host *host, unsigned slot);

unsigned open_descriptors(void);

#endif
