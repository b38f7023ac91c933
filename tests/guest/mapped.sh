# SPDX-License-Identifier: BSD-3-Clause
# Two guests, windows mapped: everything a pair of hosts does, and that no window access comes to the device.
# order: 20
# limit: 300
vms_start
client ntb_tool 1 2
check_probe 1 0 1 25
check_probe 2 2 1 25
links_up 1 2
check_doorbells 1 2
check_doorbells 2 1
check_messages 1 2
check_messages 2 1

# First and last entry of the lookup table, and the direct window.
for window in 0 23 24; do
    check_window 1 2 "$window"
    check_window 2 1 "$window"
done
check_accesses 1 2
check_accesses 2 1

step "no window access was trapped"
for n in 1 2; do
    is "trapped window reads of guest $n" "$(counter "$n" window-reads)" 0
    is "trapped window writes of guest $n" "$(counter "$n" window-writes)" 0
    above "register writes of guest $n" "$(counter "$n" register-writes)" 100
done

step "a closed window reads all ones, through the device"
check_closed_window 1
above "trapped window reads of guest 1" "$(counter 1 window-reads)" 0
kernel_logs_clean 1 2
