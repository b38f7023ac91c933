# SPDX-License-Identifier: BSD-3-Clause
# Checks that several tests share. A and B are guests with the client ntb_tool loaded and links up.

MIB=1048576

# check_probe N PORT PEERS WINDOWS: what the driver found.
check_probe() {
    local log
    step "guest $1: probe log, ports, windows, temperature"
    log=$(g "$1" 'dmesg | grep "ntb_hw_idt $BDF"')
    has "guest $1's kernel log" "$log" 'IDT NTB device is ready'
    if grep -Ei 'fail|error|invalid|no active peer' <<<"$log"; then
        give_up "guest $1's driver complains: $(grep -Ei 'fail|error|invalid|no active peer' <<<"$log" | head -n 1)"
    fi
    is "guest $1: own port" "$(g "$1" 'get port')" "$2"
    is "guest $1: peers" "$(g "$1" 'ls -d $T/peer[0-9]* | wc -l')" "$3"
    is "guest $1: outbound windows" "$(g "$1" 'ls $T/peer0 | grep -c ^peer_mw_trans')" "$4"
    is "guest $1: temperature" "$(g "$1" 'cat $R/hwmon/hwmon*/temp1_input')" 45000
}

# same WHAT ACTUAL EXPECTED...: the lines of ACTUAL are the EXPECTED ones.
same() {
    local what=$1 actual=$2
    shift 2
    is "$what" "$(tr '\n' ' ' <<<"$actual" | sed 's/ *$//')" "$*"
}

# check_doorbells S R: guest S rings guest R.
check_doorbells() {
    local s=$1 r=$2 before seen waiter
    step "doorbells $s -> $r: set, again, clear, mask, event"
    g "$r" 'put db_mask "s 0xffffffff"; put db "c 0xffffffff"'
    g "$s" 'put db_mask "s 0xffffffff"; put db "c 0xffffffff"; put peer_db "s 0x80000005"; put peer_db "s 0x11"'
    seen=$(g "$r" 'get db; put db "c 0x5"; get db; put db "c 0xffffffff"; get db db_mask; irqs')
    before=$(tail -n 1 <<<"$seen")
    same "doorbells of $r: rung twice, two cleared, all cleared; its mask; interrupts" "$seen" \
        0x80000015 0x80000010 0x0 0xffffffff "$before"

    # Masked: the bit is there and no interrupt; the unmask with the bit pending makes one.
    g "$s" 'put peer_db "s 0x40"'
    same "guest $r, a masked ring: doorbells, interrupts, mask after opening it, interrupts a little later" \
        "$(g "$r" 'get db; irqs; put db_mask "c 0x40"; get db_mask; usleep 300000; irqs; put db "c 0x40"')" \
        0x40 "$before" 0xffffffbf $((before + 1))
    # A waiter is woken by the interrupt of a ring. ($! of a later command may be that of a process substitution.)
    g "$r" 'put db_mask "c 0x100"; timeout 30 sh -c "echo 0x100 >$T/db_event" && get db' >event.out &
    waiter=$!
    sleep 1
    g "$s" 'put peer_db "s 0x100"'
    wait "$waiter" || give_up "guest $r waits for doorbell 0x100 and is not woken"
    is "doorbells of $r in the woken waiter" "$(cat event.out)" 0x100
    g "$r" 'put db_mask "s 0xffffffff"; put db "c 0xffffffff"'
    g "$s" 'put db "c 0xffffffff"'
}

# check_messages S R: guest S sends to guest R.
check_messages() {
    local s=$1 r=$2 v waiter
    v=0x$(printf %02x $((0xa0 + s)))
    step "messages $s -> $r: all four, a full register"
    g "$r" 'put msg_mask "s 0xf000f"; put msg_sts "c 0xf000f"'
    same "guest $s, status after four messages, and after a fifth to a full register" \
        "$(g "$s" "put msg_mask 's 0xf000f'; put msg_sts 'c 0xf000f'
            put peer0/msg0 ${v}00c0d0; put peer0/msg1 ${v}11c0d1; put peer0/msg2 ${v}22c0d2; put peer0/msg3 ${v}33c0d3
            get msg_sts; put peer0/msg2 0xdeadbeef; get msg_sts")" 0x0 0x4
    same "guest $r, messages and status; then one taken" \
        "$(g "$r" 'get msg0 msg1 msg2 msg3 msg_sts; put msg_sts "c 0x40000"; get msg_sts')" \
        "${v}00c0d0<-0" "${v}11c0d1<-0" "${v}22c0d2<-0" "${v}33c0d3<-0" 0xf0000 0xb0000
    same "guest $s, status after the fifth again" \
        "$(g "$s" 'put msg_sts "c 0x4"; get msg_sts; put peer0/msg2 0xdeadbeef; get msg_sts')" 0x0 0x0
    same "guest $r, the fifth; all taken" "$(g "$r" 'get msg2 msg_sts; put msg_sts "c 0xf000f"; get msg_sts')" \
        "0xdeadbeef<-0" 0xf0000 0x0
    g "$r" 'put msg_mask "c 0x10000"; timeout 30 sh -c "echo 0x10000 >$T/msg_event" && get msg0' >event.out &
    waiter=$!
    sleep 1
    g "$s" 'put peer0/msg0 0x5eed5eed'
    wait "$waiter" || give_up "guest $r waits for message 0 and is not woken"
    is "message 0 of $r in the woken waiter" "$(cat event.out)" "0x5eed5eed<-0"
    g "$r" 'put msg_mask "s 0xf000f"; put msg_sts "c 0xf000f"'
}

# random_file BYTES: fresh pseudo-random data in ./data, its hash in $HASH.
random_file() {
    head -c "$1" /dev/urandom >data
    HASH=$(sha256sum <data | cut -d' ' -f1)
}

