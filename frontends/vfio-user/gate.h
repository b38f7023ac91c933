/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate between a client's socket and libvfio-user. libvfio-user reads a message in two blocking steps and takes what
 * comes in pieces for an error after which the stream is out of step; it keeps the descriptors of RAM to itself and
 * checks some messages only after it has used them. So messages are read here, whole, without blocking, and checked;
 * libvfio-user's own socket calls are bound to the functions at the end of this header when it is linked (see
 * libvfio-user.syms) and get the checked message from memory. It costs no system call more than libvfio-user alone.
 */
#ifndef IDTNTB_VFIO_USER_GATE_H
#define IDTNTB_VFIO_USER_GATE_H

#include <kick.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* cloud-hypervisor sends so many at a time. */
#define GATE_DESCRIPTORS 16

/* How long a client may take to finish what it has begun, or to take what it has asked for. */
#define GATE_PATIENCE_MS 5000

/* The header of every message, little-endian as all of the protocol is. */
struct gate_header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

struct gate {
	int fd; /* -1: no client */
	int stop; /* readable when the server ends: nothing is waited for then */
	struct gate_header header;
	size_t header_have;
	uint8_t *body;
	size_t body_room, body_size, body_have;
	size_t given; /* bytes of the body that libvfio-user has taken */
	bool header_given;
	bool lost; /* a reply could not be sent */
	bool whole; /* header and body are complete and wait for libvfio-user */
	int fds[GATE_DESCRIPTORS];
	unsigned fd_count;
	int64_t since; /* when the rest of a message, or a client's first one, began to be waited for; ms; 0: it is not */
	char wrong[160]; /* why the client must go; empty: nothing against it */
	struct ntb_kicker kicker; /* for the eventfds that the client has given */
};

enum gate_result {
	GATE_WAIT, /* nothing more to read for now */
	GATE_MESSAGE, /* a message is complete */
	GATE_OVER, /* the client has hung up, or must go: see wrong */
};

int64_t gate_now(void);
/* @return 0 or a negative errno value. */
int gate_init(struct gate *gate);
/* Take a connection that was accepted, non-blocking. */
void gate_open(struct gate *gate, int fd, int stop);
enum gate_result gate_read(struct gate *gate);
/* The message has been handled, or is not wanted: room for the next. */
void gate_next(struct gate *gate);
/* From now on libvfio-user sees the end of the connection; the reason is for the log. */
void gate_refuse(struct gate *gate, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* libvfio-user has closed the connection. */
void gate_closed(struct gate *gate);
void gate_destroy(struct gate *gate);
/* Milliseconds until the client has used up its time; -1: it owes nothing. */
int gate_remaining(const struct gate *gate);
/* The gate whose connection libvfio-user's calls on this thread mean. */
void gate_enter(struct gate *gate);

/* ---------------------------------------------------------------- gate-check.c */

enum {
	GATE_VERSION = 1,
	GATE_DMA_MAP = 2,
	GATE_DMA_UNMAP = 3,
	GATE_GET_INFO = 4,
	GATE_GET_REGION_INFO = 5,
	GATE_GET_REGION_IO_FDS = 6,
	GATE_GET_IRQ_INFO = 7,
	GATE_SET_IRQS = 8,
	GATE_REGION_READ = 9,
	GATE_REGION_WRITE = 10,
	GATE_RESET = 13,
	GATE_FEATURE = 16,
	GATE_MIG_DATA_READ = 17,
	GATE_MIG_DATA_WRITE = 18,
};

/* Bodies that the server looks into itself. */
struct gate_dma_map {
	uint32_t argsz, flags;
	uint64_t offset, address, size;
};

struct gate_set_irqs {
	uint32_t argsz, flags, index, start, count;
	uint32_t descriptors; /* not of the body: how many came along */
};

/* Whether a header begins a message that may be; else the gate is told why not. */
bool gate_check_header(struct gate *gate);
/* Whether a whole message may be handed on. */
bool gate_check(struct gate *gate, bool negotiated);
void gate_get_dma_map(const struct gate *gate, struct gate_dma_map *map);
void gate_get_set_irqs(const struct gate *gate, struct gate_set_irqs *set);
/* Hand a DMA_MAP on as one that libvfio-user answers with an error (it is shorter than its own header). */
void gate_spoil_dma_map(struct gate *gate);

/* ---------------------------------------------------------------- what libvfio-user calls */

int gate_library_accept(int fd, struct sockaddr *address, socklen_t *length);
int gate_library_bind(int fd, const struct sockaddr *address, socklen_t length);
int gate_library_listen(int fd, int backlog);
int gate_library_unlink(const char *path);
ssize_t gate_library_recv(int fd, void *data, size_t size, int flags);
ssize_t gate_library_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t gate_library_sendmsg(int fd, const struct msghdr *message, int flags);
int gate_library_eventfd_write(int fd, uint64_t value);

#endif
