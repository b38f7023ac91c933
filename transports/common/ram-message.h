/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets of ram-protocol.h: the own offer of RAM as it goes out, those of others as they come in. */
#ifndef NTB_RAM_MESSAGE_H
#define NTB_RAM_MESSAGE_H

#include "transport.h"

/* Send the own offer. 0, -EAGAIN when there is no room, or another -errno. Never blocks. */
int ntb_ram_send(const struct idtntb_attachment *a, int socket);
/*
 * Take one packet and have the attachment use it. What is not well formed, or of a port whose bit is not set in slots,
 * is -EPROTO. 1: there may be more, 0: there is none, -errno: the connection is of no more use.
 */
int ntb_ram_receive(struct idtntb_attachment *a, int socket, uint32_t slots);

#endif
