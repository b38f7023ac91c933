/* SPDX-License-Identifier: BSD-3-Clause */
#include "looking.h"

bool view_remote(const struct bed_kind *kind)
{
	return kind == &bed_unix || kind == &bed_tcp;
}

void view_settle(struct host *host)
{
	nt_read(host, NTSDATA);
}

struct idtntb_view *view_of(const struct bed *bed)
{
	struct idtntb_error error = { "" };
	struct idtntb_view *view = NULL;

	if (idtntb_view_open(&view, bed->spec, &error))
		fail_msg("%s: %s", bed->spec, error.text);
	return view;
}

void view_refresh(struct idtntb_view *view)
{
	struct idtntb_error error = { "" };

	if (idtntb_view_refresh(view, &error))
		fail_msg("%s", error.text);
}

uint32_t view_peek(struct idtntb_view *view, uint32_t address)
{
	return idtntb_switch_peek(idtntb_view_switch(view), address);
}

struct idtntb_member view_member(struct idtntb_view *view, unsigned port)
{
	struct idtntb_member owner;

	assert_int_equal(idtntb_switch_member(idtntb_view_switch(view), port, &owner), 0);
	return owner;
}
