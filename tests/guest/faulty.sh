# SPDX-License-Identifier: BSD-3-Clause
# Guest 1 gets the IDT driver with one fault after the other; idtntbctl check names each in one line, and finds nothing
# wrong with the driver as it is. What a fault is, and the line that is wanted: heads of tests/faulty/*.patch.
# order: 65
# limit: 600

# shellcheck source=tests/guest/lib/faulty.sh
. "$E2E_LIB/faulty.sh"

# driver [NAME]: guest 1's own driver, or the one with that fault, no client.
driver() {
    local load="modprobe ntb_hw_idt"
    [ -z "${1:-}" ] || load="insmod /root/faulty/$(faulty_module "$1").ko"
    g 1 "for m in ntb_pingpong ntb_tool \$(lsmod | sed -n 's/^\\(ntb_hw_idt[a-z_]*\\) .*/\\1/p'); do
            ! grep -q \"^\$m \" /proc/modules || rmmod \$m || exit 1
        done
        $load"
}

# use_tool: what a person would try: the link, a window of either kind, a message.
use_tool() {
    local window
    client_alone ntb_tool
    for n in 1 2; do g "$n" 'put db "c 0xffffffff"; put msg_sts "c 0xf000f"'; done
    g 2 'put link Y'
    g 1 'put link Y'
    # With some faults it never comes up.
    g 1 'for i in 1 2 3 4 5 6 7 8 9 10; do [ $(get peer0/link) = N ] || exit 0; usleep 500000; done; exit 1' || return 0
    for window in 0 24; do
        window_open 1 2 "$window"
        g 1 "echo hello | dd of=\$T/peer0/peer_mw$window 2>/dev/null; dd if=\$T/peer0/peer_mw$window bs=8 count=1 of=/dev/null 2>/dev/null"
    done
    g 1 'put peer0/msg0 0x1234'
    g 2 'put msg_sts "c 0xf000f"'
}

# leave_tool: ntb_tool of 6.1 crashes when it is unloaded with a window open.
leave_tool() {
    for window in 0 24; do
        g 1 "put peer0/peer_mw_trans$window 0:0"
        g 2 "put peer0/mw_trans$window 0" 2>/dev/null || true
    done
}

# client_alone MODULE: in both guests, whatever the name of guest 1's driver.
client_alone() {
    for n in 1 2; do
        g "$n" "for m in ntb_pingpong ntb_tool; do ! grep -q \"^\$m \" /proc/modules || rmmod \$m; done; modprobe $1"
    done
}

# check FILE STATUS: what idtntbctl finds; its exit status is 1 when there is an error.
check() {
    local status=0
    "$(ctl_binary)" check --switch "$SWITCH" >"$1" 2>&1 || status=$?
    is "exit status of check" "$status" "$2"
}

is "faults" "$(faulty_names | wc -l)" 10
faulty_modules
vms_start
for name in $(faulty_names); do
    strip --strip-debug -o "$(faulty_module "$name").ko" "$(faulty_dir)/$(faulty_module "$name").ko"
done
tar -c -- ntb_hw_idt_*.ko | guest 1 'mkdir /root/faulty && tar -x -C /root/faulty'

step "the driver as it is"
use_tool
check healthy 0
is "what check finds" "$(cat healthy)" "nothing wrong found"
leave_tool
client_alone ntb_pingpong
counts_rise 20 1 2
check healthy 0
is "what check finds during ping-pong" "$(cat healthy)" "nothing wrong found"

mv healthy last
for name in $(faulty_names); do
    step "$name: $(faulty_says "$name" Breaks)"
    wanted=$(faulty_says "$name" Check)
    ! grep -E -- "^$wanted" last || give_up "$name: its line is there before the driver is"
    driver "$name"
    if [ "$(faulty_says "$name" Client)" = ntb_pingpong ]; then
        client_alone ntb_pingpong
        sleep 1
    else
        use_tool
    fi
    check last 1
    sed 's/^/         /' last
    has "the cause, in the first line" "$(head -n 1 last)" "^$wanted"
    [ "$(faulty_says "$name" Client)" = ntb_pingpong ] || leave_tool
done

step "the driver as it is, again"
driver
client_alone ntb_pingpong
counts_rise 20 1 2
kernel_logs_clean 1 2
