# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# --run tool, perf, selftest: the kernel's own NTB clients, driven through ssh and checked on data.
# Sourced after guests.sh and show.sh.

# Text put before each command in a guest. D: the endpoint; T: its ntb_tool files, whose values end in a NUL.
TOOL_PRELUDE='
D=$(cd /sys/bus/pci/drivers/ntb_hw_idt && ls -d 0000:* | head -n 1)
T=/sys/kernel/debug/ntb_tool/$D
get() { tr -d "\0" <$T/$1; }
put() { printf "%s\n" "$2" >$T/$1; }
'
in_guest() {
    local n=$1 left
    shift
    left=$(time_left) || return 1
    GUEST_TIMEOUT=$left guest "$n" "$TOOL_PRELUDE
$*" </dev/null
}

# reachable N: wait for guest N as long as the run may last.
reachable() {
    local left
    left=$(time_left) || return 1
    guest_wait "$1" "$left"
}

# peer_index A B: number of guest B among the peers of guest A (drivers list ports in order).
peer_index() { echo $(($2 < $1 ? $2 - 1 : $2 - 2)); }

# expect WHAT ACTUAL EXPECTED
expect() {
    if [ "$2" != "$3" ]; then
        say "error: $1: is '$2', should be '$3'"
        return 1
    fi
}

show_tool() {
    local n
    for ((n = 1; n <= GUESTS; n++)); do
        reachable "$n" || return 1
        in_guest "$n" 'put link Y; put db_mask "s 0xffffffff"; put msg_mask "s 0xf000f"' ||
            { say "error: guest $n: ntb_tool does not answer"; return 1; }
    done
    for ((n = 2; n <= GUESTS; n++)); do
        tool_link 1 "$n" && tool_link "$n" 1 || return 1
        tool_doorbells 1 "$n" && tool_doorbells "$n" 1 || return 1
        tool_messages 1 "$n" && tool_messages "$n" 1 || return 1
        tool_window 1 "$n" && tool_window "$n" 1 || return 1
    done
    echo "ntb_tool: all of it works between guest 1 and every other guest"
}

tool_link() {
    local a=$1 b=$2 peer
    peer=peer$(peer_index "$a" "$b")
    expect "guest $a, port of its peer $b" "$(in_guest "$a" "get $peer/port")" "${NTB_PORTS[b - 1]}" || return 1
    expect "guest $a, link to guest $b after 15 s" \
        "$(in_guest "$a" "i=0; while [ \$i -lt 75 ] && [ \$(get $peer/link) != Y ]; do usleep 200000; i=\$((i + 1)); done; get $peer/link")" Y || return 1
    echo "guest $a -> guest $b: link up"
}

tool_doorbells() {
    local a=$1 b=$2
    in_guest "$b" 'put db "c 0xffffffff"' && in_guest "$a" 'put peer_db "s 0x80000005"' || return 1
    expect "guest $b, doorbells after guest $a rang 31, 2 and 0" "$(in_guest "$b" 'get db')" 0x80000005 || return 1
    expect "guest $b, doorbells after clearing 2" "$(in_guest "$b" 'put db "c 0x4"; get db')" 0x80000001 || return 1
    expect "guest $b, mask with bit 6 open" "$(in_guest "$b" 'put db_mask "c 0x40"; get db_mask')" 0xffffffbf || return 1
    expect "guest $b, all clear" "$(in_guest "$b" 'put db_mask "s 0xffffffff"; put db "c 0xffffffff"; get db')" 0x0 || return 1
    in_guest "$a" 'put db "c 0xffffffff"' || return 1
    echo "guest $a -> guest $b: doorbells and masks"
}

