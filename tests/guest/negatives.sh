# SPDX-License-Identifier: BSD-3-Clause
# What is shown must really have happened: a link forced down, damaged data and a dead guest each make a run fail.
# order: 16
# limit: 300

# spoilt NAME EVENT REASON OPTION...: a run in which EVENT happens once the guests count; it must fail for that REASON.
spoilt() {
    local name=$1 event=$2 reason=$3 status=0
    shift 3
    step "$event in: vms $*"
    vms_launch "$name" "$@"
    "$event" "$name"
    wait "$SUPERVISOR" || status=$?
    SUPERVISOR=""
    tail -n 2 "$name.err" | sed 's/^/         /'
    above "exit status" "$status" 0
    has "the reason" "$(grep 'error:' "$name.err" | tail -n 1)" "$reason"
    has "where the logs are" "$(cat "$name.err")" 'logs of the run: /'
    nothing_left "$(basename "$RUN")"
}

# counting: wait until both guests of the run have reported a counter above zero.
counting() {
    local n
    until [ -f "$RUN/env" ]; do alive_or_give_up "$1"; done
    run_load "$(basename "$RUN")"
    for n in 1 2; do
        until grep -qE '^pingpong .* [1-9][0-9]*$' "$RUN/vm$n.status" 2>/dev/null; do alive_or_give_up "$1"; done
    done
}

alive_or_give_up() {
    kill -0 "$SUPERVISOR" 2>/dev/null || give_up "the run ended early: $(tail -n 1 "$1.err")"
    sleep 0.1
}

link_forced_down() {
    counting "$1"
    qom 1 set 1 link false
}

dead_guest() {
    counting "$1"
    vm_kill 2
}

# Something in guest 2 writes into the buffer again and again, from before the data come until they are hashed.
damaged_data() {
    until [ -f "$RUN/env" ]; do alive_or_give_up "$1"; done
    run_load "$(basename "$RUN")"
    until grep -qx ready "$RUN/vm2.status" 2>/dev/null; do alive_or_give_up "$1"; done
    g 2 'while :; do
            [ ! -e $T/peer0/mw0 ] || printf damage >$T/peer0/mw0
        done >/dev/null 2>&1 </dev/null &'
}

spoilt link link_forced_down 'counter|link' --run pingpong --seconds 15
spoilt dead dead_guest 'guest 2' --run pingpong --seconds 15
spoilt data damaged_data 'hash' --run tool
