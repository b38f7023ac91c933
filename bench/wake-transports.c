/* SPDX-License-Identifier: BSD-3-Clause */
/* The transports: a doorbell as a guest rings it, and the interrupt as its frontend delivers it. */
#include "wake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NTINTMSK 0x408
#define OUTDBELLSET 0x420
#define INDBELLSTS 0x428
#define INDBELLMSK 0x42C

enum { IVSHMEM, SHM };

static void write32(struct bench_host *host, uint32_t offset, uint32_t value)
{
	idtntb_attachment_bar_write(host->attachment, 0, offset, &value, sizeof(value));
}

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)address;
	(void)data;
	((struct bench_host *)opaque)->interrupted = wake_now();
}

static void on_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

/* A doorbell reaches all, its sender too: each rings a bell of its own and masks that for itself. */
static uint32_t bell(const struct side *side)
{
	return side->first ? 1 : 2;
}

static void attach(struct side *side, struct bench_host *host, const char *spec)
{
	const struct idtntb_attach_options options = { .spec = spec, .port = side->first ? 0 : 2 };
	const struct idtntb_frontend_ops ops = { .size = sizeof(ops), .msi = on_msi, .intx = on_intx };
	struct idtntb_error error = { "" };
	uint32_t mask;

	if (idtntb_attach(&host->attachment, &options, &ops, host, &error)) {
		fprintf(stderr, "bench-wake: %s: %s\n", spec, error.text);
		exit(1);
	}
	/* BAR0, MSI, memory and bus master; all doorbells but the own one. */
	idtntb_attachment_config_write(host->attachment, 0x10, 0xF0000000, 4);
	idtntb_attachment_config_write(host->attachment, 0xD4, 0xFEE01000, 4);
	idtntb_attachment_config_write(host->attachment, 0xD0, 1u << 16, 4);
	idtntb_attachment_config_write(host->attachment, 0x04, 0x6, 2);
	idtntb_attachment_link_set(host->attachment, true);
	write32(host, INDBELLMSK, bell(side));
	idtntb_attachment_bar_read(host->attachment, 0, NTINTMSK, &mask, sizeof(mask));
	write32(host, NTINTMSK, mask & ~0x3u); /* messages and doorbells, as the driver does */
}

static void ring(struct side *side, struct bench_host *host)
{
	write32(host, OUTDBELLSET, bell(side));
}

static int64_t wait_for(struct bench_host *host)
{
	struct pollfd poll_fd = { idtntb_attachment_fd(host->attachment), POLLIN, 0 };
	int64_t when;

	while (!host->interrupted) {
		if (poll(&poll_fd, 1, 5000) != 1)
			wake_fail("an interrupt that did not come");
		idtntb_attachment_process(host->attachment);
	}
	when = host->interrupted;
	host->interrupted = 0;
	write32(host, INDBELLSTS, UINT32_MAX);
	return when;
}

static void path(const struct side *side, const char *name, char *text, size_t size)
{
	snprintf(text, size, "%s/%s", side->directory, name);
}

static void ivshmem_prepare(struct side *side)
{
	char spec[128];

	snprintf(spec, sizeof(spec), "ivshmem:%s/switch", side->directory);
	attach(side, &side->hosts[IVSHMEM], spec);
}

static void shm_prepare(struct side *side)
{
	char spec[128];

	snprintf(spec, sizeof(spec), "shm:%s/ntb0", side->directory);
	attach(side, &side->hosts[SHM], spec);
}

static void ivshmem_ring(struct side *side)
{
	ring(side, &side->hosts[IVSHMEM]);
}

static void shm_ring(struct side *side)
{
	ring(side, &side->hosts[SHM]);
}

static int64_t ivshmem_wait(struct side *side)
{
	return wait_for(&side->hosts[IVSHMEM]);
}

static int64_t shm_wait(struct side *side)
{
	return wait_for(&side->hosts[SHM]);
}

static void ivshmem_finish(struct side *side)
{
	idtntb_detach(side->hosts[IVSHMEM].attachment);
}

static void shm_finish(struct side *side)
{
	idtntb_detach(side->hosts[SHM].attachment);
}

const struct mechanism mechanism_ivshmem = { "doorbell over ivshmem", ivshmem_prepare, ivshmem_ring, ivshmem_wait,
					     ivshmem_finish };
const struct mechanism mechanism_shm = { "doorbell over shm", shm_prepare, shm_ring, shm_wait, shm_finish };

pid_t wake_server(const struct side *side, const char *program)
{
	char socket[128];
	struct stat st;
	pid_t pid;

	path(side, "switch", socket, sizeof(socket));
	pid = fork();
	if (pid < 0)
		wake_fail("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		execl(program, program, "--socket", socket, NULL);
		_exit(127);
	}
	for (unsigned i = 0; i < 500 && stat(socket, &st); i++) {
		usleep(10000);
		if (waitpid(pid, NULL, WNOHANG) == pid)
			wake_fail(program);
	}
	/* It binds before it listens. */
	usleep(100000);
	return pid;
}

void wake_clean_up(const struct side *side, pid_t server)
{
	DIR *directory;

	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	directory = opendir(side->directory);
	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
	rmdir(side->directory);
}
