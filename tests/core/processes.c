/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts in processes, killed with SIGKILL at any instruction, swept and started again: the others run on, nothing arrives
 * twice, the link falls and returns for the dead one only.
 */
#include "crowd.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOSTS 4u
#ifdef __SANITIZE_THREAD__
#define KILLS 60u
#else
#define KILLS 250u
#endif

/* In a child: what goes wrong is counted where the parent looks. */
static void expect(struct actor *actor, bool right)
{
	if (!right)
		atomic_fetch_add(&actor->crowd->failures, 1);
}

/* Send the next number of this life to host 0, as often as needed. */
static uint32_t send_number(struct actor *actor, uint32_t life, uint32_t number)
{
	actor_write(actor, 0x430, actor->slot << 28 | (life & 0xFFF) << 16 | (number & 0xFFFF));
	if (!(actor_read(actor, 0x460) & 1))
		return number + 1;
	actor_write(actor, 0x460, 1);
	return number;
}

/* A life of a host: everything at once, until killed or told to stop. */
static void live(struct crowd *crowd, unsigned slot, uint32_t owner)
{
	struct actor actor;
	struct idtntb_member member;
	uint32_t number = 0;

	if (!actor_start(&actor, crowd, slot, owner))
		_exit(2);
	idtntb_port_log_set(actor.port, IDTNTB_LOG_ERROR);
	for (unsigned m = 0; m < 4; m++)
		actor_route(&actor, m, m ? 1 + (slot + m) % (HOSTS - 1) : 0);
	while (!atomic_load(&crowd->stop)) {
		uint32_t random = actor_random(&actor);

		number = send_number(&actor, owner, number);
		actor_write(&actor, 0x420, random);
		actor_write(&actor, 0x428, random >> 3);
		actor_write(&actor, 0x434 + 4 * (random % 3), random);
		actor_write(&actor, 0x460, 0xE000E);
		actor_write(&actor, 0x42C, random % 5 ? 0 : ~0u);
		actor_write(&actor, 0x4D0, slot);
		actor_write(&actor, 0x4D8, random % 8 ? slot << 17 | 1 : 0);
		actor_write(&actor, 0x4E0, 0x200 | random % 24);
		actor_write(&actor, 0x4E4, random);
		actor_write(&actor, 0x4EC, random | (random & 7) << 29);
		if (random % 32 == 0)
			actor_write(&actor, 0x410, 1);
		if (random % 64 == 0)
			idtntb_port_link_set(actor.port, random >> 8 & 1);
		if (random % 256 == 0) {
			idtntb_port_reset(actor.port);
			idtntb_port_config_write(actor.port, 4, 6, 2);
		}
		/* What is mine says nobody else. */
		idtntb_switch_member(actor.sw, idtntb_port_number(actor.port), &member);
		expect(&actor, member.owner == owner);
		actor_idle(&actor);
		atomic_fetch_add(&crowd->progress[slot], 1);
	}
	actor_stop(&actor);
	_exit(0);
}

static pid_t start(struct crowd *crowd, unsigned slot, uint32_t owner)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
		live(crowd, slot, owner);
	}
	return child;
}

/* What host 0 knows of the numbers that the others send. */
struct inbox {
	uint32_t life[HOSTS], next[HOSTS];
	unsigned received;
};

/* Each life's numbers begin at 0 and leave none out; a life does not come back after the next has spoken. */
static void receive(struct actor *actor, struct inbox *inbox)
{
	uint32_t data, from, life;

	actor_idle(actor);
	if (!(actor_read(actor, 0x460) & 0x10000))
		return;
	data = actor_read(actor, 0x440);
	from = data >> 28;
	life = data >> 16 & 0xFFF;
	assert_int_equal(actor_read(actor, 0x450), from);
	assert_in_range(from, 1, HOSTS - 1);
	actor_write(actor, 0x460, 0x10000);
	if (life != inbox->life[from]) {
		assert_true(life > inbox->life[from]);
		inbox->life[from] = life;
		inbox->next[from] = 0;
	}
	assert_int_equal(data & 0xFFFF, inbox->next[from] & 0xFFFF);
	inbox->next[from]++;
	inbox->received++;
}

/* Host 0 runs for a while; the others, but for one, must get on meanwhile. */
static void run_a_while(struct actor *self, struct inbox *inbox, unsigned dead, double seconds)
{
	struct crowd *crowd = self->crowd;
	uint64_t before[HOSTS];
	double now = crowd_now(), end = now + seconds, limit = now + 60;
	bool all = false;

	for (unsigned slot = 1; slot < HOSTS; slot++)
		before[slot] = atomic_load(&crowd->progress[slot]);
	for (; (!all || now < end) && now < limit; now = crowd_now()) {
		receive(self, inbox);
		all = true;
		for (unsigned slot = 1; slot < HOSTS; slot++)
			all &= slot == dead || atomic_load(&crowd->progress[slot]) > before[slot];
	}
	assert_true(all);
	assert_int_equal(atomic_load(&crowd->failures), 0);
}

static void check_swept(struct actor *self, unsigned slot, uint32_t owner)
{
	unsigned port = self->crowd->topology.ports[slot].port;
	struct idtntb_member member, other;

	assert_int_equal(idtntb_switch_member(self->sw, port, &member), 0);
	assert_true(member.owner == owner || member.owner == 0);
	if (member.up)
		actor_global_write(self, 0x3EC14, ~0u);
	actor_write(self, 0x404, 8);
	assert_int_equal(idtntb_switch_sweep(self->sw, port, owner), member.owner == owner);
	assert_false(idtntb_switch_sweep(self->sw, port, owner));
	idtntb_switch_member(self->sw, port, &other);
	assert_int_equal(other.owner, 0);
	assert_false(other.up);
	/* Host 0 is told by its own look, and sees the link down. */
	idtntb_port_service(self->port);
	if (member.up)
		assert_true(actor_read(self, 0x404) & 8);
	assert_false(actor_global_read(self, 0x3E204 + 0x20 * port) & 0x10);
}

static void killed_at_any_instruction(void **state)
{
	struct crowd *crowd = crowd_create("4");
	struct inbox inbox = { 0 };
	struct actor self;
	uint32_t owners[HOSTS], next = 1;
	pid_t pids[HOSTS];
	int status;

	(void)state;
	assert_true(actor_start(&self, crowd, 0, ~0u));
	actor_write(&self, 0x42C, ~0u);
	for (unsigned slot = 1; slot < HOSTS; slot++)
		pids[slot] = start(crowd, slot, owners[slot] = next++);
	run_a_while(&self, &inbox, 0, 0.02);
	for (unsigned n = 0; n < KILLS; n++) {
		unsigned slot = 1 + actor_random(&self) % (HOSTS - 1);

		run_a_while(&self, &inbox, 0, (double)(actor_random(&self) % 4000) / 1e6);
		kill(pids[slot], SIGKILL);
		assert_int_equal(waitpid(pids[slot], &status, 0), pids[slot]);
		assert_true(WIFSIGNALED(status));
		check_swept(&self, slot, owners[slot]);
		run_a_while(&self, &inbox, slot, 0);
		pids[slot] = start(crowd, slot, owners[slot] = next++);
	}
	run_a_while(&self, &inbox, 0, 0.02);
	atomic_store(&crowd->stop, 1);
	for (unsigned slot = 1; slot < HOSTS; slot++) {
		assert_int_equal(waitpid(pids[slot], &status, 0), pids[slot]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_true(inbox.received > KILLS);
	assert_int_equal(atomic_load(&crowd->failures), 0);
	actor_stop(&self);
	crowd_destroy(crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