# hash_of N FILE BYTES: hash of the first BYTES of a debugfs file.
hash_of() { gx "$1" "dd if=\$T/$2 bs=65536 count=$(($3 / 65536)) 2>/dev/null | sha256sum | cut -d' ' -f1"; }

# fill N FILE: send ./data into a debugfs file of guest N.
fill() { gx "$1" "dd of=\$T/$2 bs=65536 iflag=fullblock conv=notrunc 2>/dev/null" <data; }

# check_window S R MW [BYTES]: guest S writes, guest R hashes; guest R writes, guest S reads.
check_window() {
    local s=$1 r=$2 mw=$3 size=${4:-$MIB}
    step "window $mw, $s -> $r: $size bytes written and read"
    window_open "$s" "$r" "$mw"
    random_file "$size"
    fill "$s" "peer0/peer_mw$mw"
    # Stores are posted, and by copy to a slow host on their way for a while: a read of the window pushes them home.
    is "what guest $s reads back" "$(hash_of "$s" "peer0/peer_mw$mw" "$size")" "$HASH"
    is "what guest $r finds in its buffer" "$(hash_of "$r" "peer0/mw$mw" "$size")" "$HASH"
    random_file "$size"
    fill "$r" "peer0/mw$mw"
    is "what guest $s reads of guest $r's data" "$(hash_of "$s" "peer0/peer_mw$mw" "$size")" "$HASH"
    window_close "$s" "$r" "$mw"
}

# check_untrapped S R: guest S, which has an idt-ntb, writes into the RAM of guest R without a trap.
check_untrapped() {
    local s=$1 r=$2 before
    step "guest $s writes into the RAM of guest $r without a trap"
    window_open "$s" "$r" 0
    random_file 65536
    before=$(counter "$s" window-writes)
    guest "$s" 'cat >/tmp/data' <data
    g "$s" 'dd if=/tmp/data of=$T/peer0/peer_mw0 bs=65536 2>/dev/null'
    is "hash in guest $r" "$(hash_of "$r" peer0/mw0 65536)" "$HASH"
    is "trapped window writes of guest $s" "$(($(counter "$s" window-writes) - before))" 0
    window_close "$s" "$r" 0
}

# kernel_logs_clean N...: no WARNING, Oops or the like.
kernel_logs_clean() {
    local n bad
    for n in "$@"; do
        bad=$(g "$n" "dmesg | grep -E 'WARNING:|Oops|BUG:|Call Trace|lockdep|KASAN|nobody cared' | head -n 1")
        is "kernel reports in guest $n" "$bad" ""
    done
}

# link_told STAYS VALUE CMD...: CMD changes the link that guest STAYS sees to VALUE, and an event tells guest STAYS so: its
# driver is never asked meanwhile.
link_told() {
    local stays=$1 value=$2 waiter
    shift 2
    g "$stays" "timeout 60 sh -c \"echo $value >\$T/peer0/link_event\"" &
    waiter=$!
    sleep 1
    "$@"
    wait "$waiter" || give_up "guest $stays is not told that its link is $value after: $*"
    is "link seen by guest $stays" "$(g "$stays" 'get peer0/link')" "$value"
}

# check_order S R: what is written into a window is there when the doorbell that follows it wakes guest R.
check_order() {
    local s=$1 r=$2 waiter
    step "window data before the doorbell that follows, $s -> $r"
    window_open "$s" "$r" 0
    head -c 262144 /dev/zero >data
    fill "$r" peer0/mw0
    random_file 262144
    guest "$s" 'cat >/tmp/data' <data
    g "$r" 'put db_mask "s 0xffffffff"; put db "c 0xffffffff"; put db_mask "c 0x100"
        timeout 60 sh -c "echo 0x100 >$T/db_event" && dd if=$T/peer0/mw0 bs=65536 count=4 2>/dev/null | sha256sum | cut -d" " -f1' >order.out &
    waiter=$!
    sleep 1
    g "$s" 'dd if=/tmp/data of=$T/peer0/peer_mw0 bs=65536 conv=notrunc 2>/dev/null; put peer_db "s 0x100"'
    wait "$waiter" || give_up "guest $r waits for doorbell 0x100 and is not woken"
    is "what guest $r finds when it is woken" "$(cat order.out)" "$HASH"
    g "$r" 'put db_mask "s 0xffffffff"; put db "c 0xffffffff"'
    g "$s" 'put db "c 0xffffffff"'
    window_close "$s" "$r" 0
}

# check_both_read A B: each reads the other's window at the same time, many times.
check_both_read() {
    local a=$1 b=$2 hash_a hash_b waiter
    step "guests $a and $b read each other's windows at once"
    window_open "$a" "$b" 0
    window_open "$b" "$a" 0
    random_file 262144
    hash_a=$HASH
    fill "$b" peer0/mw0
    random_file 262144
    hash_b=$HASH
    fill "$a" peer0/mw0
    g "$a" 'for i in 1 2 3 4 5; do dd if=$T/peer0/peer_mw0 bs=65536 count=4 2>/dev/null | sha256sum; done | sort | uniq -c' >a.out &
    waiter=$!
    g "$b" 'for i in 1 2 3 4 5; do dd if=$T/peer0/peer_mw0 bs=65536 count=4 2>/dev/null | sha256sum; done | sort | uniq -c' >b.out
    wait "$waiter" || give_up "reading in guest $a failed"
    is "what guest $a read, five times" "$(awk '{print $1, $2}' a.out)" "5 $hash_a"
    is "what guest $b read, five times" "$(awk '{print $1, $2}' b.out)" "5 $hash_b"
    window_close "$a" "$b" 0
    window_close "$b" "$a" 0
}
