/* SPDX-License-Identifier: BSD-3-Clause */
#include "scene.h"

#include <unistd.h>

/* Counts when nothing of theirs is on its way through the daemon: it has answered what came after (a read of NTCTL), twice. */
static void count_descriptors(struct scene *scene, struct host *second)
{
	for (unsigned turn = 0; turn < 2; turn++) {
		nt_read(&scene->a, 0x400);
		if (second)
			nt_read(second, 0x400);
	}
	scene->before = place_descriptors(&scene->place);
}

void scene_open(struct scene *scene, const char *silence)
{
	place_make(&scene->place, silence);
	host_open(&scene->a, scene->place.spec, 0, 0);
	host_open(&scene->b, scene->place.spec, 2, 0);
	HOST_UNTIL(link_up(&scene->a, 1), &scene->a, &scene->b, NULL);
	count_descriptors(scene, &scene->b);
}

/* The daemon keeps nothing of who has gone. */
static void scene_settled(const struct scene *scene)
{
	const int64_t deadline = now_ms() + PATIENCE_MS;

	while (place_descriptors(&scene->place) != scene->before && now_ms() < deadline)
		usleep(10000);
	assert_int_equal(place_descriptors(&scene->place), scene->before);
}

void second_leaves(struct scene *scene)
{
	const unsigned before = scene->before;

	host_close(&scene->b);
	HOST_UNTIL(!link_up(&scene->a, 1) && place_descriptors(&scene->place) < before, &scene->a, NULL, NULL);
	count_descriptors(scene, NULL);
}

void second_returns(struct scene *scene)
{
	scene_settled(scene);
	host_open(&scene->b, scene->place.spec, 2, 0);
	HOST_UNTIL(link_up(&scene->a, 1), &scene->a, &scene->b, NULL);
	count_descriptors(scene, &scene->b);
}

static void scene_check(struct scene *scene)
{
	scene_settled(scene);
	scenario_doorbells(&scene->a, &scene->b);
	assert_null(strstr(scene->a.log, "away"));
	assert_null(strstr(scene->b.log, "away"));
}

void scene_abandon(struct scene *scene)
{
	host_close(&scene->a);
	host_close(&scene->b);
	place_end(&scene->place);
}

void scene_close(struct scene *scene)
{
	scene_check(scene);
	scene_abandon(scene);
}

void expect_bye(int fd, const char *words)
{
	char bye[300];

	if (!raw_gone(fd, bye, sizeof(bye), QUICK_MS))
		fail_msg("it does not hang up, as for '%s'", words);
	if (!strstr(bye, words))
		fail_msg("it hangs up with '%s', not for '%s'", bye, words);
	close(fd);
}
