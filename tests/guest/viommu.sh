# SPDX-License-Identifier: BSD-3-Clause
# Guests behind a vIOMMU: a peer's window goes by copy, through the page tables of the guest it leads into.
# order: 35
# limit: 900
# A read by copy waits for the main loop of the other QEMU: on a busy machine half a million of them take their time.
export GUEST_TIMEOUT=200
IOMMU="-device intel-iommu"
STRICT="intel_iommu=on iommu.passthrough=0 iommu.strict=1"

vms_start --vm1-args "$IOMMU" --append "$STRICT"
client ntb_tool 1 2
check_probe 1 0 1 25
step "guest 1 is behind a vIOMMU, guest 2 is not"
is "IOMMU domain of guest 1's device" "$(g 1 'cat $R/iommu_group/type')" DMA
is "IOMMU group of guest 2's device" "$(g 2 'ls -d $R/iommu_group 2>/dev/null || echo none')" none
is "RAM that guest 1 offers" "$(qom 1 get 1 ram-offered)" 0
above "RAM that guest 2 offers" "$(qom 2 get 1 ram-offered)" 0
links_up 1 2
check_doorbells 2 1
check_messages 2 1
# Mapped one way, by copy the other.
check_window 1 2 0
check_window 2 1 0
check_window 2 1 24 65536
check_accesses 2 1
is "trapped window writes of guest 1" "$(counter 1 window-writes)" 0
is "trapped window reads of guest 1" "$(counter 1 window-reads)" 0
above "window reads that came to the device of guest 2" "$(counter 2 window-reads)" 10000
above "window writes that came to the device of guest 2" "$(counter 2 window-writes)" 10000
is "window accesses of guest 2 without an answer" "$(counter 2 window-refused)" 0

step "what guest 1 has unmapped is out of reach, and it is told"
window_open 2 1 0
g 2 'ntbwin $BDF/2 write 0 4 0x600d'
is "a read while it is mapped" "$(g 2 'ntbwin $BDF/2 read 0 4')" 0x0000600d
g 1 'put peer0/mw_trans0 0'
is "a read after that" "$(g 2 'ntbwin $BDF/2 read 0 4')" 0xffffffff
faults() { g 1 'dmesg | grep "DMAR: .DMA"'; }
has "guest 1's kernel log" "$(faults)" "DMA Read.*fault addr $(printf '0x%x' "$ADDRESS") "
g 2 'ntbwin $BDF/2 write 4 4 0xbad'
has "guest 1's kernel log" "$(faults)" "DMA Write.*fault addr $(printf '0x%x' "$ADDRESS") "
g 2 'put peer0/peer_mw_trans0 0:0'
check_window 2 1 0 65536
kernel_logs_clean 1 2
vms_end

vms_start --qemu-args "$IOMMU" --append "$STRICT"
client ntb_tool 1 2
links_up 1 2
step "both behind one"
check_both_read 1 2
check_window 1 2 23 65536
for n in 1 2; do
    is "RAM that guest $n offers" "$(qom "$n" get 1 ram-offered)" 0
    is "window accesses of guest $n without an answer" "$(counter "$n" window-refused)" 0
done
kernel_logs_clean 1 2
