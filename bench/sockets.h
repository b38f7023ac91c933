/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_SOCKETS_H
#define BENCH_SOCKETS_H

#include <stdbool.h>

/* Two connected stream sockets of this machine; those of TCP send at once. */
void bench_socket_pair(int ends[2], bool tcp);

#endif
