# SPDX-License-Identifier: BSD-3-Clause
# The same windows by copy: every access is carried out by the owner of the RAM.
# order: 30
# limit: 300
vms_start --device-args windows=copy
client ntb_tool 1 2
check_probe 1 0 1 25
links_up 1 2
check_window 1 2 0
check_window 2 1 24
check_accesses 1 2
check_accesses 2 1
check_both_read 1 2
check_order 1 2
check_order 2 1
for n in 1 2; do
    above "window reads that came to the device of guest $n" "$(counter "$n" window-reads)" 10000
    above "window writes that came to the device of guest $n" "$(counter "$n" window-writes)" 10000
    is "window accesses of guest $n without an answer" "$(counter "$n" window-refused)" 0
done
kernel_logs_clean 1 2
