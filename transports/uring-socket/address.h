/* SPDX-License-Identifier: BSD-3-Clause */
/* "unix:PATH" and "tcp:HOST:PORT", as a person writes where a daemon is. */
#ifndef NTB_ADDRESS_H
#define NTB_ADDRESS_H

#include <idtntb.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

struct ntb_address {
	bool tcp;
	struct sockaddr_un path;
	char host[NI_MAXHOST], port[NI_MAXSERV]; /* tcp; host is empty when only a port was given */
};

/* Parse; a host may be left out if `listen`. 0, or -EINVAL with the line filled. */
int ntb_address_parse(struct ntb_address *address, const char *text, bool listen, struct idtntb_error *error);
/* The candidates of a TCP address, to be freed by freeaddrinfo(). 0, or -errno with the line filled. */
int ntb_address_resolve(const struct ntb_address *address, struct addrinfo **found, struct idtntb_error *error);
/* Connect within so many ms. A blocking socket, or -errno with the line filled. */
int ntb_address_connect(const struct ntb_address *address, int ms, struct idtntb_error *error);
/* What every TCP connection of ours gets. */
void ntb_address_tune(int fd);

#endif
