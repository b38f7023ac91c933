/* SPDX-License-Identifier: BSD-3-Clause */
/* The shm transport: opening, claiming and closing. */
#include "shm.h"

#include "../common/error.h"
#include "../common/lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int shm_open_switch(struct idtntb_attachment *a, const char *where, const struct idtntb_attach_options *options,
			   struct idtntb_error *error)
{
	struct shm *shm = calloc(1, sizeof(*shm));
	int ret;

	if (!shm)
		return ntb_fail(error, -ENOMEM, "no memory for an attachment");
	a->state = shm;
	ntb_memory_init(&shm->memory);
	ntb_shm_ram_init(shm);
	shm->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (shm->bell < 0)
		return ntb_fail(error, -errno, "descriptors of an attachment: %s", strerror(errno));
	ret = ntb_shm_file(shm, where, options, error);
	a->memory = shm->memory.base;
	a->memory_size = shm->memory.size;
	return ret;
}

static int shm_claim(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct shm *shm = shm_of(a);
	int ret = ntb_claim(a, &shm->memory, error);

	if (ret)
		return ret;
	shm->slot = a->slot;
	ntb_shm_ram_listen(a);
	return 0;
}

static int shm_joined(struct idtntb_attachment *a, struct idtntb_error *error)
{
	int ret = ntb_shm_sleeper_start(a, error);

	if (ret)
		return ret;
	ntb_lock_drop(shm_of(a)->memory.fd, NTB_LOCK_JOIN);
	ntb_wake(a); /* to fetch the RAM of those who are there */
	return 0;
}

static void shm_close(struct idtntb_attachment *a)
{
	struct shm *shm = shm_of(a);

	if (!shm)
		return;
	ntb_shm_sleeper_stop(shm);
	ntb_shm_ram_close(shm);
	/* With it the lock on the port: its next owner finds nothing of ours any more. */
	ntb_memory_drop(&shm->memory);
	if (shm->bell >= 0)
		close(shm->bell);
	free(shm);
}

static bool shm_alive(struct idtntb_attachment *a, unsigned slot)
{
	return !ntb_lock_free(shm_of(a)->memory.fd, NTB_LOCK_SLOT(slot));
}

static void shm_event(struct idtntb_attachment *a, uint32_t tag, uint32_t events)
{
	struct shm *shm = shm_of(a);

	if (tag != TAG_BELL)
		ntb_shm_ram_event(a, tag, events);
	else if (atomic_exchange(&shm->sweep, false))
		ntb_sweep(a, &shm->memory, UINT32_MAX);
}

const struct ntb_transport ntb_transport_shm = {
	.name = "shm",
	.form = "shm:PATH",
	.open = shm_open_switch,
	.claim = shm_claim,
	.joined = shm_joined,
	.close = shm_close,
	.kick = ntb_shm_kick,
	.alive = shm_alive,
	.event = shm_event,
	.settle = ntb_shm_ram_settle,
	.offer = ntb_shm_ram_offer,
	.view = &ntb_shm_view_ops,
};
