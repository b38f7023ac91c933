# SPDX-License-Identifier: BSD-3-Clause
# Other machines: INTx, buffers above 4 GiB with the second BAR setup, two endpoints in one guest.
# order: 60
# limit: 400

vms_start --device-args msi=off --client ntb_pingpong
step "INTx"
for n in 1 2; do
    is "interrupt of guest $n" "$(interrupt_kind "$n")" IO-APIC
    is "drivers on its line" "$(g "$n" 'sed -n "/idt/s/.*-[a-z]* *//p" /proc/interrupts')" ntb_irq_idt
done
counts_rise 20 1 2
kernel_logs_clean 1 2
vms_end

vms_start --mem 6G --bars lut12x2 --client ntb_pingpong
step "MSI, 6 GiB of RAM, two 12-entry lookup tables"
for n in 1 2; do
    is "interrupt of guest $n" "$(interrupt_kind "$n")" MSI
done
counts_rise 20 1 2
client ntb_tool 1 2
is "windows" "$(g 1 'ls $T/peer0 | grep -c ^peer_mw_trans')" 27
links_up 1 2
# A direct window, then the first and last entry of both tables, then the last direct window.
for window in 0 1 12 14 25 26; do
    check_window 1 2 "$window" 65536
    above "address of the buffer of guest 2" "$((ADDRESS))" $((0xffffffff))
done
check_window 2 1 14 65536
is "trapped window writes of guest 1" "$(counter 1 window-writes)" 0
is "trapped window reads of guest 2" "$(counter 2 window-reads)" 0
kernel_logs_clean 1 2
vms_end

vms_start --vms 1 --ports 0,2 --vm1-args \
    "-device pcie-root-port,id=ntbslot1,chassis=2,slot=2,addr=5 -device idt-ntb,bus=ntbslot1,id=ntb1,switch=@SWITCH@,port=2"
step "two endpoints in one guest"
client ntb_tool 1
is "endpoints" "$(g 1 'ls /sys/kernel/debug/ntb_tool | wc -l')" 2
EP=1 gx 1 'put link Y'
EP=2 gx 1 'put link Y'
endpoint() { EP=$1 gx 1 "$2"; }
for ep in 1 2; do
    is "port of endpoint $ep" "$(endpoint "$ep" 'get port')" $(((ep - 1) * 2))
    eventually 10 "endpoint $ep sees the link" Y endpoint "$ep" 'get peer0/link'
done
endpoint 1 'put db_mask "s 0xffffffff"; put peer_db "s 0x1234"; put peer0/msg3 0xfeed'
is "doorbells of endpoint 2" "$(endpoint 2 'get db')" 0x1234
is "message 3 of endpoint 2" "$(endpoint 2 'get msg3')" '0x0000feed<-0'
window_open 1 1 5 1 2
random_file $MIB
EP=1 fill 1 peer0/peer_mw5
is "what endpoint 2's buffer holds" "$(EP=2 hash_of 1 peer0/mw5 $MIB)" "$HASH"
random_file $MIB
EP=2 fill 1 peer0/mw5
is "what endpoint 1 reads" "$(EP=1 hash_of 1 peer0/peer_mw5 $MIB)" "$HASH"
is "trapped window writes of endpoint 1" "$(counter 1 window-writes 1)" 0
kernel_logs_clean 1
