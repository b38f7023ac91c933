# SPDX-License-Identifier: BSD-3-Clause
# The server is killed and comes back; guests go on, and one that dies meanwhile is still noticed.
# order: 42
# limit: 300
vms_start
client ntb_tool 1 2
links_up 1 2
step "the server is killed"
server_kill
is "link seen by guest 1" "$(g 1 'get peer0/link')" Y
check_doorbells 1 2
check_doorbells 2 1
check_messages 1 2
check_window 1 2 0
check_window 2 1 24
is "trapped window writes of guest 1" "$(counter 1 window-writes)" 0
check_messages 2 1

step "the server comes back, and is rejoined"
server_back
eventually 10 "link seen by guest 1" Y g 1 'get peer0/link'
check_doorbells 1 2
check_window 2 1 23
is "trapped window writes of guest 2" "$(counter 2 window-writes)" 0

step "a guest dies while there is no server"
server_kill
link_told 1 N vm_kill 2

step "its port can be taken again when the server is back"
server_back
vm_up 2
client ntb_tool 2
links_up 1 2
check_messages 1 2
check_window 1 2 0
check_window 2 1 0

step "the server dies during ping-pong, five times"
client ntb_pingpong 1 2
for _ in 1 2 3 4 5; do
    server_kill
    counts_rise 20 1 2
    server_back
    counts_rise 20 1 2
done
kernel_logs_clean 1 2
