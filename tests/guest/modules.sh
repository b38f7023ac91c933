# SPDX-License-Identifier: BSD-3-Clause
# The driver goes and comes a hundred times under traffic; then a guest writes random values to all its registers.
# order: 50
# limit: 480
vms_start
client ntb_pingpong 1 2
counts_rise 20 1 2

step "100 times rmmod and modprobe, in turn, under traffic"
for i in $(seq 100); do
    n=$((i % 2 + 1))
    guest "$n" 'rmmod ntb_pingpong && rmmod ntb_hw_idt && modprobe ntb_hw_idt && modprobe ntb_pingpong' ||
        give_up "guest $n cannot reload its driver the ${i}th time"
    [ $((i % 20)) != 0 ] || counts_rise 20 1 2
done
kernel_logs_clean 1 2

step "six times rmmod and modprobe, in turn, the other told each time"
client ntb_tool 1 2
links_up 1 2
for i in 1 2 3 4 5 6; do
    n=$((i % 2 + 1))
    link_told $((3 - n)) N g "$n" 'rmmod ntb_tool; rmmod ntb_hw_idt'
    client ntb_tool "$n"
    link_told $((3 - n)) Y g "$n" 'put link Y'
done
client ntb_pingpong 1 2
counts_rise 20 1 2

g 1 'rmmod ntb_pingpong && rmmod ntb_hw_idt'
for seed in 1 2 3; do
    step "guest 1 writes random values to all its registers, seed $seed"
    fuzz_registers 1 "$seed"
    is "guest 2 answers" "$(guest 2 'echo yes')" yes
    kernel_logs_clean 2
    vm_alive 1
    vm_alive 2
done
step "guest 1 reboots, and all is as before"
vm_reboot 1
client ntb_pingpong 1
counts_rise 30 1 2
client ntb_tool 1 2
links_up 1 2
check_window 1 2 0
check_window 2 1 24
