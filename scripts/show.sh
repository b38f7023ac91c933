# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What a run shows: ping-pong counters, a script of the person's, or a switch to play with. Sourced after guests.sh.

# show WHAT: 0 only if it happened.
show() {
    case $1 in
    pingpong) show_pingpong ;;
    tool) show_tool ;;
    selftest) show_selftest ;;
    perf) show_perf ;;
    exec) show_exec ;;
    shell) show_shell ;;
    *)
        if [ "$CLIENT" = ntb_pingpong ]; then show_pingpong || return 1; fi
        show_shell
        ;;
    esac
}

# time_left: seconds until --timeout, at least 1; fails the run when there are none.
time_left() {
    local left=$((DEADLINE - SECONDS))
    [ "$left" -gt 0 ] || fail "not over after --timeout $TIMEOUT s"
    echo "$left"
}

# counter_of N: uptime in seconds and ping-pong counter of guest N's first endpoint, as it last reported.
counter_of() { awk '$1 == "pingpong" && (!first || $3 == first) { first = $3; up = $2; n = $4 } END { if (up != "") print up, n }' "$RUN/vm$1.status" 2>/dev/null; }

# show_pingpong: within --seconds (and the time a link takes to come up) every guest's counter must rise.
show_pingpong() {
    local n up count rate until from
    local -A first_up first last
    from=$((SECONDS + 30))
    for ((n = 1; n <= GUESTS; n++)); do
        while :; do
            read -r up count < <(counter_of "$n") || true
            [ -n "${count:-}" ] && [ "$count" -gt 0 ] && break
            alive "$RUN/vm$n.pid" || pingpong_failed "guest $n is dead, its QEMU ended: $(last_words "$RUN/vm$n.err")" || return 1
            if [ "$SECONDS" -ge "$from" ]; then
                pingpong_failed "guest $n: $([ -z "${count:-}" ] && echo "no ntb_pingpong device" || echo "its counter stands at ${count}, no ping-pong")" || return 1
            fi
            time_left >/dev/null || return 1
            sleep 0.2
        done
        first_up[$n]=$up first[$n]=$count
    done
    until=$((SECONDS + SECONDS_SHOWN))
    while [ "$SECONDS" -lt "$until" ]; do
        sleep 0.5
        time_left >/dev/null || return 1
        pingpong_goes_on || return 1
    done
    for ((n = 1; n <= GUESTS; n++)); do
        # A report of before does not count: one must have come during the time watched.
        for ((from = SECONDS + 10; SECONDS < from; )); do
            read -r up count < <(counter_of "$n")
            [ "${up%.*}" -ge "$((${first_up[$n]%.*} + SECONDS_SHOWN - 1))" ] && break
            alive "$RUN/vm$n.pid" || break
            sleep 0.2
        done
        alive "$RUN/vm$n.pid" || pingpong_failed "guest $n is dead, its QEMU ended: $(last_words "$RUN/vm$n.err")" || return 1
        last[$n]=$count
        rate=$(awk -v a="${first[$n]}" -v b="$count" -v s="${first_up[$n]}" -v t="$up" 'BEGIN { printf "%d", (t > s) ? (b - a) / (t - s) : 0 }')
        echo "guest $n: ping-pong counter ${first[$n]} -> $count ($rate a second)"
    done
    for ((n = 1; n <= GUESTS; n++)); do
        [ "${last[$n]}" -gt "${first[$n]}" ] ||
            pingpong_failed "guest $n: its counter stands at ${last[$n]} for $SECONDS_SHOWN s" || return 1
    done
    echo "ping-pong: all $GUESTS counters rise"
}

# pingpong_goes_on: every guest lives, and no counter has stood still for PINGPONG_PAUSE seconds of its guest's time.
PINGPONG_PAUSE=6
pingpong_goes_on() {
    local n line
    # The dead one first: the counters of others stand because of it.
    for ((n = 1; n <= GUESTS; n++)); do
        alive "$RUN/vm$n.pid" || pingpong_failed "guest $n is dead, its QEMU ended: $(last_words "$RUN/vm$n.err")" || return 1
    done
    for ((n = 1; n <= GUESTS; n++)); do
        line=$(awk -v pause=$PINGPONG_PAUSE '$1 == "pingpong" && (!first || $3 == first) { first = $3; if ($4 != count) { count = $4; since = $2 } up = $2 }
            END { if (count > 0 && up - since > pause) printf "its counter stands at %d since %d s", count, up - since }' \
            "$RUN/vm$n.status" 2>/dev/null)
        [ -z "$line" ] || pingpong_failed "guest $n: $line" || return 1
    done
}

pingpong_failed() {
    say "error: $*"
    return 1
}

# show_exec: the person's script in guest 1, its output as it comes, its exit status.
show_exec() {
    local n status=0 environment="IDTNTB_GUEST=1 IDTNTB_GUESTS=$GUESTS IDTNTB_PEER_ADDRESS=10.0.2.2" peers="" port
    for ((n = 2; n <= GUESTS; n++)); do
        port=PORT$n
        peers+="${peers:+ }vm$n"
        environment+=" IDTNTB_PEER${n}_PORT=${!port}"
    done
    for ((n = 1; n <= GUESTS; n++)); do
        guest_wait "$n"
    done
    guest 1 'cat >/tmp/exec && chmod +x /tmp/exec' <"$EXEC_SCRIPT" || fail "--exec '$EXEC_SCRIPT': cannot be copied into guest 1"
    n=$(time_left) || return 1
    GUEST_TIMEOUT=$n guest 1 "cd /tmp && env $environment IDTNTB_PEERS='$peers' /tmp/exec" </dev/null || status=$?
    case $status in
    124) [ "$SECONDS" -lt "$DEADLINE" ] || fail "--exec '$EXEC_SCRIPT': not over after --timeout $TIMEOUT s" ;;
    255) alive "$RUN/vm1.pid" || fail "--exec '$EXEC_SCRIPT': guest 1 died meanwhile: $(last_words "$RUN/vm1.err")" ;;
    esac
    return $status
}

# show_shell: say how to get in, then wait for the signal that ends the run.
show_shell() {
    local n port
    echo
    for ((n = 1; n <= GUESTS; n++)); do
        port=PORT$n
        echo "guest $n: ./idtntb console $n$([ "$RUN_ID" = "$$" ] || echo " --run $RUN_ID")    or: ssh -i $(guest_key) -p ${!port} root@localhost"
    done
    echo "Ctrl-C ends the guests."
    say "run $RUN_ID is up"
    touch "$RUN/ready"
    # Guests or the server may come and go (tests kill them); only a signal ends this.
    while :; do
        sleep 1 &
        wait $!
    done
}
