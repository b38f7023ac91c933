# SPDX-License-Identifier: BSD-3-Clause
# What tests do inside a guest: the kernel's ntb_tool files, windows, counters. g and gi run shell text in guest N.

# D: ntb_tool's directory of endpoint $EP (the first by default); get/put: its files (reads end in a NUL).
GUEST_PRELUDE='
BDF=$(grep -l 0x111d /sys/bus/pci/devices/*/vendor | sed -n "${EP:-1}s#/vendor##p"); BDF=${BDF##*/}
T=/sys/kernel/debug/ntb_tool/$BDF P=/sys/kernel/debug/ntb_pingpong/$BDF R=/sys/bus/pci/devices/$BDF
get() { local f; for f; do tr -d "\\0" <"$T/$f"; done; }
put() { printf "%s\n" "$2" >"$T/$1"; }
irqs() { sed -n "/idt/s/^ *[0-9]*: *\\([0-9]*\\).*/\\1/p" /proc/interrupts | head -n 1; }
'

# g N TEXT: run TEXT in guest N with the prelude.
g() {
    guest "$1" "$GUEST_PRELUDE
$2"
}

# client MODULE N...: have one NTB client, and no other, in each guest named.
client() {
    local module=$1 n
    shift
    for n in "$@"; do
        g "$n" "for m in ntb_pingpong ntb_tool ntb_perf; do [ $module = \$m ] || ! lsmod | grep -q ^\$m || rmmod \$m; done
            modprobe ntb_hw_idt; modprobe $module"
    done
}

# links_up A B: both enable their link with ntb_tool and see each other.
links_up() {
    g "$1" 'put link Y'
    g "$2" 'put link Y'
    eventually 10 "guest $1 sees the link" Y g "$1" 'get peer0/link'
    eventually 10 "guest $2 sees the link" Y g "$2" 'get peer0/link'
}

# count N: the ping-pong counter of guest N.
count() { g "$1" 'cat $P/count'; }

# counts_rise SECONDS N...: within the time each counter goes up by 3 or more.
counts_rise() {
    local until=$((SECONDS + $1)) n first now
    shift
    declare -A first
    for n in "$@"; do first[$n]=$(count "$n"); done
    for n in "$@"; do
        while :; do
            now=$(count "$n")
            [ "$now" -ge $((first[$n] + 3)) ] && break
            [ "$SECONDS" -lt "$until" ] || give_up "ping-pong counter of guest $n stands at $now (was ${first[$n]})"
            sleep 0.5
        done
        printf '         guest %s counts: %s -> %s\n' "$n" "${first[$n]}" "$now"
    done
}

# interrupt_kind N: how guest N's driver gets its interrupts: MSI or IO-APIC.
interrupt_kind() { g "$1" 'sed -n "/idt/s/.*\(IO-APIC\|MSI\).*/\1/p" /proc/interrupts'; }

# counter N NAME [ENDPOINT]: a counter of the device.
counter() { qom "$1" get "${3:-1}" "stats-$2"; }

# window_open S R MW [EP-S] [EP-R]: guest R gives a buffer of 1 MiB, guest S points its window MW at it. (The entries of
# a lookup table take nothing but a whole window.) Sets ADDRESS.
window_open() {
    local s=$1 r=$2 mw=$3 es=${4:-1} er=${5:-1}
    ADDRESS=$(EP=$er gx "$r" "put peer0/mw_trans$mw 0; put peer0/mw_trans$mw $MIB
        get peer0/mw_trans$mw | sed -n 's/^DMA Address[^0]*\(0x[0-9a-f]*\).*/\1/p'")
    has "buffer of guest $r" "$ADDRESS" '^0x[0-9a-f]+$'
    EP=$es gx "$s" "put peer0/peer_mw_trans$mw 0:0; put peer0/peer_mw_trans$mw $ADDRESS:$MIB"
}

# window_close S R MW
window_close() {
    g "$1" "put peer0/peer_mw_trans$3 0:0"
    g "$2" "put peer0/mw_trans$3 0"
}

# gx: as g, for the endpoint EP of the caller's environment.
gx() { g "$1" "EP=${EP:-1}
$GUEST_PRELUDE
$2"; }
