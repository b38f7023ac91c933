# SPDX-License-Identifier: BSD-3-Clause
# The device is unplugged and plugged ten times while the other guest rings and writes.
# order: 55
# limit: 300
vms_start --client ntb_pingpong
counts_rise 20 1 2
switch=$(tr '\0' '\n' <"/proc/$(vm_pid 2)/cmdline" | sed -n 's/^idt-ntb,.*switch=\([^,]*\),port=.*/\1/p')
port=$(tr '\0' '\n' <"/proc/$(vm_pid 2)/cmdline" | sed -n 's/^idt-ntb,.*port=\([0-9]*\).*/\1/p')
has "switch of guest 2" "$switch" '^ivshmem:'

for i in 1 2 3 4 5 6 7 8 9 10; do
    step "unplug $i"
    qmp 2 '{"execute":"device_del","arguments":{"id":"ntb0"}}' >/dev/null
    eventually 20 "devices in guest 2" 0 g 2 'grep -l 0x111d /sys/bus/pci/devices/*/vendor | wc -l'
    is "guest 1 answers" "$(guest 1 'echo yes')" yes
    for _ in 1 2 3 4 5; do
        qmp 2 "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"idt-ntb\",\"id\":\"ntb0\",\"bus\":\"ntbslot0\",\"switch\":\"$switch\",\"port\":$port}}" >added 2>&1 && break
        sleep 1
    done
    eventually 20 "devices in guest 2" 1 g 2 'grep -l 0x111d /sys/bus/pci/devices/*/vendor | wc -l'
    counts_rise 30 1 2
done
client ntb_tool 1 2
links_up 1 2
check_window 1 2 0
check_window 2 1 24
kernel_logs_clean 1 2