tool_messages() {
    local a=$1 b=$2 peer from m value
    peer=peer$(peer_index "$a" "$b") from=$(peer_index "$b" "$a")
    in_guest "$a" 'put msg_sts "c 0xf000f"' && in_guest "$b" 'put msg_sts "c 0xf000f"' || return 1
    for m in 0 1 2 3; do
        value=$(printf '0x%x' $((0x51000000 + a * 65536 + b * 256 + m)))
        expect "guest $b, message $m of guest $a" \
            "$(in_guest "$a" "put $peer/msg$m $value" && in_guest "$b" "get msg$m")" "$value<-$from" || return 1
    done
    expect "guest $a, status after sending to a full register" \
        "$(in_guest "$a" "put $peer/msg1 0xbad; get msg_sts")" 0x2 || return 1
    expect "guest $b, the full register" "$(in_guest "$b" 'get msg1')" \
        "$(printf '0x%x' $((0x51000001 + a * 65536 + b * 256)))<-$from" || return 1
    in_guest "$a" 'put msg_sts "c 0xf000f"' && in_guest "$b" 'put msg_sts "c 0xf000f"' || return 1
    echo "guest $a -> guest $b: four messages, a full register is told to the sender"
}

# Writes to a window are posted, and a VMM may have many of them on the way; a register read of the writer pushes them.
# tool_window A B: guest B gives 1 MiB, guest A's first window is pointed at it; A writes what B hashes, B writes what A hashes.
tool_window() {
    local a=$1 b=$2 to from address seed=$((RANDOM * 32768 + RANDOM)) size=1048576 sum
    to=peer$(peer_index "$a" "$b") from=peer$(peer_index "$b" "$a")
    address=$(in_guest "$b" "put $from/mw_trans0 $size; get $from/mw_trans0 | sed -n 's/^DMA Address[^0]*\\(0x[0-9a-f]*\\).*/\\1/p'")
    [[ $address =~ ^0x[0-9a-f]+$ ]] || { say "error: guest $b gives no buffer for a window of $size bytes"; return 1; }
    in_guest "$a" "put $to/peer_mw_trans0 $address:$size" || { say "error: guest $a cannot point its window at $address"; return 1; }
    sum=$(in_guest "$b" "ntbwin random $size $seed | sha256sum")
    expect "guest $b, hash of what guest $a wrote through the window" \
        "$(in_guest "$a" "ntbwin random $size $seed | dd of=\$T/$to/peer_mw0 bs=65536 iflag=fullblock 2>/dev/null; get db >/dev/null" &&
            in_guest "$b" "dd if=\$T/$from/mw0 bs=65536 count=16 2>/dev/null | sha256sum")" "$sum" || return 1
    seed=$((seed + 1))
    sum=$(in_guest "$a" "ntbwin random $size $seed | sha256sum")
    expect "guest $a, hash of what it reads of guest $b through the window" \
        "$(in_guest "$b" "ntbwin random $size $seed | dd of=\$T/$from/mw0 bs=65536 iflag=fullblock 2>/dev/null" &&
            in_guest "$a" "dd if=\$T/$to/peer_mw0 bs=65536 count=16 2>/dev/null | sha256sum")" "$sum" || return 1
    in_guest "$a" "put $to/peer_mw_trans0 0:0" && in_guest "$b" "put $from/mw_trans0 0" || return 1
    echo "guest $a -> guest $b: 1 MiB written and hashed there, 1 MiB read back and hashed here"
}

# device_counter N NAME: a counter of guest N's device.
device_counter() { qom_get "$1" /machine/peripheral/ntb0 "$2"; }

