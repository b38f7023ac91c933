# SPDX-License-Identifier: BSD-3-Clause
# Links that go and come: a driver unloads, a QEMU is killed and comes back, guests reboot; in both orders, under traffic.
# order: 40
# limit: 600
vms_start
client ntb_tool 1 2
links_up 1 2

for pair in "1 2" "2 1"; do
    read -r stays goes <<<"$pair"
    step "the driver of guest $goes unloads and comes back"
    link_told "$stays" N g "$goes" 'rmmod ntb_tool; rmmod ntb_hw_idt'
    client ntb_tool "$goes"
    link_told "$stays" Y g "$goes" 'put link Y'

    step "QEMU of guest $goes is killed and comes back"
    link_told "$stays" N vm_kill "$goes"
    vm_up "$goes"
    client ntb_tool "$goes"
    links_up "$stays" "$goes"
    check_window "$stays" "$goes" 0 65536

    step "guest $goes reboots"
    link_told "$stays" N vm_reboot "$goes"
    client ntb_tool "$goes"
    links_up "$stays" "$goes"
    check_window "$goes" "$stays" 24 65536
done

step "a mapped window of a dead guest reads all ones"
window_open 1 2 0
vm_kill 2
is "first bytes of the window" "$(g 1 'dd if=$T/peer0/peer_mw0 bs=8 count=1 2>/dev/null | od -An -tx1')" " ff ff ff ff ff ff ff ff"
# ntb_tool of 6.1 itself crashes when it is unloaded with a window open (it frees its debugfs files twice).
g 1 'put peer0/peer_mw_trans0 0:0'
vm_up 2

step "ten kills under traffic"
client ntb_pingpong 1 2
counts_rise 20 1 2
for i in 1 2 3 4 5 6 7 8 9 10; do
    n=$((i % 2 + 1))
    vm_kill "$n"
    vm_up "$n"
    client ntb_pingpong "$n"
    step "kill $i: guest $n is back"
    counts_rise 20 1 2
done
kernel_logs_clean 1 2
