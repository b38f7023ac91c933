/* SPDX-License-Identifier: BSD-3-Clause */
/* The port of an attachment: the handle when its switch is in our memory, else whatever the transport has for it. */
#include "transport.h"

/* In nearly all runs all attachments are of the first kind. */
static const struct ntb_remote *remote_of(const struct idtntb_attachment *a)
{
	return __builtin_expect(!!a->transport->remote, 0) ? a->transport->remote : NULL;
}

const struct idtntb_topology *idtntb_attachment_topology(const struct idtntb_attachment *a)
{
	return idtntb_switch_topology(a->sw);
}

unsigned idtntb_attachment_slot(const struct idtntb_attachment *a)
{
	return a->slot;
}

uint64_t idtntb_attachment_config_read(struct idtntb_attachment *a, uint32_t offset, unsigned size)
{
	const struct ntb_remote *remote = remote_of(a);

	return remote ? remote->config_read(a, offset, size) : idtntb_port_config_read(a->port, offset, size);
}

void idtntb_attachment_config_write(struct idtntb_attachment *a, uint32_t offset, uint64_t value, unsigned size)
{
	const struct ntb_remote *remote = remote_of(a);

	if (remote)
		remote->config_write(a, offset, value, size);
	else
		idtntb_port_config_write(a->port, offset, value, size);
}

void idtntb_attachment_bar_read(struct idtntb_attachment *a, unsigned bar, uint64_t offset, void *data, size_t size)
{
	const struct ntb_remote *remote = remote_of(a);

	if (remote)
		remote->bar_read(a, bar, offset, data, size);
	else
		idtntb_port_bar_read(a->port, bar, offset, data, size);
}

void idtntb_attachment_bar_write(struct idtntb_attachment *a, unsigned bar, uint64_t offset, const void *data,
				 size_t size)
{
	const struct ntb_remote *remote = remote_of(a);

	if (remote)
		remote->bar_write(a, bar, offset, data, size);
	else
		idtntb_port_bar_write(a->port, bar, offset, data, size);
}

void idtntb_attachment_mirror(struct idtntb_attachment *a, uint32_t offset, uint32_t value)
{
	const struct ntb_remote *remote = remote_of(a);

	if (remote)
		remote->mirror(a, offset, value);
	else
		idtntb_port_mirror(a->port, offset, value);
}

uint32_t idtntb_attachment_peek(struct idtntb_attachment *a, uint32_t offset)
{
	const struct ntb_remote *remote = remote_of(a);

	return remote ? remote->peek(a, offset) : idtntb_port_peek(a->port, offset);
}

void idtntb_attachment_reset(struct idtntb_attachment *a)
{
	const struct ntb_remote *remote = remote_of(a);

	if (remote)
		remote->reset(a);
	else
		idtntb_port_reset(a->port);
}

void idtntb_attachment_link_set(struct idtntb_attachment *a, bool up)
{
	const struct ntb_remote *remote = remote_of(a);

	if (remote)
		remote->link_set(a, up);
	else
		idtntb_port_link_set(a->port, up);
}

int idtntb_attachment_window(struct idtntb_attachment *a, unsigned window, struct idtntb_window *info)
{
	const struct ntb_remote *remote = remote_of(a);

	return remote ? remote->window(a, window, info) : idtntb_port_window(a->port, window, info);
}

void idtntb_attachment_stats(struct idtntb_attachment *a, struct idtntb_port_stats *stats)
{
	const struct ntb_remote *remote = remote_of(a);

	if (remote)
		remote->stats(a, stats);
	else
		idtntb_port_stats(a->port, stats);
}

int idtntb_attachment_member(struct idtntb_attachment *a, unsigned port, struct idtntb_member *member)
{
	const struct ntb_remote *remote = remote_of(a);

	return remote ? remote->member(a, port, member) : idtntb_switch_member(a->sw, port, member);
}

int idtntb_attachment_link_force(struct idtntb_attachment *a, unsigned port, bool down)
{
	const struct ntb_remote *remote = remote_of(a);
	int ret;

	if (remote)
		return remote->link_force(a, port, down);
	ret = idtntb_switch_link_force(a->sw, port, down);
	if (!ret)
		idtntb_port_announce(a->port);
	return ret;
}
