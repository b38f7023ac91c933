# SPDX-License-Identifier: BSD-3-Clause
# Other machines: INTx, buffers above 4 GiB with the second BAR setup, two endpoints in one guest.
# order: 60
# limit: 300
step "INTx"
vms_start --device-args msi=off
client ntb_pingpong 1 2
for n in 1 2; do
    has "interrupt of guest $n" "$(g "$n" 'grep idt /proc/interrupts')" 'IO-APIC'
done
counts_rise 20 1 2
kernel_logs_clean 1 2
vms_end

step "MSI, 6 GiB of RAM, two 12-entry lookup tables"
vms_start --mem 6G --bars lut12x2
client ntb_pingpong 1 2
for n in 1 2; do
    has "interrupt of guest $n" "$(g "$n" 'grep idt /proc/interrupts')" 'MSI'
done
counts_rise 20 1 2
client ntb_tool 1 2
links_up 1 2
check_high_window 1 2
kernel_logs_clean 1 2
vms_end

step "two endpoints in one guest"
vms_start --vms 1 --ports 0,2 --vm1-args "-device idt-ntb,id=ntb1,switch=@SWITCH@,port=2,bus=pcie.0"
client ntb_tool 1
is "endpoints" "$(g 1 'ls /sys/kernel/debug/ntb_tool | wc -l')" 2
EP=1 gx 1 'put link Y'
EP=2 gx 1 'put link Y'
eventually 10 "link at the first" Y env EP=1 bash -c :
