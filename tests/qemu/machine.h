/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A real QEMU with the plugin and no guest: qtest plays the CPU, QMP the user.
 */
#ifndef QEMU_MACHINE_H
#define QEMU_MACHINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <setjmp.h>

#include <cmocka.h>

/* Guest RAM that peers can map, of SIZE ("64M"). */
#define SHARED_RAM(size)                                                                                               \
	"-m", size, "-object", "memory-backend-memfd,id=ram,size=" size ",share=on", "-machine", "memory-backend=ram"

struct channel {
	FILE *in, *out;
};

struct machine {
	pid_t pid;
	struct channel qtest, qmp;
	char log[64]; /* where its stderr goes */
};

/* What the test program is given: QEMU, plugin, ivshmem server. Skips the program when one is missing. */
void machine_program(int argc, char **argv);
extern const char *machine_server;

/* Start a q35 with ARGS (up to NULL) after what every machine has; it must come up. */
struct machine *machine_start(const char *const *args);
#define MACHINE(...) machine_start((const char *const[]){ __VA_ARGS__, NULL })
/* Quit; the process must end with status 0 and have left no crash. */
void machine_stop(struct machine *m);
/* SIGKILL. */
void machine_kill(struct machine *m);

/* Start QEMU with ARGS instead; it must end by itself with status 1 and say TEXT on stderr. */
void machine_refused(const char *text, const char *const *args);
#define REFUSED(text, ...) machine_refused(text, (const char *const[]){ __VA_ARGS__, NULL })

/* What the machine has said on stderr so far holds TEXT. */
bool machine_said(struct machine *m, const char *text);

/* Physical memory, as a CPU accesses it. SIZE is 1, 2, 4 or 8. */
uint64_t machine_read(struct machine *m, uint64_t address, unsigned size);
void machine_write(struct machine *m, uint64_t address, uint64_t value, unsigned size);
void machine_out(struct machine *m, uint16_t port, uint32_t value);

/* Configuration space through ECAM. */
uint32_t machine_config_read(struct machine *m, unsigned device, uint32_t offset, unsigned size);
void machine_config_write(struct machine *m, unsigned device, uint32_t offset, uint32_t value, unsigned size);

/* 20 ms, for what happens some time after it was asked for. */
void machine_pause(void);

/* A QMP command as JSON; the answer (valid until the next call) is returned. */
const char *machine_qmp(struct machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, the answer must be a success. */
const char *machine_qmp_ok(struct machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Property NAME of the device with id ID as a number. */
uint64_t machine_get(struct machine *m, const char *id, const char *name);
/* Wait up to five seconds for that property to be VALUE. */
void machine_wait(struct machine *m, const char *id, const char *name, uint64_t value);

#endif
