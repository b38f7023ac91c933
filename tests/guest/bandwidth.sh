# SPDX-License-Identifier: BSD-3-Clause
# memcpy to and from a mapped window beside memcpy to and from a BAR of QEMU's ivshmem-plain, same guest, in turn.
# Figures are printed; they gate nothing (a shared machine is no measuring instrument), the traps do.
# order: 80
# limit: 180
# alone: yes
vms_start --client ntb_tool \
    --vm1-args "-object memory-backend-memfd,id=plain,size=4M,share=on -device ivshmem-plain,memdev=plain,addr=6"
links_up 1 2
step "1 MiB of window against 1 MiB of ivshmem-plain, medians of 301 rounds"
window_open 1 2 0
g 1 'ntbwin $BDF/2 bench 0 1af4:1110/2 0 0x100000 301' | tee bandwidth
awk '{ rate[$1, NR % 2] = $3 } END {
    printf "window / ivshmem-plain: write %.2f, read %.2f\n", rate["write", 1] / rate["write", 0], rate["read", 1] / rate["read", 0] }' bandwidth
is "figures" "$(grep -cE '^(write|read) .* [0-9.]+ MB/s$' bandwidth)" 4
is "trapped window writes" "$(counter 1 window-writes)" 0
is "trapped window reads" "$(counter 1 window-reads)" 0
