/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts by eventfd. libvfio-user keeps one for a device without MSI-X, whichever of INTx and MSI it was set for.
 * An edge that comes while no eventfd is set, or while it is masked, is kept: the guest enables MSI in configuration
 * space before its VMM gets to set the eventfd.
 */
#include "server.h"

#include <sys/epoll.h>
#include <unistd.h>

/* Flags of SET_IRQS, as of VFIO. */
#define DATA_NONE (1u << 0)
#define DATA_EVENTFD (1u << 2)
#define ACTION_UNMASK (1u << 4)
#define ACTION_TRIGGER (1u << 5)
#define SET_IRQS_SIZE 20u

static void deliver(struct port *port)
{
	struct interrupts *irq = &port->interrupts;

	if (irq->msi_armed && !irq->msi_masked && irq->msi_pending) {
		irq->msi_pending = false;
		vfu_irq_trigger(port->context, 0);
	}
	/* The client asserts the line for each event and unmasks when the guest has looked: then it is told again. */
	if (irq->intx_armed && !irq->intx_masked && irq->intx_level)
		vfu_irq_trigger(port->context, 0);
}

/* What the guest has written as address and data is between it and its VMM, which has given the eventfd for it. */
void interrupts_msi(void *opaque, uint64_t address, uint32_t data)
{
	struct port *port = opaque;

	(void)address;
	(void)data;
	port->interrupts.msi_pending = true;
	deliver(port);
}

void interrupts_intx(void *opaque, bool level)
{
	struct port *port = opaque;

	port->interrupts.intx_level = level;
	deliver(port);
}

/*
 * Each signal of it is an unmask. It is never read, which could be made to wait: the edge tells of each. (The client has it
 * open too, so that closing it does not end the watch.)
 */
static void unmask_by(struct port *port, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u32 = SOURCE_UNMASK };
	int *unmask = &port->interrupts.unmask;

	if (*unmask >= 0) {
		epoll_ctl(port->epoll, EPOLL_CTL_DEL, *unmask, NULL);
		close(*unmask);
	}
	*unmask = fd;
	if (fd >= 0 && epoll_ctl(port->epoll, EPOLL_CTL_ADD, fd, &event))
		say_port(port, "INTx will not be unmasked by the client's eventfd: it cannot be waited for");
}

/*
 * What KVM signals when the guest is done with an INTx comes as the eventfd of an unmask. libvfio-user takes that message
 * for an unmask, which it is too, and forgets the eventfd: an interrupt whose cause is still there would not be told again.
 */
bool interrupts_take(struct port *port, const struct gate_set_irqs *set, int fd)
{
	if (set->index != VFU_DEV_INTX_IRQ || set->flags != (ACTION_UNMASK | DATA_EVENTFD) || set->start ||
	    set->count != 1 || set->descriptors != 1 || set->argsz < SET_IRQS_SIZE)
		return false;
	unmask_by(port, fd);
	return true;
}

void interrupts_set(struct port *port, const struct gate_set_irqs *set)
{
	struct interrupts *irq = &port->interrupts;
	const bool msi = set->index == VFU_DEV_MSI_IRQ;

	if ((!msi && set->index != VFU_DEV_INTX_IRQ) || !(set->flags & ACTION_TRIGGER) || set->start)
		return;
	if ((set->flags & DATA_EVENTFD) && set->count == 1 && set->descriptors == 1) {
		irq->msi_armed = msi;
		irq->intx_armed = !msi;
		deliver(port);
	} else if (((set->flags & DATA_NONE) && !set->count) || ((set->flags & DATA_EVENTFD) && set->count <= 1)) {
		irq->msi_armed = irq->intx_armed = false;
	}
	if (!irq->intx_armed)
		unmask_by(port, -1);
}

void interrupts_mask(struct port *port, bool msi, bool mask)
{
	*(msi ? &port->interrupts.msi_masked : &port->interrupts.intx_masked) = mask;
	deliver(port);
}

/* An edge from before is nothing to the driver that comes after. */
void interrupts_reset(struct port *port)
{
	port->interrupts.msi_pending = false;
}

void interrupts_lost(struct port *port)
{
	const bool level = port->interrupts.intx_level;

	unmask_by(port, -1);
	port->interrupts = (struct interrupts){ .intx_level = level, .unmask = -1 };
}
