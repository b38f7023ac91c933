/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ntbwin: a PCI BAR from a guest's user space, mapped through sysfs (the kernel command line needs iomem=relaxed
 * while a driver is bound). Reads and writes of every size at every alignment, random writes to all registers, and memcpy
 * rates of two BARs; and a seeded pseudo-random sequence.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* One access of the stated size, aligned or not: what the compiler must not split or merge. */
typedef volatile uint8_t mmio8;
typedef volatile uint16_t mmio16 __attribute__((aligned(1)));
typedef volatile uint32_t mmio32 __attribute__((aligned(1)));
typedef volatile uint64_t mmio64 __attribute__((aligned(1)));

struct bar {
	uint8_t *base;
	size_t size;
	char name[80];
};

static const char usage[] =
	"usage: ntbwin BAR read OFFSET SIZE           one access, SIZE 1, 2, 4 or 8; prints the value\n"
	"       ntbwin BAR write OFFSET SIZE VALUE    one access\n"
	"       ntbwin BAR fuzz COUNT SEED            COUNT writes of random values and sizes to offsets all over\n"
	"       ntbwin BAR bench OFFSET BAR OFFSET LENGTH ROUNDS   memcpy to and from both, in turn; medians\n"
	"       ntbwin random LENGTH SEED             the sequence itself to standard output\n"
	"BAR is DEVICE/N: DEVICE an address such as 0000:00:04.0, or VENDOR:DEVICE (hexadecimal, * for any)\n"
	"with an optional #INDEX; N the number of the BAR. Numbers may be hexadecimal with 0x.\n";

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("ntbwin: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t number(const char *text)
{
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, 0);

	if (errno || end == text || *end)
		die("'%s' is not a number; decimal or 0x hexadecimal expected", text);
	return value;
}

/* splitmix64: the sequence of a seed at any index, so that two guests agree on it without exchanging data. */
static uint64_t sequence(uint64_t seed, uint64_t index)
{
	uint64_t z = seed + (index + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint32_t attribute(const char *device, const char *name)
{
	char path[300];
	unsigned value = 0;

	snprintf(path, sizeof path, "%s/%s", device, name);
	FILE *file = fopen(path, "re");
	if (!file || fscanf(file, "%x", &value) != 1)
		die("%s: cannot be read", path);
	fclose(file);
	return value;
}

/* "111d:*#1" to a sysfs directory. */
static void find_device(const char *wanted, char *path, size_t size)
{
	char vendor[8], device[8];
	unsigned index = 0, seen = 0;
	glob_t found;

	if (sscanf(wanted, "%7[0-9a-fA-F*]:%7[0-9a-fA-F*]#%u", vendor, device, &index) < 2)
		die("'%s' is not a device; an address such as 0000:00:04.0 or VENDOR:DEVICE#INDEX expected", wanted);
	if (glob("/sys/bus/pci/devices/*", 0, NULL, &found))
		die("no PCI devices here");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (strcmp(vendor, "*") && attribute(found.gl_pathv[i], "vendor") != strtoul(vendor, NULL, 16))
			continue;
		if (strcmp(device, "*") && attribute(found.gl_pathv[i], "device") != strtoul(device, NULL, 16))
			continue;
		if (seen++ == index) {
			snprintf(path, size, "%s", found.gl_pathv[i]);
			globfree(&found);
			return;
		}
	}
	die("no device %s: %u of that kind seen", wanted, seen);
}

static struct bar map_bar(const char *argument)
{
	struct bar bar;
	char device[200], path[300];
	const char *slash = strrchr(argument, '/');
	struct stat status;

	if (!slash || slash == argument || strlen(slash) != 2 || slash[1] < '0' || slash[1] > '5' ||
	    slash - argument >= 64)
		die("'%s' is not a BAR; DEVICE/N with N from 0 to 5 expected", argument);
	snprintf(bar.name, sizeof bar.name, "%s", argument);
	char wanted[64];
	snprintf(wanted, sizeof wanted, "%.*s", (int)(slash - argument), argument);
	snprintf(device, sizeof device, "/sys/bus/pci/devices/%s", wanted);
	if (access(device, F_OK))
		find_device(wanted, device, sizeof device);
	snprintf(path, sizeof path, "%s/resource%c", device, slash[1]);

	int fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status))
		die("%s: %s", path, strerror(errno));
	bar.size = (size_t)status.st_size;
	bar.base = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bar.base == MAP_FAILED)
		die("%s: cannot be mapped: %s%s", path, strerror(errno),
		    errno == EINVAL ? "; is iomem=relaxed on the kernel command line?" : "");
	close(fd);
	return bar;
}

