/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a message must be before libvfio-user sees it. Anything that could put the stream out of step, or that no client
 * has a reason to send, ends the connection; a request that is well-formed but not possible gets libvfio-user's error.
 */
#include "gate.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TYPE_MASK 0xFu
#define TYPE_COMMAND 0x0u
/* The most data of an access, as libvfio-user announces it, and what stands before them. */
#define DATA_MAXIMUM (1u << 20)
#define SIZE_MAXIMUM (DATA_MAXIMUM + 32)

#define UNMAP_GET_DIRTY_BITMAP (1u << 0)
#define UNMAP_SIZE 24
#define UNMAP_BITMAP_SIZE 16

/* The flags of SET_IRQS are those of VFIO. */
#define IRQ_DATA_EVENTFD (1u << 2)

static const struct {
	uint16_t command;
	uint16_t body; /* bytes at least */
	uint16_t descriptors; /* at most */
	const char *name;
} commands[] = {
	{ GATE_VERSION, 4, 0, "VERSION" },
	{ GATE_DMA_MAP, 32, 1, "DMA_MAP" },
	{ GATE_DMA_UNMAP, UNMAP_SIZE, 0, "DMA_UNMAP" },
	{ GATE_GET_INFO, 16, 0, "DEVICE_GET_INFO" },
	{ GATE_GET_REGION_INFO, 32, 0, "DEVICE_GET_REGION_INFO" },
	{ GATE_GET_REGION_IO_FDS, 16, 0, "DEVICE_GET_REGION_IO_FDS" },
	{ GATE_GET_IRQ_INFO, 16, 0, "DEVICE_GET_IRQ_INFO" },
	{ GATE_SET_IRQS, 20, GATE_DESCRIPTORS, "DEVICE_SET_IRQS" },
	{ GATE_REGION_READ, 16, 0, "REGION_READ" },
	{ GATE_REGION_WRITE, 16, 0, "REGION_WRITE" },
	{ GATE_RESET, 0, 0, "DEVICE_RESET" },
	{ GATE_FEATURE, 8, 0, "DEVICE_FEATURE" },
	{ GATE_MIG_DATA_READ, 8, 0, "MIG_DATA_READ" },
	{ GATE_MIG_DATA_WRITE, 8, 0, "MIG_DATA_WRITE" },
};

static uint32_t get32(const struct gate *gate, size_t at)
{
	uint32_t value;

	memcpy(&value, gate->body + at, sizeof(value));
	return value;
}

static uint64_t get64(const struct gate *gate, size_t at)
{
	uint64_t value;

	memcpy(&value, gate->body + at, sizeof(value));
	return value;
}

bool gate_check_header(struct gate *gate)
{
	const struct gate_header *header = &gate->header;

	if ((header->flags & TYPE_MASK) != TYPE_COMMAND)
		gate_refuse(gate, "a message that is no command (flags 0x%x)", header->flags);
	else if (header->size < sizeof(*header) || header->size > SIZE_MAXIMUM)
		gate_refuse(gate, "a message of %u bytes; %zu to %u are possible", header->size, sizeof(*header),
			    SIZE_MAXIMUM);
	return !gate->wrong[0];
}

static bool is_eventfd(int fd)
{
	static const char kind[] = "anon_inode:[eventfd]";
	char link[40], target[sizeof(kind)];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, target, sizeof(target));
	return size == (ssize_t)strlen(kind) && !memcmp(target, kind, (size_t)size);
}

/* A descriptor that is written to must not be one on which a write can wait, or does something else. */
static void check_eventfds(struct gate *gate)
{
	for (unsigned i = 0; i < gate->fd_count; i++) {
		int flags = fcntl(gate->fds[i], F_GETFL);

		if (!is_eventfd(gate->fds[i]))
			gate_refuse(gate, "DEVICE_SET_IRQS with a descriptor that is no eventfd");
		else if (flags < 0 || (!(flags & O_NONBLOCK) && fcntl(gate->fds[i], F_SETFL, flags | O_NONBLOCK)))
			gate_refuse(gate, "DEVICE_SET_IRQS with an eventfd that cannot be made non-blocking");
	}
}

/* A dirty bitmap would be asked for behind the fixed part; libvfio-user looks at it before it looks at the size. */
static void check_unmap(struct gate *gate)
{
	if ((get32(gate, 4) & UNMAP_GET_DIRTY_BITMAP) && gate->body_have < UNMAP_SIZE + UNMAP_BITMAP_SIZE)
		gate_refuse(gate, "DMA_UNMAP wants a bitmap and is %zu bytes", gate->body_have);
}

bool gate_check(struct gate *gate, bool negotiated)
{
	const uint16_t command = gate->header.command;

	if (negotiated != (command != GATE_VERSION))
		gate_refuse(gate, negotiated ? "VERSION a second time" : "command %u before VERSION", command);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && !gate->wrong[0]; i++) {
		if (commands[i].command != command)
			continue;
		if (gate->body_have < commands[i].body)
			gate_refuse(gate, "%s with a body of %zu bytes; it has at least %u", commands[i].name,
				    gate->body_have, commands[i].body);
		else if (gate->fd_count > commands[i].descriptors)
			gate_refuse(gate, "%s with %u descriptors; it has at most %u", commands[i].name, gate->fd_count,
				    commands[i].descriptors);
		else if (command == GATE_DMA_UNMAP)
			check_unmap(gate);
		else if (command == GATE_SET_IRQS)
			check_eventfds(gate);
		return !gate->wrong[0];
	}
	if (!gate->wrong[0] && gate->fd_count)
		gate_refuse(gate, "command %u, which is unknown, with descriptors", command);
	/* An unknown command is answered with an error: a later version of the protocol may have it. */
	return !gate->wrong[0];
}

void gate_get_dma_map(const struct gate *gate, struct gate_dma_map *map)
{
	map->argsz = get32(gate, 0);
	map->flags = get32(gate, 4);
	map->offset = get64(gate, 8);
	map->address = get64(gate, 16);
	map->size = get64(gate, 24);
}

void gate_spoil_dma_map(struct gate *gate)
{
	memset(gate->body, 0, sizeof(uint32_t));
}

void gate_get_set_irqs(const struct gate *gate, struct gate_set_irqs *set)
{
	set->argsz = get32(gate, 0);
	set->flags = get32(gate, 4);
	set->index = get32(gate, 8);
	set->start = get32(gate, 12);
	set->count = get32(gate, 16);
	set->descriptors = set->flags & IRQ_DATA_EVENTFD ? gate->fd_count : 0;
}
