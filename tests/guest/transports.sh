# SPDX-License-Identifier: BSD-3-Clause
# Switches that no server serves, and every frontend on them: pingpong and tool as a person types them; then one that stays
# up, with windows mapped, hosts killed and back, all of them killed, and the file that they left taken over.
# order: 14
# limit: 600
idtntb_run shm-pingpong vms --transport shm --run pingpong
has "what it prints" "$(cat shm-pingpong.out)" '[Gg]uest 2'
# Both kinds of frontend on one switch.
idtntb_run shm-tool vms --transport shm --frontend mixed --run tool

vms_start --transport shm
client ntb_tool 1 2
links_up 1 2
check_untrapped 1 2

for goes in 2 1; do
    stays=$((3 - goes))
    step "QEMU of guest $goes is killed and comes back"
    vm_kill "$goes"
    eventually 10 "link seen by guest $stays" N g "$stays" 'get peer0/link'
    vm_up "$goes"
    client ntb_tool "$goes"
    links_up 1 2
    check_messages 2 1
done

step "both are killed and come back: nobody was there to keep anything but the file"
vm_kill 1
vm_kill 2
above "bytes that they left" "$(stat -c %s "$SOCKETS/switch.shm")" 65536
vm_up 1
vm_up 2
client ntb_tool 1 2
links_up 1 2
check_messages 1 2
check_doorbells 2 1
kernel_logs_clean 1 2
