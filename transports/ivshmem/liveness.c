/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who has died. Every owner holds a lock that the kernel drops with its process. Usually the server tells that a client is
 * gone; a port whose owner no server would tell us of (there is none, or it has not rejoined) is looked at each second.
 */
#include "ivshmem.h"

#include "../common/claim.h"
#include "../common/futex.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>

#define SECOND (1000 * NTB_MS)
#define SUSPECT_PERIOD (20 * NTB_MS)
#define SUSPECT_TIME (2000 * NTB_MS) /* a dying process gives its memory back before its locks */

void ntb_liveness_sweep(struct idtntb_attachment *a, uint32_t slots)
{
	struct ivshmem *iv = ivshmem_of(a);
	const uint32_t living = ntb_sweep(a, &iv->memory, slots);

	iv->suspects &= ~slots | living;
}

void ntb_liveness_suspect(struct idtntb_attachment *a, uint32_t bell)
{
	struct ivshmem *iv = ivshmem_of(a);

	for (unsigned slot = 0; slot < idtntb_switch_topology(a->sw)->port_count; slot++) {
		const struct idtntb_member member = ntb_member(a, slot);

		if (slot != a->slot && member.owner && member.bell == bell)
			iv->suspects |= 1u << slot;
	}
	iv->suspects_until = ntb_now() + SUSPECT_TIME;
	ntb_liveness_sweep(a, ntb_others(a));
	iv->suspects_at = iv->suspects ? ntb_now() + SUSPECT_PERIOD : 0;
}

static void look_at_suspects(struct idtntb_attachment *a, int64_t now)
{
	struct ivshmem *iv = ivshmem_of(a);

	ntb_liveness_sweep(a, iv->suspects);
	if (now >= iv->suspects_until)
		iv->suspects = 0; /* alive, and only the server has lost it: it is looked at each second now */
	iv->suspects_at = iv->suspects ? now + SUSPECT_PERIOD : 0;
}

void ntb_liveness_timer(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	const int64_t now = ntb_now();

	iv->timer_set = 0;
	if (iv->suspects_at && now >= iv->suspects_at)
		look_at_suspects(a, now);
	if (iv->probe_at && now >= iv->probe_at) {
		iv->probe_at = 0;
		ntb_liveness_sweep(a, ntb_others(a));
	}
	if (iv->ram_at && now >= iv->ram_at) {
		iv->ram_at = 0;
		ntb_ram_socket_connect(a);
	}
	if (iv->connect_at && now >= iv->connect_at) {
		iv->connect_at = 0;
		ntb_server_connect(a);
	}
}

/* Whether some port is held by an owner of whose death no server would tell us. */
static bool unwatched(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);

	for (unsigned slot = 0; slot < idtntb_switch_topology(a->sw)->port_count; slot++) {
		const struct idtntb_member member = ntb_member(a, slot);

		if (slot != a->slot && member.owner && ntb_peers_find(&iv->peers, member.bell) < 0)
			return true;
	}
	return false;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return !a || (b && b < a) ? b : a;
}

void ntb_liveness_plan(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct itimerspec when = { .it_value.tv_sec = 0 };
	int64_t next;

	if (!unwatched(a))
		iv->probe_at = 0;
	else if (!iv->probe_at)
		iv->probe_at = ntb_now() + SECOND;
	if (!iv->rejoined && !iv->connect_at)
		iv->connect_at = ntb_now() + SECOND;
	next = sooner(sooner(iv->probe_at, iv->connect_at), sooner(iv->suspects_at, iv->ram_at));
	if (next == iv->timer_set)
		return;
	iv->timer_set = next;
	when.it_value.tv_sec = next / SECOND;
	when.it_value.tv_nsec = next % SECOND;
	timerfd_settime(iv->timer, TFD_TIMER_ABSTIME, &when, NULL);
}
