/* SPDX-License-Identifier: BSD-3-Clause */
/* What an attachment does for its port on behalf of the frontend, and the frontend's calls on it. */
#include "error.h"
#include "transport.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PCICMD 0x004u
#define PCICMD_BME 0x4u
#define EVENTS 32

void ntb_log(struct idtntb_attachment *a, enum idtntb_log_level level, const char *format, ...)
{
	char text[320];
	va_list args;

	if (!a->ops.log || level > a->log_level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	a->ops.log(a->opaque, level, text);
}

void ntb_wake(struct idtntb_attachment *a)
{
	const uint64_t one = 1;

	/* The descriptor is ours alone and does not block; when its counter is full, a wake-up is pending anyway. */
	if (write(a->self, &one, sizeof(one)) < 0)
		return;
}

int ntb_watch(struct idtntb_attachment *a, int fd, uint32_t events, uint32_t tag)
{
	struct epoll_event event = { .events = events, .data.u32 = tag };

	return epoll_ctl(a->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

struct idtntb_member ntb_member(struct idtntb_attachment *a, unsigned slot)
{
	struct idtntb_member member = { .owner = 0 };

	idtntb_attachment_member(a, idtntb_switch_topology(a->sw)->ports[slot].port, &member);
	return member;
}

static bool on_copy_alive(void *opaque, unsigned slot)
{
	struct idtntb_attachment *a = opaque;
	const struct idtntb_member member = ntb_member(a, slot);

	return member.owner && member.up && (!a->transport->alive || a->transport->alive(a, slot));
}

static void on_copy_owner_called(void *opaque)
{
	ntb_wake(opaque);
}

static void on_copy_waiting(void *opaque)
{
	struct idtntb_attachment *a = opaque;

	if (a->ops.waiting)
		a->ops.waiting(a->opaque);
}

const struct ntb_copy_ops ntb_copy_ops = {
	.alive = on_copy_alive,
	.call_owner = on_copy_owner_called,
	.waiting = on_copy_waiting,
};

void ntb_attachment_offer(struct idtntb_attachment *a, unsigned slot, uint32_t owner,
			  const struct idtntb_ram_range *ranges, unsigned count)
{
	struct idtntb_error refusal;

	/* A frontend that maps nothing needs no descriptors. */
	if (!a->ops.window_map) {
		for (unsigned i = 0; i < count; i++) {
			if (ranges[i].fd >= 0)
				close(ranges[i].fd);
		}
		return;
	}
	if (!ntb_offer_take(&a->offers[slot], owner, ranges, count, a->unsealed_ram, &refusal))
		return;
	if (refusal.text[0])
		ntb_log(a, IDTNTB_LOG_WARNING, "RAM of port %u is not mapped, its windows go by copy: %s",
			idtntb_switch_topology(a->sw)->ports[slot].port, refusal.text);
	ntb_windows_update_all(a);
}

/* ---------------------------------------------------------------- callbacks of the port */

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	struct idtntb_attachment *a = opaque;

	a->ops.msi(a->opaque, address, data);
}

static void on_intx(void *opaque, bool level)
{
	struct idtntb_attachment *a = opaque;

	a->ops.intx(a->opaque, level);
}

/* Bus-master changes kick every owner, so this is also where ours becomes known to the copier. */
static void see_bus_master(struct idtntb_attachment *a)
{
	if (a->port)
		ntb_copy_admit(&a->copy, idtntb_port_peek(a->port, PCICMD) & PCICMD_BME);
}

static void on_kick(void *opaque, uint32_t slots)
{
	struct idtntb_attachment *a = opaque;

	see_bus_master(a);
	if (slots & 1u << a->slot)
		ntb_wake(a);
	slots &= ~(1u << a->slot);
	if (slots)
		a->transport->kick(a, slots);
}

static void on_drain(void *opaque)
{
	struct idtntb_attachment *a = opaque;

	ntb_copy_drain(&a->copy);
}

static void on_window_changed(void *opaque, unsigned window)
{
	ntb_windows_update(opaque, window);
}

static int on_peer_read(void *opaque, unsigned slot, uint64_t address, void *data, size_t size)
{
	struct idtntb_attachment *a = opaque;

	return ntb_copy_read(&a->copy, slot, address, data, size);
}

static int on_peer_write(void *opaque, unsigned slot, uint64_t address, const void *data, size_t size)
{
	struct idtntb_attachment *a = opaque;

	return ntb_copy_write(&a->copy, slot, address, data, size);
}

static void on_log(void *opaque, enum idtntb_log_level level, const char *text)
{
	struct idtntb_attachment *a = opaque;

	if (a->ops.log)
		a->ops.log(a->opaque, level, text);
}

static void on_guest_error(void *opaque, const char *text)
{
	struct idtntb_attachment *a = opaque;

	if (a->ops.guest_error)
		a->ops.guest_error(a->opaque, text);
}

const struct idtntb_port_ops ntb_port_ops = {
	.size = sizeof(struct idtntb_port_ops),
	.msi = on_msi,
	.intx = on_intx,
	.kick = on_kick,
	.drain = on_drain,
	.window_changed = on_window_changed,
	.peer_read = on_peer_read,
	.peer_write = on_peer_write,
	.log = on_log,
	.guest_error = on_guest_error,
};

/* ---------------------------------------------------------------- calls of the frontend */

int idtntb_attachment_fd(const struct idtntb_attachment *a)
{
	return a->epoll;
}

static void report_nonsense(struct idtntb_attachment *a)
{
	const uint32_t slots = atomic_exchange(&a->copy.nonsense, 0);
	char ports[64];

	if (slots)
		ntb_log(a, IDTNTB_LOG_WARNING,
			"the copy ring from port %s held what no sender writes; its content was dropped",
			ntb_topology_ports(idtntb_switch_topology(a->sw), slots, ports, sizeof(ports)));
}

/* For others to see; the copying thread does not touch the port handle. */
static void publish_refused(struct idtntb_attachment *a)
{
	const struct idtntb_inbound_counts counts = {
		.refused = atomic_load(&a->copy.refused),
		.address = atomic_load(&a->copy.refused_address),
		.slot = atomic_load(&a->copy.refused_from),
	};

	if (counts.refused)
		idtntb_port_inbound_set(a->port, &counts);
}

void idtntb_attachment_process(struct idtntb_attachment *a)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(a->epoll, events, EVENTS, 0);
	uint64_t value;

	/* Wake-ups are taken before the state is looked at, so that a later one is not lost. */
	for (int i = 0; i < count; i++) {
		if (events[i].data.u32 != NTB_TAG_SELF)
			a->transport->event(a, events[i].data.u32, events[i].events);
		else if (read(a->self, &value, sizeof(value)) < 0)
			continue;
	}
	/* What the copier has left to this thread. */
	ntb_copy_drain(&a->copy);
	idtntb_port_service(a->port);
	see_bus_master(a);
	ntb_windows_check_owners(a);
	report_nonsense(a);
	publish_refused(a);
	if (a->transport->settle)
		a->transport->settle(a);
}

void idtntb_attachment_drain(struct idtntb_attachment *a)
{
	if (a->transport->remote)
		a->transport->remote->drain(a);
	else
		ntb_copy_drain(&a->copy);
}

int idtntb_attachment_ram_set(struct idtntb_attachment *a, const struct idtntb_ram_range *ranges, size_t count,
			      struct idtntb_error *error)
{
	struct idtntb_error refusal = { "" };
	bool changed;
	int ret = ntb_ram_set(&a->ram, ranges, count, &changed, &refusal);

	if (changed)
		a->transport->offer(a);
	/* Once: a VMM tries again with each commit of its memory map. */
	if (ret && strcmp(refusal.text, a->ram_refusal.text))
		ntb_log(a, IDTNTB_LOG_WARNING, "this host's RAM is not offered to peers: %s", refusal.text);
	a->ram_refusal = refusal;
	return ret ? ntb_fail(error, ret, "%s", refusal.text) : 0;
}
