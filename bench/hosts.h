/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts on switches, as benchmarks need them: what a guest's driver sets up, and servers on sockets of their own. */
#ifndef BENCH_HOSTS_H
#define BENCH_HOSTS_H

#include <idtntb-transport.h>

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_RAM_AT 0x100000000ull /* bus address of a host's RAM */
#define BENCH_RAM_SIZE (1u << 20) /* a window of the default topology */
#define BENCH_LUT_BAR 2

/* Registers. */
enum {
	NTCTL = 0x400,
	NTINTMSK = 0x408,
	OUTDBELLSET = 0x420,
	INDBELLSTS = 0x428,
	INDBELLMSK = 0x42C,
};

struct bench_host {
	struct idtntb_attachment *attachment;
	int64_t interrupted; /* when the last interrupt came; 0: none yet */
	void *window; /* where its window is mapped, or NULL */
	size_t window_size;
};

/*
 * Take a port, with BAR0, MSI and completions set up and the link up; interrupts are masked.
 * @param ram where this process sees BENCH_RAM_SIZE bytes of the host's RAM, or NULL: none
 * @param fd what backs it, or -1: peers reach it by copy
 */
void bench_host_open(struct bench_host *host, const char *spec, unsigned port, void *ram, int fd);
void bench_host_close(struct bench_host *host);
/* Point the first window at the RAM of a partition. */
void bench_host_window(struct bench_host *host, unsigned partition);
/* Let doorbells interrupt, but for these. */
void bench_host_listen(struct bench_host *host, uint32_t masked);

uint32_t bench_read(struct bench_host *host, uint32_t offset);
void bench_write(struct bench_host *host, uint32_t offset, uint32_t value);

/* Start a server in a folder, or a daemon on a TCP port; spec becomes the switch's name. It ends with this process. */
pid_t bench_server(const char *program, const char *directory, char *spec, size_t size);
pid_t bench_daemon(const char *program, const char *directory, char *spec, size_t size);
void bench_end(pid_t server);
/* With all that is in it. */
void bench_folder_remove(const char *directory);

#endif
