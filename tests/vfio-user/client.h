/* SPDX-License-Identifier: BSD-3-Clause */
/* A vfio-user client of our own, and the server it talks to. Nothing here is libvfio-user's, so that both may be wrong. */
#ifndef TESTS_VFIO_USER_CLIENT_H
#define TESTS_VFIO_USER_CLIENT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fds.h"
#include "program.h"

#include <stdbool.h>
#include <sys/types.h>

#define RAM_SIZE 0x400000u /* bytes of each client */
#define RAM_BASE 0x100000000u /* bus address of the first */
#define WINDOW_SIZE 0x100000u /* of the default topology */
#define LUT_BAR 2u
#define CONFIG_REGION 7u

enum command {
	VERSION = 1,
	DMA_MAP = 2,
	DMA_UNMAP = 3,
	GET_INFO = 4,
	GET_REGION_INFO = 5,
	GET_IRQ_INFO = 7,
	SET_IRQS = 8,
	REGION_READ = 9,
	REGION_WRITE = 10,
	RESET = 13,
};

struct header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

#define TRIGGER_EVENTFD (1u << 5 | 1u << 2) /* of SET_IRQS */

#define FLAG_REPLY 0x1u
#define FLAG_NO_REPLY 0x10u
#define FLAG_ERROR 0x20u

struct server {
	char folder[32];
	char paths[2][48]; /* sockets of port 0 and port 2 */
	struct program program;
};

extern const char *server_program;

/* The fixture with its folder, no server yet; and with one on local:test. */
int server_folder(void **state);
int server_setup(void **state);
int server_teardown(void **state);
/* Start another server on a spec; more arguments may follow, ended by NULL. The sockets are those of the fixture. */
void server_start(struct server *server, const char *spec, const char *const more[]);
/* @return its wait status. */
int server_end(struct server *server, int signal);
/* Wait until the log holds a text, and drop the log up to its end. */
void server_says(struct server *server, const char *text);
/* Drop what the log has, so that the server can go on writing to it. */
void server_drain(struct server *server);
unsigned server_descriptors(const struct server *server);
/* The same, once the other ports have let go of what a client had. */
unsigned settled_descriptors(const struct server *server);
/* Resident memory in KiB. */
unsigned long server_memory(const struct server *server);

struct client {
	int fd;
	uint16_t id;
	int ram_fd;
	uint8_t *ram;
	int irq;
};

/* A connection, nothing said yet. */
int dial(const char *path);
/* Send a message; the header's size and id are filled in. */
bool send_message(struct client *client, uint16_t command, uint32_t flags, const void *body, size_t size,
		  const int *fds, unsigned count);
/* The reply to the last message: its error number, or -1 when the connection is closed. */
int receive_reply(struct client *client, void *body, size_t size);
/* Both. */
int request(struct client *client, uint16_t command, const void *body, size_t size, void *reply, size_t reply_size);
/* Whether the server closes the connection within a time. */
bool hangs_up(int fd, int ms);

/* Connect and agree on the version; RAM, interrupts and registers are not touched. */
void client_connect(struct client *client, const char *path);
/* The same, and set up as a VMM and a driver would: RAM, MSI, link. */
void client_open(struct client *client, const char *path);
/* The same with RAM of RAM_SIZE bytes made before; the descriptor is the client's from then on. */
void client_open_ram(struct client *client, const char *path, int ram_fd);
void client_enable(struct client *client, uint32_t partition);
void client_close(struct client *client);

int dma_map(struct client *client, uint64_t address, uint64_t offset, uint64_t size, int fd);
int dma_unmap(struct client *client, uint64_t address, uint64_t size);
int set_irq(struct client *client, uint32_t index, uint32_t flags, uint32_t count, const int *fds,
	    unsigned descriptors);

void region_read(struct client *client, uint32_t region, uint64_t offset, void *data, uint32_t size);
void region_write(struct client *client, uint32_t region, uint64_t offset, const void *data, uint32_t size);
uint32_t config_read(struct client *client, uint32_t offset);
void config_write(struct client *client, uint32_t offset, uint32_t value);
uint32_t nt_read(struct client *client, uint32_t offset);
void nt_write(struct client *client, uint32_t offset, uint32_t value);
/* Point an entry of the lookup table at an address of a partition. */
void window_set(struct client *client, unsigned entry, uint32_t partition, uint64_t address);
uint32_t window_read(struct client *client, unsigned entry, uint64_t offset);
void window_write(struct client *client, unsigned entry, uint64_t offset, uint32_t value);

/* Count of an eventfd within a time; 0 when nothing came. */
uint64_t interrupts(int eventfd, int ms);

/* Wait for what must come true. */
#define UNTIL(condition)                                                                                               \
	do {                                                                                                           \
		int64_t until_ = now_ms() + PATIENCE_MS;                                                               \
		while (!(condition)) {                                                                                 \
			if (now_ms() > until_)                                                                         \
				fail_msg("in vain: %s", #condition);                                                   \
		}                                                                                                      \
	} while (0)

/* For main(): takes the program from the command line. */
#define RUN(tests, argc, argv)                                                                                         \
	(server_program = (argc) > 1 ? (argv)[1] : NULL, server_program                                                \
								 ? cmocka_run_group_tests(tests, NULL, NULL)           \
								 : (print_error("usage: %s SERVER\n", (argv)[0]), 2))
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)

#endif
