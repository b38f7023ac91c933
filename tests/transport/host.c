/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BAR(n) (0x100000000ull * ((n) + 1))

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)address;
	(void)data;
	((struct host *)opaque)->msis++;
}

static void on_intx(void *opaque, bool level)
{
	((struct host *)opaque)->intx = level;
}

static void on_window_map(void *opaque, unsigned window, const struct idtntb_window_map *map)
{
	struct host *host = opaque;

	host->map_calls++;
	if (host->maps[window].base)
		munmap(host->maps[window].base, host->maps[window].length);
	host->maps[window].base = NULL;
	if (!map)
		return;
	host->maps[window].length = map->length;
	host->maps[window].base =
		mmap(NULL, map->length, PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, (off_t)map->offset);
	assert_ptr_not_equal(host->maps[window].base, MAP_FAILED);
}

static void on_log(void *opaque, enum idtntb_log_level level, const char *text)
{
	struct host *host = opaque;
	size_t used = strlen(host->log);

	(void)level;
	snprintf(host->log + used, sizeof(host->log) - used, "%s\n", text);
}

static void on_guest_error(void *opaque, const char *text)
{
	(void)text;
	((struct host *)opaque)->guest_errors++;
}

/* Where a peer's access to RAM that is not offered ends up, or NULL. */
static uint8_t *reached(struct host *host, uint64_t address, size_t size)
{
	assert_true(pthread_equal(host->thread, pthread_self()));
	assert_true(size && size <= 4096);
	host->memory_calls++;
	if (address < RAM_BASE || address - RAM_BASE > RAM_SIZE - size)
		return NULL;
	return host->ram + (address - RAM_BASE);
}

static int on_memory_read(void *opaque, uint64_t address, void *data, size_t size)
{
	const uint8_t *from = reached(opaque, address, size);

	if (from)
		memcpy(data, from, size);
	return from ? 0 : -EFAULT;
}

static int on_memory_write(void *opaque, uint64_t address, const void *data, size_t size)
{
	uint8_t *to = reached(opaque, address, size);

	if (to)
		memcpy(to, data, size);
	return to ? 0 : -EFAULT;
}

static void on_waiting(void *opaque)
{
	struct host *host = opaque;

	idtntb_attachment_drain(host->attachment);
	if (host->beside)
		idtntb_attachment_drain(host->beside->attachment);
}

static void set_up(struct host *host)
{
	const unsigned slot = idtntb_attachment_slot(host->attachment);
	const uint32_t partition = idtntb_attachment_topology(host->attachment)->ports[slot].partition;

	for (unsigned bar = 0; bar < IDTNTB_BARS; bar += 2) {
		idtntb_attachment_config_write(host->attachment, 0x10 + 4 * bar, (uint32_t)BAR(bar), 4);
		idtntb_attachment_config_write(host->attachment, 0x14 + 4 * bar, (uint32_t)(BAR(bar) >> 32), 4);
	}
	idtntb_attachment_config_write(host->attachment, 0xD4, 0xFEE01000, 4);
	idtntb_attachment_config_write(host->attachment, 0xD0, 1u << 16, 4);
	idtntb_attachment_config_write(host->attachment, 0x04, 0x6, 2);
	idtntb_attachment_link_set(host->attachment, true);
	/* As the driver enables its link (reference 10.4). */
	nt_write(host, 0x400, 2);
	nt_write(host, 0x4D0, partition);
	nt_write(host, 0x4D8, nt_read(host, 0x4DC) << 1 | partition << 17 | 1);
	nt_write(host, 0x408, nt_read(host, 0x408) & ~0x3u);
}

int host_try(struct host *host, const char *spec, unsigned port, const struct idtntb_topology *topology, unsigned flags,
	     struct idtntb_error *error)
{
	const struct idtntb_attach_options options = {
		.spec = spec,
		.port = port,
		.topology = topology,
		.unsealed_ram = flags & HOST_TRUSTS_UNSEALED,
		.accept_poke = flags & HOST_ACCEPTS_POKES,
		.log_level = IDTNTB_LOG_INFO,
	};
	const struct idtntb_frontend_ops ops = {
		.size = sizeof(ops),
		.msi = on_msi,
		.intx = on_intx,
		.window_map = flags & HOST_COPY ? NULL : on_window_map,
		.log = on_log,
		.guest_error = on_guest_error,
		.memory_read = flags & HOST_TRANSLATED ? on_memory_read : NULL,
		.memory_write = flags & HOST_TRANSLATED ? on_memory_write : NULL,
		.waiting = flags & HOST_TRANSLATED ? on_waiting : NULL,
	};
	int ret;