static uint8_t *range(const struct bar *bar, uint64_t offset, uint64_t length)
{
	if (offset > bar->size || length > bar->size - offset)
		die("%s has 0x%zx bytes; 0x%" PRIx64 " at 0x%" PRIx64 " are beyond it", bar->name, bar->size, length,
		    offset);
	return bar->base + offset;
}

static uint64_t load(const uint8_t *at, uint64_t size)
{
	switch (size) {
	case 1:
		return *(const mmio8 *)at;
	case 2:
		return *(const mmio16 *)at;
	case 4:
		return *(const mmio32 *)at;
	case 8:
		return *(const mmio64 *)at;
	default:
		die("size %" PRIu64 ": 1, 2, 4 or 8 expected", size);
	}
}

static void store(uint8_t *at, uint64_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(mmio8 *)at = (uint8_t)value;
		break;
	case 2:
		*(mmio16 *)at = (uint16_t)value;
		break;
	case 4:
		*(mmio32 *)at = (uint32_t)value;
		break;
	case 8:
		*(mmio64 *)at = value;
		break;
	default:
		die("size %" PRIu64 ": 1, 2, 4 or 8 expected", size);
	}
}

static void random_bytes(uint64_t length, uint64_t seed)
{
	if (length % 8)
		die("length %" PRIu64 ": a multiple of 8 expected", length);
	for (uint64_t i = 0; i < length / 8; i++) {
		uint64_t value = sequence(seed, i);
		if (fwrite(&value, sizeof value, 1, stdout) != 1)
			die("standard output: %s", strerror(errno));
	}
}

static void fuzz(const struct bar *bar, uint64_t count, uint64_t seed)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t size = UINT64_C(1) << (sequence(seed, 3 * i) & 3);
		uint64_t offset = sequence(seed, 3 * i + 1) % (bar->size - 7);
		/* One in two aligned: a real driver's accesses are, and they reach other code. */
		if (sequence(seed, 3 * i) & 4)
			offset &= ~(size - 1);
		if (sequence(seed, 3 * i) & 8)
			(void)load(bar->base + offset, size);
		store(bar->base + offset, size, sequence(seed, 3 * i + 2));
	}
	printf("%" PRIu64 " writes done\n", count);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* rates[0..3]: write A, write B, read A, read B; in turn, so that what disturbs one disturbs the other. */
static void bench(uint8_t *at[2], const char *names[2], size_t length, unsigned rounds)
{
	double *rates[4];
	uint8_t *memory = malloc(length);

	if (!memory || !length || !rounds)
		die("LENGTH and ROUNDS: small positive numbers expected");
	memset(memory, 0x5a, length);
	for (int i = 0; i < 4; i++)
		if (!(rates[i] = calloc(rounds, sizeof **rates)))
			die("ROUNDS %u: out of memory", rounds);
	for (unsigned round = 0; round < rounds; round++) {
		for (int i = 0; i < 4; i++) {
			double start = seconds();
			if (i < 2)
				memcpy(at[i], memory, length);
			else
				memcpy(memory, at[i - 2], length);
			__asm__ volatile("" ::: "memory");
			rates[i][round] = (double)length / 1e6 / (seconds() - start);
		}
	}
	for (int i = 0; i < 4; i++) {
		qsort(rates[i], rounds, sizeof **rates, by_value);
		printf("%s %s %.1f MB/s\n", i < 2 ? "write" : "read", names[i % 2], rates[i][rounds / 2]);
		free(rates[i]);
	}
	free(memory);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "random")) {
		random_bytes(number(argv[2]), number(argv[3]));
		return fflush(stdout) ? 1 : 0;
	}
	if (argc < 3) {
		fputs(usage, stderr);
		return 2;
	}
	struct bar bar = map_bar(argv[1]);
	const char *verb = argv[2];
	uint64_t n[6] = { 0 };
	bool is_bench = !strcmp(verb, "bench") && argc == 8;

	for (int i = 3; i < argc && i < 9 && !is_bench; i++)
		n[i - 3] = number(argv[i]);
	if (!strcmp(verb, "read") && argc == 5) {
		printf("0x%0*" PRIx64 "\n", (int)(2 * n[1]), load(range(&bar, n[0], n[1]), n[1]));
	} else if (!strcmp(verb, "write") && argc == 6) {
		store(range(&bar, n[0], n[1]), n[1], n[2]);
	} else if (!strcmp(verb, "fuzz") && argc == 5) {
		fuzz(&bar, n[0], n[1]);
	} else if (is_bench) {
		struct bar other = map_bar(argv[4]);
		uint64_t length = number(argv[6]);
		uint8_t *at[2] = { range(&bar, number(argv[3]), length), range(&other, number(argv[5]), length) };
		const char *names[2] = { argv[1], argv[4] };
		bench(at, names, length, (unsigned)number(argv[7]));
	} else {
		fputs(usage, stderr);
		return 2;
	}
	return fflush(stdout) ? 1 : 0;
}
