# SPDX-License-Identifier: BSD-3-Clause
# What is shown must really have happened: a link forced down, damaged data and a dead guest each make a run fail.
# order: 16
# limit: 240
# during NAME EVENT RUN...: start a run, cause EVENT while it goes on; it must fail.
during() {
    local name=$1 event=$2 status=0
    shift 2
    step "$event during: $*"
    run_in_background "$name" "$@"
    "$event"
    wait "$RUN_PID" || status=$?
    above "exit status" "$status" 0
    has "the last line" "$(tail -n 1 "$name.err")" 'error: .'
    tail -n 1 "$name.err"
    no_processes_of "$RUN"
}

link_down() {
    vm_counts
    qom 1 set 1 link false
}

kill_one() {
    vm_counts
    kill -9 "$(cat "$RUN/vm2.pid")"
}

during link link_down vms --run pingpong --seconds 20
has "the reason" "$(cat link.err)" 'counter|link'
during dead kill_one vms --run pingpong --seconds 20
has "the reason" "$(cat dead.err)" 'guest 2'