	memset(host, 0, sizeof(*host));
	host->ram_fd = -1;
	host->thread = pthread_self();
	ret = idtntb_attach(&host->attachment, &options, &ops, host, error);
	if (ret)
		return ret;
	host->ram_fd = memfd_create("host", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(host->ram_fd >= 0 && !ftruncate(host->ram_fd, RAM_SIZE));
	if (!(flags & HOST_UNSEALED))
		assert_int_equal(fcntl(host->ram_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	host->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, host->ram_fd, 0);
	assert_ptr_not_equal(host->ram, MAP_FAILED);
	if (!(flags & HOST_BARE)) {
		if (!(flags & HOST_TRANSLATED))
			host_offer(host, RAM_BASE, 0, RAM_SIZE, true);
		set_up(host);
	}
	return 0;
}

void host_open(struct host *host, const char *spec, unsigned port, unsigned flags)
{
	struct idtntb_error error = { "" };

	if (host_try(host, spec, port, NULL, flags, &error))
		fail_msg("port %u of %s: %s", port, spec, error.text);
}

void host_close(struct host *host)
{
	idtntb_detach(host->attachment);
	for (unsigned window = 0; window < IDTNTB_WINDOWS; window++)
		assert_null(host->maps[window].base);
	munmap(host->ram, RAM_SIZE);
	close(host->ram_fd);
	host->attachment = NULL;
}

void host_run(struct host *host)
{
	idtntb_attachment_process(host->attachment);
}

void hosts_wait(struct host *a, struct host *b, struct host *c, int ms)
{
	struct host *hosts[3] = { a, b, c };
	struct pollfd fds[3];

	for (unsigned i = 0; i < 3; i++) {
		fds[i].fd = hosts[i] ? idtntb_attachment_fd(hosts[i]->attachment) : -1;
		fds[i].events = POLLIN;
		fds[i].revents = 0;
	}
	poll(fds, 3, ms);
	for (unsigned i = 0; i < 3; i++) {
		if (fds[i].revents)
			host_run(hosts[i]);
	}
}

void hosts_run_for(struct host *a, struct host *b, struct host *c, int ms)
{
	const int64_t deadline = now_ms() + ms;

	while (now_ms() < deadline)
		hosts_wait(a, b, c, 10);
}

void host_offer(struct host *host, uint64_t address, size_t offset, size_t size, bool with_fd)
{
	const struct idtntb_ram_range range = {
		.address = address,
		.size = size,
		.host = host->ram + offset,
		.fd = with_fd ? host->ram_fd : -1,
		.fd_offset = offset,
	};
	struct idtntb_error error = { "" };

	if (idtntb_attachment_ram_set(host->attachment, &range, 1, &error))
		fail_msg("%s", error.text);
}

uint32_t nt_read(struct host *host, uint32_t offset)
{
	uint32_t value;

	idtntb_attachment_bar_read(host->attachment, 0, offset, &value, sizeof(value));
	return value;
}

void nt_write(struct host *host, uint32_t offset, uint32_t value)
{
	idtntb_attachment_bar_write(host->attachment, 0, offset, &value, sizeof(value));
}

void nt_write_through(struct host *host, uint32_t offset, uint32_t value)
{
	nt_write(host, offset, value);
	nt_read(host, 0x400);
}

void window_set(struct host *host, unsigned entry, unsigned partition, uint64_t address)
{
	nt_write(host, 0x4E0, entry | LUT_BAR << 8);
	nt_write(host, 0x4E4, (uint32_t)address);
	nt_write(host, 0x4E8, (uint32_t)(address >> 32));
	nt_write(host, 0x4EC, address == UINT64_MAX ? 0 : partition | 1u << 31);
}

void copy_write(struct host *host, unsigned entry, uint64_t offset, const void *data, size_t size)
{
	idtntb_attachment_bar_write(host->attachment, LUT_BAR, (uint64_t)entry * WINDOW_SIZE + offset, data, size);
}

void copy_read(struct host *host, unsigned entry, uint64_t offset, void *data, size_t size)
{
	idtntb_attachment_bar_read(host->attachment, LUT_BAR, (uint64_t)entry * WINDOW_SIZE + offset, data, size);
}

void window_write(struct host *host, unsigned entry, uint64_t offset, const void *data, size_t size)
{
	if (host->maps[WINDOW(entry)].base && offset + size <= host->maps[WINDOW(entry)].length)
		memcpy(host->maps[WINDOW(entry)].base + offset, data, size);
	else
		copy_write(host, entry, offset, data, size);
}

void window_read(struct host *host, unsigned entry, uint64_t offset, void *data, size_t size)
{
	if (host->maps[WINDOW(entry)].base && offset + size <= host->maps[WINDOW(entry)].length)
		memcpy(data, host->maps[WINDOW(entry)].base + offset, size);
	else
		copy_read(host, entry, offset, data, size);
}

struct idtntb_member member(struct host *host, unsigned slot)
{
	const unsigned port = idtntb_attachment_topology(host->attachment)->ports[slot].port;
	struct idtntb_member found;

	assert_int_equal(idtntb_attachment_member(host->attachment, port, &found), 0);
	return found;
}

bool link_up(struct host *host, unsigned slot)
{
	return member(host, slot).up;
}

unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}
