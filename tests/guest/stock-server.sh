# SPDX-License-Identifier: BSD-3-Clause
# The server of QEMU's own source (contrib/ivshmem-server), started as the public project does: all goes by copy.
# order: 32
# limit: 300
vms_start --server stock
has "the server" "$(tr '\0' ' ' <"$RUN/server.cmd")" 'ivshmem-server -v -F -n 2'
client ntb_pingpong 1 2
counts_rise 20 1 2
client ntb_tool 1 2
links_up 1 2
check_doorbells 1 2
check_messages 2 1
check_window 1 2 0 262144
check_window 2 1 24 262144
check_both_read 1 2
above "window reads that came to the device of guest 1" "$(counter 1 window-reads)" 10000

step "a guest dies and comes back"
link_told 1 N vm_kill 2
vm_up 2
client ntb_tool 2
links_up 1 2
check_window 1 2 0 65536
kernel_logs_clean 1 2
