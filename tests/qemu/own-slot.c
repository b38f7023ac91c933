/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest that aims what its device causes, an MSI or the fault that a vIOMMU reports, at the register of the slot that the
 * device is in: it goes, or is reset, in the midst of a call on its port.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

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
#define NTMTBLADDR 0x4D0
#define NTMTBLDATA 0x4D8
#define REQIDCAP 0x4DC

/* virtio-iommu: the common configuration in its BAR 4, a queue for faults in RAM. */
#define IOMMU 3 /* device number */
#define COMMON 0xD8000000u
#define DRIVER_FEATURE_SELECT (COMMON + 0x08)
#define DRIVER_FEATURE (COMMON + 0x0C)
#define DEVICE_STATUS (COMMON + 0x14)
#define QUEUE_SELECT (COMMON + 0x16)
#define QUEUE_ENABLE (COMMON + 0x1C)
#define QUEUE_DESCRIPTORS (COMMON + 0x20)
#define QUEUE_AVAILABLE (COMMON + 0x28)
#define QUEUE_USED (COMMON + 0x30)
#define EVENT_QUEUE 1
#define DESCRIPTORS 0x2000000u
#define AVAILABLE (DESCRIPTORS + 0x1000)
#define USED (DESCRIPTORS + 0x2000)
#define FAULT_SIZE 24 /* the last eight bytes are the address */

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

static void gone(struct machine *m)
{
	for (unsigned i = 0; i < 250 && is_there(m); i++)
		machine_pause();
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

/* Once the device has switched itself off. */
static void power_on(struct machine *m)
{
	for (unsigned i = 0; i < 250 && !(machine_config_read(m, ROOT_PORT, slot_control(m), 2) & SLOT_OFF); i++)
		machine_pause();
	machine_config_write(m, ROOT_PORT, slot_control(m), INDICATOR_ON, 2);
	hot_enumerate();
}

/* Power off is a reset; by the time it is carried out the guest may have set up the device again. */
static void reset(void **state)
{
	struct machine *m = MACHINE(MACHINE_ARGS, "-device", HOT, "-device", OTHER);

	(void)state;
	hosts(m);
	hot_write(NTSDATA, 0xCAFE);
	msi_writes_slot_control(m, SLOT_OFF | INDICATOR_ON);
	power_on(m);
	for (unsigned i = 0; i < 250 && machine_read(m, HOT_BAR0 + NTSDATA, 4); i++)
		machine_pause();
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
		machine_pause();
	assert_int_equal(machine_read(m, 0x2000, 4), 0x4321);
	machine_stop(m);
}

/* The vIOMMU knows no device, and writes its next fault to an address. */
static void fault_goes_to(struct machine *m, uint64_t address)
{
	machine_config_write(m, IOMMU, 0x20, COMMON, 4);
	machine_config_write(m, IOMMU, 0x24, 0, 4);
	machine_config_write(m, IOMMU, 0x04, COMMAND_MEM | COMMAND_BME, 2);
	machine_write(m, DEVICE_STATUS, 3, 1); /* ACKNOWLEDGE, DRIVER */
	machine_write(m, DRIVER_FEATURE_SELECT, 1, 4);
	machine_write(m, DRIVER_FEATURE, 1, 4); /* VERSION_1 */
	machine_write(m, DEVICE_STATUS, 11, 1); /* FEATURES_OK */
	assert_int_equal(machine_read(m, DEVICE_STATUS, 1), 11);
	machine_write(m, DESCRIPTORS, address, 8);
	machine_write(m, DESCRIPTORS + 8, 2ull << 32 | FAULT_SIZE, 8); /* the device writes there */
	machine_write(m, AVAILABLE, 1 << 16, 8);
	machine_write(m, QUEUE_SELECT, EVENT_QUEUE, 2);
	machine_write(m, QUEUE_DESCRIPTORS, DESCRIPTORS, 4);
	machine_write(m, QUEUE_AVAILABLE, AVAILABLE, 4);
	machine_write(m, QUEUE_USED, USED, 4);
	machine_write(m, QUEUE_ENABLE, 1, 2);
	machine_write(m, DEVICE_STATUS, 15, 1); /* DRIVER_OK */
}

/* It is a peer's access that faults, and the upper half of its address that ends in Slot Control. */
static struct machine *fault_writes_slot_control(uint32_t value)
{
	struct machine *m = MACHINE(MACHINE_ARGS, "-device", "virtio-iommu-pci,addr=3,boot-bypass=off", "-device", HOT,
				    "-device", OTHER);

	hosts(m);
	hot_write(NTCTL, 2);
	hot_write(NTMTBLADDR, 0);
	hot_write(NTMTBLDATA, (uint32_t)machine_read(m, HOT_BAR0 + REQIDCAP, 4) << 1 | 1);
	fault_goes_to(m, ECAM_ROOT_PORT + slot_control(m) + 4 - FAULT_SIZE);
	host_lut_set(&other, 2, 0, 0, (uint64_t)value << 32 | 0x1000);
	machine_write(m, host_bar(&other, 2), 0x11, 8);
	assert_int_equal(machine_read(m, host_bar(&other, 2), 8), UINT64_MAX);
	return m;
}

static void unplugged_by_a_fault(void **state)
{
	struct machine *m = fault_writes_slot_control(SLOT_OFF | INDICATOR_OFF);

	(void)state;
	gone(m);
	machine_stop(m);
}

static void reset_by_a_fault(void **state)
{
	struct machine *m = fault_writes_slot_control(SLOT_OFF | INDICATOR_ON);

	(void)state;
	power_on(m);
	for (unsigned i = 0; i < 250 && machine_read(m, HOT_BAR0 + NTCTL, 4); i++)
		machine_pause();
	assert_int_equal(machine_read(m, HOT_BAR0 + NTCTL, 4), 0);
	machine_stop(m);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unplugged),
		cmocka_unit_test(reset),
		cmocka_unit_test(unplugged_by_a_fault),
		cmocka_unit_test(reset_by_a_fault),
	};

	machine_program(argc, argv);
	return cmocka_run_group_tests(tests, no_memory_is_what_it_was, NULL);
}
