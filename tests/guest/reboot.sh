# SPDX-License-Identifier: BSD-3-Clause
# A guest reboots again and again, under traffic, and after it has written random values to all its registers.
# order: 51
# limit: 300
vms_start
client ntb_pingpong 1 2
counts_rise 20 1 2
for seed in 1 2 3 4; do
    step "random values, seed $seed, then a reboot"
    g 1 'rmmod ntb_pingpong; rmmod ntb_hw_idt; true'
    fuzz_registers 1 "$seed"
    vm_reboot 1
    client ntb_pingpong 1
    counts_rise 30 1 2
done
