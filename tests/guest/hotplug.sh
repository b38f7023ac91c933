# SPDX-License-Identifier: BSD-3-Clause
# The device is unplugged from a running guest and plugged in again, ten times, while both ping; data go through after it.
# order: 55
# limit: 500
vms_start --client ntb_pingpong
counts_rise 20 1 2

plugged() { if qom_get "$1" /machine/peripheral/ntb0 type >/dev/null 2>&1; then echo yes; else echo no; fi; }
bound() { guest "$1" 'ls -d /sys/bus/pci/drivers/ntb_hw_idt/0000:* 2>/dev/null | wc -l'; }

for i in 1 2 3 4 5 6 7 8 9 10; do
    n=$((i % 2 + 1))
    port=NTBPORT$n
    step "unplug and plug $i, guest $n"
    qmp "$n" '{"execute":"device_del","arguments":{"id":"ntb0"}}' >/dev/null
    eventually 30 "guest $n has the device" no plugged "$n"
    is "drivers bound in guest $n" "$(bound "$n")" 0
    qmp "$n" "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"idt-ntb\",\"id\":\"ntb0\",\"bus\":\"ntbslot0\",\"switch\":\"$SWITCH\",\"port\":${!port}}}" >/dev/null
    eventually 30 "drivers bound in guest $n" 1 bound "$n"
    counts_rise 30 1 2
done
kernel_logs_clean 1 2
client ntb_tool 1 2
links_up 1 2
check_window 1 2 0
check_window 2 1 24
is "trapped window writes of guest 1" "$(counter 1 window-writes)" 0
