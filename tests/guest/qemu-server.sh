# SPDX-License-Identifier: BSD-3-Clause
# Each guest's idt-ntb in a QEMU of its own, which exports it by vfio-user: MSI and INTx, windows, kills.
# order: 72
# limit: 900
qemu_with_device

for msi in on off; do
    vms_start --frontend qemu-server --device-args "msi=$msi" --client ntb_pingpong
    step "ping-pong, msi=$msi"
    for n in 1 2; do
        is "interrupt of guest $n" "$(interrupt_kind "$n")" "$([ "$msi" = on ] && echo MSI || echo IO-APIC)"
    done
    counts_rise 30 1 2
    kernel_logs_clean 1 2
    [ "$msi" = off ] || vms_end
done

client ntb_tool 1 2
links_up 1 2
check_messages 1 2
check_messages 2 1
check_window 1 2 0 65536
check_window 2 1 24 65536

step "QEMU of guest 2 is killed, its device's ends with it; both come back"
vm_kill 2
eventually 20 "link seen by guest 1" N g 1 'get peer0/link'
vm_up 2
client ntb_tool 2
links_up 1 2
check_messages 1 2
check_window 1 2 0 65536

step "the QEMU with the device of guest 2 is killed"
kill -KILL "$(cut -d' ' -f1 "$RUN/device2.pid")"
eventually 10 "link seen by guest 1" N g 1 'get peer0/link'
kernel_logs_clean 1
