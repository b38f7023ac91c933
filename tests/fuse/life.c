/* SPDX-License-Identifier: BSD-3-Clause */
/* Mounts that begin and end; switches that go and come back; saved states; a normal user. */
#include "mounted.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct stand stand;
static struct mounted mounted;

static int make(void **state)
{
	(void)state;
	stand_make(&stand);
	free(expect(&stand, 0, "mkdir \"$DIR\"/mnt"));
	return 0;
}

static int end(void **state)
{
	(void)state;
	/* What a test that failed may have left. */
	free(expect(&stand, 0, "fusermount3 -u -z \"$DIR\"/mnt 2>/dev/null; true"));
	stand_end(&stand);
	return 0;
}

static void ends_with_signals_and_unmounts(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	(void)state;
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		mounted_start(&mounted, &stand, stand.bed.spec);
		mounted_expect(&mounted, "info", "89HPES24NT6AG2");
		assert_int_equal(mounted_end(&mounted, signals[i]), 0);
	}
	mounted_start(&mounted, &stand, stand.bed.spec);
	free(expect(&stand, 0, "fusermount3 -u \"$DIR\"/mnt"));
	assert_int_equal(mounted_end(&mounted, 0), 0);
}

/* Without -f; and a relative path is still the same one in the background. */
static void goes_into_the_background(void **state)
{
	char *text;

	(void)state;
	text = expect(&stand, 0,
		      "cd \"$DIR\" && \"$CTL\" save state && \"$FUSE\" --switch=file:state mnt && cat mnt/info && "
		      "findmnt -n -o FSTYPE,SOURCE,OPTIONS mnt; fusermount3 -u mnt && ls mnt");
	assert_contains(text, "89HPES24NT6AG2");
	if (strstr(text, "fuse"))
		assert_contains(text, "ro,");
	free(text);
}

/* A mount holds no port, and no switch: when server and hosts have gone, so has it. */
static void a_switch_that_is_gone_is_enodev(void **state)
{
	const int64_t patience = now_ms() + PATIENCE_MS;
	int64_t began;
	char *text;

	(void)state;
	mounted_start(&mounted, &stand, stand.bed.spec);
	stand_detach(&stand);
	stand_attach(&stand);
	stand_detach(&stand);
	server_kill(&stand.bed);
	for (;;) {
		began = now_ms();
		text = mounted_read(&mounted, "info");
		if (!text)
			break;
		free(text);
		assert_true(now_ms() < patience);
		usleep(20000);
	}
	assert_int_equal(errno, ENODEV);
	assert_true(now_ms() - began < 5000);
	/* Directories are there, and it can be unmounted as ever; but first it comes back. */
	free(expect(&stand, 0,
		    "ls \"$DIR\"/mnt/ports/0 >/dev/null; ls -l \"$DIR\"/mnt 2>&1 | grep -q 'No such device'"));
	server_restart(&stand.bed);
	stand_attach(&stand);
	while (!(text = mounted_read(&mounted, "info"))) {
		assert_true(now_ms() < patience);
		stand_serve(&stand, 20);
	}
	free(text);
	mounted_expect(&mounted, "ports/2/link", "up");
	assert_int_equal(mounted_end(&mounted, SIGINT), 0);
}

