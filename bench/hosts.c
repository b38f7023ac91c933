/* SPDX-License-Identifier: BSD-3-Clause */
#include "hosts.h"

#include "figures.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

uint32_t bench_read(struct bench_host *host, uint32_t offset)
{
	uint32_t value;

	idtntb_attachment_bar_read(host->attachment, 0, offset, &value, sizeof(value));
	return value;
}

void bench_write(struct bench_host *host, uint32_t offset, uint32_t value)
{
	idtntb_attachment_bar_write(host->attachment, 0, offset, &value, sizeof(value));
}

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)address;
	(void)data;
	((struct bench_host *)opaque)->interrupted = bench_now();
}

static void on_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

static void on_window_map(void *opaque, unsigned window, const struct idtntb_window_map *map)
{
	struct bench_host *host = opaque;

	if (window != IDTNTB_WINDOW(BENCH_LUT_BAR, 0))
		return;
	if (host->window)
		munmap(host->window, host->window_size);
	host->window = NULL;
	if (!map)
		return;
	host->window_size = map->length;
	host->window = mmap(NULL, map->length, PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, (off_t)map->offset);
	if (host->window == MAP_FAILED)
		bench_fail("mapping a window");
}

static void set_up(struct bench_host *host)
{
	const unsigned slot = idtntb_attachment_slot(host->attachment);
	const uint32_t partition = idtntb_attachment_topology(host->attachment)->ports[slot].partition;

	idtntb_attachment_config_write(host->attachment, 0x10, 0xF0000000, 4);
	idtntb_attachment_config_write(host->attachment, 0x18, 0, 4);
	idtntb_attachment_config_write(host->attachment, 0x1C, 3, 4);
	idtntb_attachment_config_write(host->attachment, 0xD4, 0xFEE01000, 4);
	idtntb_attachment_config_write(host->attachment, 0xD0, 1u << 16, 4);
	idtntb_attachment_config_write(host->attachment, 0x04, 0x6, 2);
	idtntb_attachment_link_set(host->attachment, true);
	/* Completions, and its row of the mapping table. */
	bench_write(host, NTCTL, 2);
	bench_write(host, 0x4D0, partition);
	bench_write(host, 0x4D8, bench_read(host, 0x4DC) << 1 | partition << 17 | 1);
}

void bench_host_open(struct bench_host *host, const char *spec, unsigned port, void *ram, int fd)
{
	const struct idtntb_attach_options options = { .spec = spec, .port = port };
	const struct idtntb_frontend_ops ops = {
		.size = sizeof(ops), .msi = on_msi, .intx = on_intx, .window_map = on_window_map
	};
	const struct idtntb_ram_range range = {
		.address = BENCH_RAM_AT, .size = BENCH_RAM_SIZE, .host = ram, .fd = fd
	};
	struct idtntb_error error = { "" };

	*host = (struct bench_host){ .attachment = NULL };
	if (idtntb_attach(&host->attachment, &options, &ops, host, &error) ||
	    (ram && idtntb_attachment_ram_set(host->attachment, &range, 1, &error))) {
		fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, spec, error.text);
		exit(1);
	}
	set_up(host);
}

void bench_host_close(struct bench_host *host)
{
	idtntb_detach(host->attachment);
}

void bench_host_window(struct bench_host *host, unsigned partition)
{
	bench_write(host, 0x4E0, BENCH_LUT_BAR << 8);
	bench_write(host, 0x4E4, (uint32_t)BENCH_RAM_AT);
	bench_write(host, 0x4E8, (uint32_t)(BENCH_RAM_AT >> 32));
	bench_write(host, 0x4EC, 1u << 31 | partition);
}

void bench_host_listen(struct bench_host *host, uint32_t masked)
{
	bench_write(host, INDBELLMSK, masked);
	/* Messages and doorbells, as the driver does. */
	bench_write(host, NTINTMSK, bench_read(host, NTINTMSK) & ~0x3u);
}

/* ---------------------------------------------------------------- servers */

/* @return where its words come from. */
static FILE *start(pid_t *pid, const char *program, const char *option, const char *where)
{
	int pipes[2];
	FILE *words;

	if (pipe2(pipes, O_CLOEXEC) || (*pid = fork()) < 0)
		bench_fail("fork");
	if (!*pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipes[1], STDERR_FILENO);
		execl(program, program, option, where, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	words = fdopen(pipes[0], "r");
	if (!words)
		bench_fail(program);
	return words;
}

/* Until it says that it listens; the pipe stays open, or a further word would kill it. @return what comes behind. */
static const char *listens(FILE *words, const char *program)
{
	static char line[256];
	const char *found;

	if (!fgets(line, sizeof(line), words) || !(found = strstr(line, "listening on "))) {
		fprintf(stderr, "%s: %s does not listen: %s\n", program_invocation_short_name, program, line);
		exit(1);
	}
	return found + strlen("listening on ");
}

pid_t bench_server(const char *program, const char *directory, char *spec, size_t size)
{
	char path[96];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/switch", directory);
	listens(start(&pid, program, "--socket", path), program);
	snprintf(spec, size, "ivshmem:%s", path);
	return pid;
}

pid_t bench_daemon(const char *program, const char *directory, char *spec, size_t size)
{
	const char *found;
	char where[96];
	pid_t pid;

	snprintf(where, sizeof(where), directory ? "unix:%s/daemon" : "tcp:0", directory);
	found = listens(start(&pid, program, "--listen", where), program);
	snprintf(spec, size, "uring:%.*s", (int)strcspn(found, " ") - 1, found); /* without the colon behind it */
	return pid;
}

void bench_end(pid_t server)
{
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
}

void bench_folder_remove(const char *path)
{
	DIR *directory = opendir(path);

	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
	rmdir(path);
}
