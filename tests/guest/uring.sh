# SPDX-License-Identifier: BSD-3-Clause
# Switches in a daemon: pingpong and tool as a person types them, over both kinds of socket and both frontends; then guests
# that outlive the daemon.
# order: 15
# limit: 900
idtntb_run uring-unix-pingpong vms --transport uring-unix --run pingpong
idtntb_run uring-unix-tool vms --transport uring-unix --frontend mixed --run tool
idtntb_run uring-tcp-pingpong vms --transport uring-tcp --frontend mixed --run pingpong
idtntb_run uring-tcp-tool vms --transport uring-tcp --run tool

vms_start --transport uring-unix --mount "$PWD/mnt"
client ntb_tool 1 2
links_up 1 2
has "the mount" "$(cat mnt/ports/0/link)" 'port 0: up'
check_window 1 2 0
is "trapped window writes of guest 1" "$(counter 1 window-writes)" 0
for _ in 1 2 3; do
    step "the daemon is killed: no peer, and no guest that hangs"
    server_kill
    eventually 10 "link seen by guest 1" N g 1 'get peer0/link'
    eventually 10 "link seen by guest 2" N g 2 'get peer0/link'
    step "it comes back, and is rejoined"
    link_told 1 Y server_back
    eventually 10 "link seen by guest 2" Y g 2 'get peer0/link'
    check_doorbells 1 2
    check_messages 2 1
done
check_window 2 1 3
step "a guest is killed and comes back"
vm_kill 2
eventually 10 "link seen by guest 1" N g 1 'get peer0/link'
vm_up 2
client ntb_tool 2
links_up 1 2
check_window 1 2 0
step "the daemon dies during ping-pong"
client ntb_pingpong 1 2
counts_rise 20 1 2
for _ in 1 2; do
    server_kill
    server_back
    counts_rise 30 1 2
done
kernel_logs_clean 1 2
