/* SPDX-License-Identifier: BSD-3-Clause */
/* The one line a failure leaves for a person. */
#ifndef NTB_ERROR_H
#define NTB_ERROR_H

#include <idtntb.h>

/* Write the line, if somebody wants it, and return code. */
int ntb_fail(struct idtntb_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
