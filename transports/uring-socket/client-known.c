/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known without asking: members and windows as the daemon has told them, and a shadow that speaks to nobody. */
#include "client.h"

#include <errno.h>

int client_member(struct idtntb_attachment *a, unsigned port, struct idtntb_member *found)
{
	struct client *client = client_of(a);
	const int slot = idtntb_switch_slot(a->sw, port);

	if (slot < 0)
		return -EINVAL;
	pthread_mutex_lock(&client->events_lock);
	*found = client->events.members[slot];
	pthread_mutex_unlock(&client->events_lock);
	return 0;
}

int client_window(struct idtntb_attachment *a, unsigned index, struct idtntb_window *info)
{
	struct client *client = client_of(a);
	struct client_window found;
	int ret = idtntb_port_window(a->port, index, info);

	if (ret)
		return ret;
	pthread_mutex_lock(&client->events_lock);
	found = client->events.windows[index];
	pthread_mutex_unlock(&client->events_lock);
	info->readable = found.readable;
	/* The shadow knows no peers: whatever it finds beyond them is right. */
	if (!found.readable)
		return 0;
	info->state = IDTNTB_WINDOW_OPEN;
	info->slot = found.slot;
	info->address = found.address;
	info->length = found.length < info->size ? found.length : info->size;
	return 0;
}

static void ignore_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)opaque;
	(void)address;
	(void)data;
}

static void ignore_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

static void ignore_kick(void *opaque, uint32_t slots)
{
	(void)opaque;
	(void)slots;
}

const struct idtntb_port_ops client_shadow_ops = {
	.size = sizeof(client_shadow_ops),
	.msi = ignore_msi,
	.intx = ignore_intx,
	.kick = ignore_kick,
};
