/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CAPABILITIES "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576}}"

int dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail_msg("%s: %s", path, strerror(errno));
	return fd;
}

bool send_message(struct client *client, uint16_t command, uint32_t flags, const void *body, size_t size,
		  const int *fds, unsigned count)
{
	static _Thread_local uint8_t buffer[(1u << 20) + 64];
	struct header header = {
		.id = ++client->id,
		.command = command,
		.size = (uint32_t)(sizeof(header) + size),
		.flags = flags,
	};

	assert_true(sizeof(header) + size <= sizeof(buffer));
	memcpy(buffer, &header, sizeof(header));
	if (size)
		memcpy(buffer + sizeof(header), body, size);
	return fds_send(client->fd, buffer, sizeof(header) + size, fds, count);
}

int receive_reply(struct client *client, void *body, size_t size)
{
	struct pollfd state = { .fd = client->fd, .events = POLLIN };
	struct header header;
	size_t left;

	if (poll(&state, 1, PATIENCE_MS) != 1)
		fail_msg("no answer in %d ms", PATIENCE_MS);
	if (recv(client->fd, &header, sizeof(header), MSG_WAITALL) != (ssize_t)sizeof(header))
		return -1;
	assert_int_equal(header.flags & 0xF, FLAG_REPLY);
	assert_int_equal(header.id, client->id);
	left = header.size - sizeof(header);
	if (header.flags & FLAG_ERROR) {
		char rest[64];

		assert_true(left <= sizeof(rest));
		if (left)
			assert_int_equal(recv(client->fd, rest, left, MSG_WAITALL), left);
		return header.error ? (int)header.error : EIO;
	}
	if (left > size)
		fail_msg("a reply of %zu bytes where %zu were expected", left, size);
	if (left)
		assert_int_equal(recv(client->fd, body, left, MSG_WAITALL), left);
	return 0;
}

int request(struct client *client, uint16_t command, const void *body, size_t size, void *reply, size_t reply_size)
{
	if (!send_message(client, command, 0, body, size, NULL, 0))
		return -1;
	return receive_reply(client, reply, reply_size);
}

bool hangs_up(int fd, int ms)
{
	const int64_t until = now_ms() + ms;
	char data[256];

	while (now_ms() < until) {
		struct pollfd state = { .fd = fd, .events = POLLIN };

		if (poll(&state, 1, 50) == 1 && recv(fd, data, sizeof(data), MSG_DONTWAIT) <= 0 && errno != EAGAIN)
			return true;
	}
	return false;
}

void client_connect(struct client *client, const char *path)
{
	struct {
		uint16_t major, minor;
		char text[sizeof(CAPABILITIES)];
	} __attribute__((packed)) version = { .major = 0, .minor = 1, .text = CAPABILITIES };
	char reply[512];

	*client = (struct client){ .ram_fd = -1, .irq = -1 };
	client->fd = dial(path);
	assert_int_equal(request(client, VERSION, &version, sizeof(version), reply, sizeof(reply)), 0);
}

void client_open(struct client *client, const char *path)
{
	int fd = memfd_create("client", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0 && !ftruncate(fd, RAM_SIZE));
	client_open_ram(client, path, fd);
}

void client_open_ram(struct client *client, const char *path, int ram_fd)
{
	client_connect(client, path);
	client->ram_fd = ram_fd;
	client->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, client->ram_fd, 0);
	assert_ptr_not_equal(client->ram, MAP_FAILED);
	assert_int_equal(dma_map(client, RAM_BASE, 0, RAM_SIZE, client->ram_fd), 0);
	client->irq = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_int_equal(set_irq(client, 1, 1u << 5 | 1u << 2, 1, &client->irq, 1), 0);
}

/* As QEMU writes and the driver enables its link (reference 10.4). */
void client_enable(struct client *client, uint32_t partition)
{
	config_write(client, 0xD4, 0xFEE01000);
	config_write(client, 0xD0, config_read(client, 0xD0) | 1u << 16);
	config_write(client, 0x04, 0x6);
	nt_write(client, 0x400, 2);
	nt_write(client, 0x4D0, partition);
	nt_write(client, 0x4D8, nt_read(client, 0x4DC) << 1 | partition << 17 | 1);
	nt_write(client, 0x408, nt_read(client, 0x408) & ~0x3u);
}

