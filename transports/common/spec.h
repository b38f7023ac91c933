/* SPDX-License-Identifier: BSD-3-Clause */
/* The string that names a switch. */
#ifndef NTB_SPEC_H
#define NTB_SPEC_H

#include "transport.h"

/* What the switch is named for: some names are only good for one. */
enum ntb_purpose { NTB_TO_ATTACH, NTB_TO_VIEW };

/* The transport of a spec that serves the purpose, and what follows its colon. 0, or -EINVAL with a line. */
int ntb_spec_parse(const char *spec, enum ntb_purpose purpose, const struct ntb_transport **transport,
		   const char **where, struct idtntb_error *error);

#endif
