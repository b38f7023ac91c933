/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idtntb-vfio-user: NT ports of a switch for every VMM that is a vfio-user client. One thread, one libvfio-user context
 * and one attachment for each port; what threads share is the guard's table and the barrier of direct copies.
 */
#ifndef IDTNTB_VFIO_USER_SERVER_H
#define IDTNTB_VFIO_USER_SERVER_H

#include "gate.h"
#include "guard.h"
#include "memory.h"

#include <idtntb-transport.h>
#include <libvfio-user.h>
#include <listen.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/* ---------------------------------------------------------------- options.c */

struct port_option {
	unsigned port;
	const char *path;
};

struct server_options {
	const char *spec;
	struct port_option ports[IDTNTB_PORTS];
	unsigned port_count;
	bool topology_given;
	struct idtntb_topology topology;
	enum idtntb_log_level log_level;
	bool accept_poke;
	mode_t mode;
};

/* Ends the process with one line and status 2 if there is anything to say against the command line. */
void options_parse(struct server_options *options, int argc, char **argv);

/* ---------------------------------------------------------------- a port */

/* A window of a BAR, and where a peer's RAM is mapped for it in this process. */
struct window {
	uint64_t offset, size; /* in the BAR; size 0: there is no such window */
	uint8_t *base; /* NULL: it goes by the switch's own copies */
	size_t mapped; /* bytes from the window's start that can be reached at base */
	struct guard *guard;
};

struct bar {
	uint64_t size; /* 0: not there, or the upper half of a pair */
	bool registers;
	unsigned entries; /* windows; all have the size of the first */
};

/* What the client has set up to be told of interrupts by. */
struct interrupts {
	bool msi_armed, intx_armed;
	bool msi_masked, intx_masked;
	bool msi_pending; /* an edge that nobody was there for */
	bool intx_level;
	int unmask; /* eventfd by which the client unmasks INTx, or -1 */
};

/* What a port's thread waits for. */
enum { SOURCE_STOP, SOURCE_WAKE, SOURCE_ATTACHMENT, SOURCE_LISTENER, SOURCE_CLIENT, SOURCE_UNMASK, SOURCES };

struct port {
	const struct server_options *options;
	unsigned number;
	struct ntb_place place;
	struct ntb_listener listener;
	struct idtntb_attachment *attachment;
	vfu_ctx_t *context;
	struct gate gate;
	bool connected; /* VERSION has been exchanged */
	struct memory memory;
	struct window windows[IDTNTB_WINDOWS];
	struct bar bars[IDTNTB_BARS];
	unsigned barrier_seen;
	struct interrupts interrupts;
	int epoll; /* what the thread waits for */
	int stop; /* readable when the server ends; of all ports */
	int wake; /* readable when the guard had to act for the client's RAM */
	unsigned lines; /* about clients that were thrown out */
	pthread_t thread;
	bool running;
	_Atomic bool ended;
};

/* port.c: a port from its socket on; port_open() says why it fails. */
int port_open(struct port *port, const struct server_options *options, unsigned index, int stop);
int port_start(struct port *port);
void port_join(struct port *port);
void port_close(struct port *port);

/* switch.c: take the port on the switch; says why it fails. */
int switch_attach(struct port *port);

/* device.c: what libvfio-user shows to the client. */
int device_open(struct port *port);
void device_close(struct port *port);
/* The client is gone, or goes. */
void device_lost(struct port *port);

/* interrupts.c */
void interrupts_msi(void *opaque, uint64_t address, uint32_t data);
void interrupts_intx(void *opaque, bool level);
/*
 * A SET_IRQS message has come, with this descriptor if any. @return whether the descriptor is taken: libvfio-user is to
 * get the message without.
 */
bool interrupts_take(struct port *port, const struct gate_set_irqs *set, int fd);
/* The message has been handled. */
void interrupts_set(struct port *port, const struct gate_set_irqs *set);
void interrupts_mask(struct port *port, bool msi, bool mask);
/* The device has been reset; what the client has set up stays. */
void interrupts_reset(struct port *port);
void interrupts_lost(struct port *port);

/* windows.c */
void windows_open(struct port *port);
void windows_map(void *opaque, unsigned window, const struct idtntb_window_map *map);
void windows_access(struct port *port, unsigned bar, uint64_t offset, char *data, size_t size, bool write);
/* Return when no port copies from or to RAM that was withdrawn before. */
void windows_barrier(void);

/* report.c: one line on standard error each. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_port(const struct port *port, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For lines that a client can cause as often as it likes: the 1st to 4th, 8th, 16th, ... */
bool worth_a_line(unsigned *count);
void report_log(void *opaque, enum idtntb_log_level level, const char *text);
void report_guest_error(void *opaque, const char *text);
void report_library(vfu_ctx_t *context, int level, const char *text);

#endif
