# SPDX-License-Identifier: BSD-3-Clause
# Ports by vfio-user: a guest of each kind on one switch, windows mapped where they can be; QEMU killed and back.
# order: 45
# limit: 420
vms_start --frontend mixed
client ntb_tool 1 2
links_up 1 2
check_untrapped 1 2
check_messages 1 2
check_messages 2 1
check_doorbells 1 2
check_doorbells 2 1

for goes in 2 1; do
    stays=$((3 - goes))
    step "QEMU of guest $goes is killed and comes back"
    link_told "$stays" N vm_kill "$goes"
    # A device that is merely reset is no link either, but then its port has one.
    status=$("$(ctl_binary)" peek --switch "$SWITCH" "SWPORT$((2 * goes - 2))STS")
    has "status of the port of guest $goes" "$status" 'MODE=3'
    ! grep -q LINKUP=1 <<<"$status" || give_up "the port of guest $goes, which is dead, has LINKUP: $status"
    vm_up "$goes"
    client ntb_tool "$goes"
    links_up 1 2
    check_messages 2 1
done

step "the vfio-user guest reboots"
vm_reboot 2
eventually 10 "link seen by guest 1" N g 1 'get peer0/link'
client ntb_tool 2
links_up 1 2
check_messages 1 2
kernel_logs_clean 1 2
