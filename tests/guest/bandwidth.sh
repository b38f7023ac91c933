# SPDX-License-Identifier: BSD-3-Clause
# memcpy to and from a mapped window beside memcpy to and from a BAR of QEMU's ivshmem-plain, same guest, in turn.
# Figures are printed; they gate nothing (a shared machine is no measuring instrument), the traps do.
# order: 80
# limit: 180
vms_start --vm1-args "-object memory-backend-memfd,id=plain,size=4M,share=on -device ivshmem-plain,memdev=plain"
client ntb_tool 1 2
links_up 1 2
step "1 MiB of window against 1 MiB of ivshmem-plain"
window_open 1 2 0
bench=$(g 1 'plain=$(for d in /sys/bus/pci/devices/*; do [ "$(cat $d/vendor):$(cat $d/device)" = 0x1af4:0x1110 ] && echo $d; done)
    ntbwin $R/resource2 bench $plain/resource2')
echo "$bench"
cp /dev/stdin "$E2E_DIR/bandwidth" <<<"$bench"
has "figures" "$bench" 'write'
has "figures" "$bench" 'read'
is "trapped window writes" "$(counter 1 window-writes)" 0
is "trapped window reads" "$(counter 1 window-reads)" 0
