/* SPDX-License-Identifier: BSD-3-Clause */
#include "spec.h"

#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* All there are. */
static const struct ntb_transport *const transports[] = {
	&ntb_transport_local, &ntb_transport_ivshmem, &ntb_transport_shm, &ntb_transport_uring, &ntb_transport_file,
};

#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

static bool serves(const struct ntb_transport *transport, enum ntb_purpose purpose)
{
	return purpose == NTB_TO_VIEW ? !!transport->view : !!transport->open;
}

/* "local:NAME, ivshmem:PATH": what can be named for a purpose. Returns text. */
static const char *forms(enum ntb_purpose purpose, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t t = 0; t < TRANSPORTS && used < size; t++) {
		if (serves(transports[t], purpose))
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 transports[t]->form);
	}
	return text;
}

int ntb_spec_parse(const char *spec, enum ntb_purpose purpose, const struct ntb_transport **transport,
		   const char **where, struct idtntb_error *error)
{
	const char *colon;
	char text[160];
	size_t length;

	if (!spec || !*spec)
		return ntb_fail(error, -EINVAL, "no switch is named: %s can be", forms(purpose, text, sizeof(text)));
	colon = strchr(spec, ':');
	if (!colon)
		return ntb_fail(error, -EINVAL, "switch '%.60s' has no transport before a colon: %s can be named", spec,
				forms(purpose, text, sizeof(text)));
	length = (size_t)(colon - spec);
	for (size_t t = 0; t < TRANSPORTS; t++) {
		if (strlen(transports[t]->name) != length || memcmp(transports[t]->name, spec, length))
			continue;
		if (!serves(transports[t], purpose))
			return ntb_fail(error, -EINVAL, "switch '%.60s' cannot be %s: %s can", spec,
					purpose == NTB_TO_VIEW ? "looked into" : "attached to",
					forms(purpose, text, sizeof(text)));
		*transport = transports[t];
		*where = colon + 1;
		return 0;
	}
	return ntb_fail(error, -EINVAL, "switch '%.60s': there is no transport '%.*s'; %s can be named", spec,
			length < 20 ? (int)length : 20, spec, forms(purpose, text, sizeof(text)));
}
