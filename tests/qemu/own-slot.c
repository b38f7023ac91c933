/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest that aims its MSI at the register of the slot that the device is in: it goes, or is reset, in the midst of a call
 * on its port.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROOT_PORT 1 /* device number */
#define SECONDARY_BUS 1
#define ECAM 0xB0000000u
#define ECAM_ROOT_PORT (ECAM | ROOT_PORT << 15)
#define ECAM_HOT (ECAM | SECONDARY_BUS << 20)
#define HOT_BAR0 0xD0000000u

#define SLOT_OFF 0x400 /* power controller */
#define INDICATOR_ON 0x100
#define INDICATOR_OFF 0x300

#define NTSDATA 0x40C

#define MACHINE_ARGS                                                                                                   \
	SHARED_RAM("64M"), "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off", "-device",                  \
		"pcie-root-port,id=root_port,addr=1,chassis=1"
#define HOT "idt-ntb,id=hot,bus=root_port,switch=local:s,port=0"
#define OTHER "idt-ntb,id=other,addr=6,switch=local:s,port=2"

static struct host other;

static int no_memory_is_what_it_was(void **state)
{
	(void)state;
	return setenv("MALLOC_PERTURB_", "165", 1);
}

static void hot_write(uint32_t offset, uint32_t value)
{
	machine_write(other.m, HOT_BAR0 + offset, value, 4);
}

static void hot_enumerate(void)
{
	machine_write(other.m, ECAM_HOT + 0x10, HOT_BAR0, 4);
	machine_write(other.m, ECAM_HOT + 0x04, COMMAND_MEM | COMMAND_BME, 2);
	assert_int_equal(machine_read(other.m, HOT_BAR0, 4), 0x8091111D);
}

static void hosts(struct machine *m)
{
	other = (struct host){ m, "other", 6, 1 };
	host_enumerate(&other);
	host_enable(&other);
	machine_config_write(m, ROOT_PORT, 0x18, SECONDARY_BUS << 16 | SECONDARY_BUS << 8, 4);
	machine_config_write(m, ROOT_PORT, 0x20, HOT_BAR0 | HOT_BAR0 >> 16, 4);
	machine_config_write(m, ROOT_PORT, 0x04, COMMAND_MEM | COMMAND_BME, 2);
	hot_enumerate();
}

/* Offset of Slot Control in the root port. */
static uint32_t slot_control(struct machine *m)
{
	uint32_t capability = machine_config_read(m, ROOT_PORT, 0x34, 1);

	while (machine_config_read(m, ROOT_PORT, capability, 1) != 0x10) {
		capability = machine_config_read(m, ROOT_PORT, capability + 1, 1);
		assert_int_not_equal(capability, 0);
	}
	return capability + 0x18;
}

static void msi_writes_slot_control(struct machine *m, uint16_t value)
{
	machine_write(m, ECAM_HOT + 0xD4, ECAM_ROOT_PORT + slot_control(m), 4);
	machine_write(m, ECAM_HOT + 0xDC, value, 2);
	machine_write(m, ECAM_HOT + 0xD2, 1, 2);
	hot_write(NTINTMSK, 0);
	host_write(&other, OUTDBELLSET, 1);
}

static bool is_there(struct machine *m)
{
	return strstr(machine_qmp(m, "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral\"}}"),
		      "\"hot\"");
}

static void wait_a_moment(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static void gone(struct machine *m)
{
	for (unsigned i = 0; i < 250 && is_there(m); i++)
		wait_a_moment();
	assert_false(is_there(m));
	assert_int_equal(host_read(&other, 0), 0x8091111D);
}

static void unplugged(void **state)
{
	struct machine *m = MACHINE(MACHINE_ARGS, "-device", HOT, "-device", OTHER);

	(void)state;
	hosts(m);
	msi_writes_slot_control(m, SLOT_OFF | INDICATOR_OFF);
	gone(m);
	/* its port is free again */
	machine_qmp_ok(m, "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"idt-ntb\",\"id\":\"hot\","
			  "\"bus\":\"root_port\",\"switch\":\"local:s\",\"port\":0}}");
	assert_int_equal(machine_get(m, "hot", "link-up"), 1);
	machine_stop(m);
}

/* Power off is a reset; by the time it is carried out the guest may have set up the device again. */
static void reset(void **state)
{
	struct machine *m = MACHINE(MACHINE_ARGS, "-device", HOT, "-device", OTHER);

	(void)state;
	hosts(m);
	hot_write(NTSDATA, 0xCAFE);
	msi_writes_slot_control(m, SLOT_OFF | INDICATOR_ON);
	for (unsigned i = 0; i < 250 && !(machine_config_read(m, ROOT_PORT, slot_control(m), 2) & SLOT_OFF); i++)
		wait_a_moment();
	machine_config_write(m, ROOT_PORT, slot_control(m), INDICATOR_ON, 2);
	hot_enumerate();
	for (unsigned i = 0; i < 250 && machine_read(m, HOT_BAR0 + NTSDATA, 4); i++)
		wait_a_moment();
	assert_int_equal(machine_read(m, HOT_BAR0 + NTSDATA, 4), 0);
	host_write(&other, INDBELLSTS, UINT32_MAX);
	hot_write(OUTDBELLSET, 0x20);
	assert_int_equal(host_read(&other, INDBELLSTS), 0x20);
	/* bus master and all are as QEMU has them: its MSI gets through */
	machine_write(m, ECAM_HOT + 0xD4, 0x2000, 4);
	machine_write(m, ECAM_HOT + 0xDC, 0x4321, 2);
	machine_write(m, ECAM_HOT + 0xD2, 1, 2);
	hot_write(NTINTMSK, 0);
	for (unsigned i = 0; i < 250 && machine_read(m, 0x2000, 4) != 0x4321; i++)
		wait_a_moment();
	assert_int_equal(machine_read(m, 0x2000, 4), 0x4321);
	machine_stop(m);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unplugged),
		cmocka_unit_test(reset),
	};

	machine_program(argc, argv);
	return cmocka_run_group_tests(tests, no_memory_is_what_it_was, NULL);
}
