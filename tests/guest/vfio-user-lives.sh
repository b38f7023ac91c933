# SPDX-License-Identifier: BSD-3-Clause
# Ports by vfio-user: INTx; guests killed and back; the server killed and back, seen by a guest that is not behind it.
# order: 47
# limit: 900

# vfio_server_kill: SIGKILL, and it is really gone.
vfio_server_kill() {
    kill -KILL "$(cut -d' ' -f1 "$RUN/vfio.pid")"
    while alive "$RUN/vfio.pid"; do sleep 0.02; done
}

vms_start --frontend vfio-user --append pci=nomsi --client ntb_pingpong
step "INTx"
for n in 1 2; do
    is "interrupt of guest $n" "$(interrupt_kind "$n")" IO-APIC
done
counts_rise 30 1 2
for round in 1 2; do
    step "guest $round is killed amid ping-pong and comes back"
    vm_kill "$round"
    vm_up "$round"
    client ntb_pingpong "$round"
    counts_rise 30 1 2
done
client ntb_tool 1 2
links_up 1 2
for pair in "1 2" "2 1"; do
    read -r stays goes <<<"$pair"
    step "guest $stays waits for the link of guest $goes to fall, and to rise"
    link_told "$stays" N vm_kill "$goes"
    vm_up "$goes"
    client ntb_tool "$goes"
    link_told "$stays" Y g "$goes" 'put link Y'
    links_up "$stays" "$goes"
    # (Not check_doorbells: a pending one interrupts for as long as it is pending.)
    check_messages "$goes" "$stays"
done
kernel_logs_clean 1 2
vms_end

vms_start --vms 3 --frontend mixed --client ntb_tool
links_up 1 2
g 3 'put link Y'
eventually 10 "guest 1 sees the link of guest 3" Y g 1 'get peer1/link'
for round in 1 2; do
    step "the vfio-user server is killed"
    vfio_server_kill
    eventually 10 "link of guest 2, seen by guest 1" N g 1 'get peer0/link'
    is "link of guest 3, seen by guest 1" "$(g 1 'get peer1/link')" Y
    g 1 "put peer1/msg0 0x5e00d00$round"
    is "message of guest 1 in guest 3" "$(g 3 'get msg0; put msg_sts "c 0xf000f"')" "0x5e00d00$round<-0"
    step "it comes back, and a guest that is started again is served"
    # QEMU's client does not connect again: its guest is lost with the server.
    vm_kill 2
    : >"$RUN/vfio.err"
    run_start vfio
    until grep -q ': listening on' "$RUN/vfio.err"; do sleep 0.05; done
    vm_up 2
    client ntb_tool 2
    links_up 1 2
    check_messages 1 2
    check_doorbells 2 1
    check_window 1 2 0 65536
    is "link of guest 3, seen by guest 1" "$(g 1 'get peer1/link')" Y
done
kernel_logs_clean 1 2 3