# ntb_perf negotiates its window over messages, and then writes to a window that nobody programmed: IDT translates on
# the sender's side, and ntb_perf sets only the receiver's (reference 12.1). What it measures is the cost of an access
# that goes nowhere.
show_perf() {
    local order=20 before after out time
    for n in 1 2; do
        reachable "$n" || return 1
        in_guest "$n" "modprobe ntb_perf total_order=$order" || { say "error: guest $n: ntb_perf does not load"; return 1; }
    done
    expect "guest 1, ntb_perf's peer after 20 s" "$(in_guest 1 "i=0; while [ \$i -lt 20 ]; do
        grep -q . /sys/kernel/debug/ntb_perf/\$D/info && grep -qi 'link.*up\\|Out buffer' /sys/kernel/debug/ntb_perf/\$D/info && break
        sleep 1; i=\$((i + 1)); done; [ \$i -lt 20 ] && echo up")" up || return 1
    before=$(device_counter 1 stats-window-writes)
    # The driver refuses until its handshake over the message registers is done.
    out=$(in_guest 1 "i=0; until echo 0 >/sys/kernel/debug/ntb_perf/\$D/run; do [ \$i -lt 20 ] || exit 1; sleep 1; i=\$((i + 1)); done 2>/dev/null
        cat /sys/kernel/debug/ntb_perf/\$D/run") || { say "error: guest 1: ntb_perf does not run: $out"; return 1; }
    after=$(device_counter 1 stats-window-writes)
    echo "ntb_perf in guest 1 says: $out"
    echo "ntb_perf writes to a window it never programmed on this hardware, so no byte of it reaches guest 2;"
    time=$(sed -n 's/.* in \([0-9]*\) usecs.*/\1/p' <<<"$out" | head -n 1)
    echo "what it shows is the rate of trapped accesses: $((after - before)) in ${time:-0} us, $(((after - before) * 1000000 / (${time:-0} + 1))) a second."
    [ "$((after - before))" -gt 0 ] || { say "error: no trapped access was counted, ntb_perf did nothing"; return 1; }
}

# selftest_results FILE: the steps of ntb_test.sh's output, one a line: 'step: result'; a repeated step once with its count.
selftest_results() {
    sed -n -e 's/^Running \(mw[0-9]*\|[a-zA-Z ]*\) tests\{0,1\} on:.*/\1/p' -e 's/^Running \(local\|remote\) perf test.*/\1 perf/p' \
        -e 's/^ *\(Passed\|Unsupported\)$/= \1/p' -e 's/.*Not doing MSI tests.*/msi\n= Unsupported/p' "$1" |
        awk '/^= / { print step ": " tolower($2); step = "" } !/^= / { if (step) print step ": unfinished"; step = $0 } END { if (step) print step ": unfinished" }' |
        sed 's/^mw[0-9]*/mw/' | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2 \1/'
}

# show_selftest: ntb_test.sh, unmodified. -p 22: its default of 4 GiB through a window that traps takes hours.
show_selftest() {
    local n out="$RUN/selftest.log" expected="$IDTNTB_ROOT/guest/selftest.expected" status=0 remote difference
    for n in 1 2; do
        reachable "$n" || return 1
    done
    remote=$(in_guest 2 'echo $D')
    guest 1 'cat >/tmp/ntb_test.sh' <"$(kernel_dir)/ntb_test.sh" || { say "error: ntb_test.sh cannot be copied into guest 1"; return 1; }
    # The script runs some 600 commands in guest 2, each with an ssh of its own.
    in_guest 1 'ssh -f -N -M vm2 </dev/null >/dev/null 2>&1' || { say "error: guest 1 cannot reach guest 2 by ssh"; return 1; }
    in_guest 1 "bash /tmp/ntb_test.sh -p 22 -r vm2 \$D $remote" >"$out" 2>&1 || status=$?
    cat "$out"
    difference=$(diff <(selftest_results "$out") <(sed -e '/^#/d' -e 's/ *#.*//' -e '/^$/d' "$expected")) || true
    if [ "$status" != 0 ]; then
        say "error: ntb_test.sh ended with status $status: $(tail -n 1 "$out")"
        return 1
    fi
    if [ -n "$difference" ]; then
        say "error: ntb_test.sh differs from guest/selftest.expected (< now, > expected): $(grep '^[<>]' <<<"$difference" | tr '\n' ' ')"
        return 1
    fi
    echo "ntb_test.sh: every step as in guest/selftest.expected"
}