/* A saved state of other ports, in a file of that name. */
static void save_another(const char *path)
{
	const size_t size = idtntb_save_size();
	void *block = aligned_alloc(64, (idtntb_block_size() + 63) / 64 * 64), *image = malloc(size);
	struct idtntb_topology topology;
	struct idtntb_switch *sw;
	FILE *out = fopen(path, "we");

	assert_true(block && image && out);
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "0,4", NULL, NULL), 0);
	assert_int_equal(idtntb_block_format(block, idtntb_block_size(), &topology, NULL), 0);
	assert_int_equal(idtntb_switch_open(&sw, block, idtntb_block_size(), NULL), 0);
	assert_int_equal(idtntb_switch_save(sw, image, size), 0);
	assert_int_equal(fwrite(image, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
	idtntb_switch_close(sw);
	free(image);
	free(block);
}

static void another_switch_in_its_place_is_not_shown(void **state)
{
	char spec[128];

	(void)state;
	snprintf(spec, sizeof(spec), "file:%s/state", stand.directory);
	free(expect(&stand, 0, "\"$CTL\" save \"$DIR\"/state && cp \"$DIR\"/state \"$DIR\"/kept"));
	mounted_start(&mounted, &stand, spec);
	mounted_expect(&mounted, "info", "2 NT ports");
	save_another(spec + strlen("file:"));
	assert_null(mounted_read(&mounted, "info"));
	assert_int_equal(errno, ENODEV);
	free(expect(&stand, 0, "cp \"$DIR\"/kept \"$DIR\"/state"));
	mounted_expect(&mounted, "info", "2 NT ports");
	/* A path that is no saved state (any more): of the mount, and of one that is to be made. */
	free(expect(&stand, 0, "echo rubbish >\"$DIR\"/state"));
	assert_null(mounted_read(&mounted, "info"));
	assert_int_equal(errno, ENODEV);
	assert_int_equal(mounted_end(&mounted, SIGTERM), 0);
	expect_refusal(&stand, 1, "no saved state", "\"$FUSE\" -f --switch file:\"$DIR\"/state \"$DIR\"/mnt");
}

/* Where udev has not opened /dev/fuse to all, as in a container, one that is open lies over it for this command. */
static void a_saved_state_and_a_normal_user(void **state)
{
	char *text;

	(void)state;
	if (geteuid())
		skip();
	text = expect(&stand, 0,
		      "cd \"$DIR\" && \"$CTL\" save state && chmod 755 . && chmod 644 state && chown nobody mnt && "
		      "cp \"$FUSE\" fuse && chmod 755 fuse && mknod device c 10 229 && chmod 666 device && "
		      "echo './fuse --switch file:state mnt && cat mnt/ports/0/nt/NTCTL/value mnt/ports/2/windows/0 && "
		      "stat -c %%U mnt/info && fusermount3 -u mnt && echo unmounted' >run && "
		      "unshare -m sh -c 'mount --bind device /dev/fuse && "
		      "setpriv --reuid=nobody --regid=nogroup --clear-groups sh ./run'");
	assert_contains(text, "0x00000002");
	assert_contains(text, "nobody");
	assert_contains(text, "unmounted");
	free(text);
}

static void bad_command_lines(void **state)
{
	static const struct {
		int status;
		const char *text, *command;
	} lines[] = {
		{ 2, "--switch", "unset IDTNTB_SWITCH; \"$FUSE\" \"$DIR\"/mnt" },
		{ 2, "mount point", "\"$FUSE\" --switch local:x" },
		{ 2, "nosuch", "\"$FUSE\" \"$DIR\"/nosuch" },
		{ 2, "not a directory", "\"$FUSE\" /etc/passwd" },
		{ 1, "nonsense", "\"$FUSE\" --switch nonsense \"$DIR\"/mnt" },
		{ 1, "/nonexistent", "\"$FUSE\" --switch file:/nonexistent \"$DIR\"/mnt" },
		{ 1, "--frobnicate", "\"$FUSE\" --frobnicate \"$DIR\"/mnt" },
		{ 1, "frobnicate", "\"$FUSE\" -o frobnicate \"$DIR\"/mnt" },
		{ 2, "", "\"$FUSE\" \"$DIR\"/mnt \"$DIR\"/mnt" },
		{ 2, "", "\"$FUSE\" \"$DIR\"/mnt --switch" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refusal(&stand, lines[i].status, lines[i].text, "%s", lines[i].command);
	free(expect(&stand, 0, "\"$FUSE\" --version && \"$FUSE\" --help | grep -q -- '--switch SPEC'"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ends_with_signals_and_unmounts, make, end),
		cmocka_unit_test_setup_teardown(goes_into_the_background, make, end),
		cmocka_unit_test_setup_teardown(a_switch_that_is_gone_is_enodev, make, end),
		cmocka_unit_test_setup_teardown(another_switch_in_its_place_is_not_shown, make, end),
		cmocka_unit_test_setup_teardown(a_saved_state_and_a_normal_user, make, end),
		cmocka_unit_test_setup_teardown(bad_command_lines, make, end),
	};

	return MOUNTED_MAIN(tests, argc, argv);
}