void client_close(struct client *client)
{
	close(client->fd);
	if (client->ram)
		munmap(client->ram, RAM_SIZE);
	if (client->ram_fd >= 0)
		close(client->ram_fd);
	if (client->irq >= 0)
		close(client->irq);
	*client = (struct client){ .fd = -1, .ram_fd = -1, .irq = -1 };
}

int dma_map(struct client *client, uint64_t address, uint64_t offset, uint64_t size, int fd)
{
	const struct {
		uint32_t argsz, flags;
		uint64_t offset, address, size;
	} map = { .argsz = sizeof(map), .flags = 3, .offset = offset, .address = address, .size = size };

	if (!send_message(client, DMA_MAP, 0, &map, sizeof(map), &fd, fd >= 0 ? 1 : 0))
		return -1;
	return receive_reply(client, NULL, 0);
}

int dma_unmap(struct client *client, uint64_t address, uint64_t size)
{
	const struct {
		uint32_t argsz, flags;
		uint64_t address, size;
	} unmap = { .argsz = sizeof(unmap), .address = address, .size = size };
	char reply[sizeof(unmap)];

	return request(client, DMA_UNMAP, &unmap, sizeof(unmap), reply, sizeof(reply));
}

int set_irq(struct client *client, uint32_t index, uint32_t flags, uint32_t count, const int *fds, unsigned descriptors)
{
	/* cloud-hypervisor counts the header into argsz. */
	const uint32_t set[5] = { sizeof(set) + sizeof(struct header), flags, index, 0, count };

	if (!send_message(client, SET_IRQS, 0, set, sizeof(set), fds, descriptors))
		return -1;
	return receive_reply(client, NULL, 0);
}

struct access {
	uint64_t offset;
	uint32_t region, count;
	uint8_t data[1u << 20];
};

#define ACCESS_HEAD offsetof(struct access, data)

void region_read(struct client *client, uint32_t region, uint64_t offset, void *data, uint32_t size)
{
	static _Thread_local struct access access;

	access.offset = offset;
	access.region = region;
	access.count = size;
	assert_int_equal(request(client, REGION_READ, &access, ACCESS_HEAD, &access, sizeof(access)), 0);
	assert_int_equal(access.count, size);
	memcpy(data, access.data, size);
}

void region_write(struct client *client, uint32_t region, uint64_t offset, const void *data, uint32_t size)
{
	static _Thread_local struct access access;

	access.offset = offset;
	access.region = region;
	access.count = size;
	memcpy(access.data, data, size);
	assert_int_equal(request(client, REGION_WRITE, &access, ACCESS_HEAD + size, &access, ACCESS_HEAD), 0);
}

uint32_t config_read(struct client *client, uint32_t offset)
{
	uint32_t value;

	region_read(client, CONFIG_REGION, offset, &value, sizeof(value));
	return value;
}

void config_write(struct client *client, uint32_t offset, uint32_t value)
{
	region_write(client, CONFIG_REGION, offset, &value, sizeof(value));
}

uint32_t nt_read(struct client *client, uint32_t offset)
{
	uint32_t value;

	region_read(client, 0, offset, &value, sizeof(value));
	return value;
}

void nt_write(struct client *client, uint32_t offset, uint32_t value)
{
	region_write(client, 0, offset, &value, sizeof(value));
}

void window_set(struct client *client, unsigned entry, uint32_t partition, uint64_t address)
{
	nt_write(client, 0x4E0, entry | LUT_BAR << 8);
	nt_write(client, 0x4E4, (uint32_t)address);
	nt_write(client, 0x4E8, (uint32_t)(address >> 32));
	nt_write(client, 0x4EC, partition | 1u << 31);
}

uint32_t window_read(struct client *client, unsigned entry, uint64_t offset)
{
	uint32_t value;

	region_read(client, LUT_BAR, (uint64_t)entry * WINDOW_SIZE + offset, &value, sizeof(value));
	return value;
}

void window_write(struct client *client, unsigned entry, uint64_t offset, uint32_t value)
{
	region_write(client, LUT_BAR, (uint64_t)entry * WINDOW_SIZE + offset, &value, sizeof(value));
}

uint64_t interrupts(int eventfd, int ms)
{
	struct pollfd state = { .fd = eventfd, .events = POLLIN };
	uint64_t count;

	if (poll(&state, 1, ms) != 1 || read(eventfd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return 0;
	return count;
}
