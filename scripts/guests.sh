# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The server and the guests of a run, and ways into a guest: ssh, QMP, status lines. Works for the process that
# started the run and, after run_load, for others. Sourced after lib.sh, processes.sh and initramfs.sh.

# server_up: start the server of $RUN/server.cmd and wait until it listens.
server_up() {
    local i said
    said=$(grep -c listening "$RUN/server.err" 2>/dev/null) || true
    [ "$SERVER_KIND" != stock ] || rm -f "$SOCKETS/switch"
    run_start server
    for ((i = 0; i < 100; i++)); do
        # Ours tells its ports when it listens; the stock one says nothing into a file.
        { [ "$SERVER_KIND" = daemon ] || [ -S "$SOCKETS/switch" ]; } &&
            { [ "$SERVER_KIND" = stock ] || [ "$(grep -c listening "$RUN/server.err")" -gt "${said:-0}" ]; } && return 0
        if ! alive "$RUN/server.pid"; then
            fail "the switch cannot be made: $(last_words "$RUN/server.err")"
        fi
        sleep 0.05
    done
    fail "the switch's server does not listen after 5 s: $(last_words "$RUN/server.err")"
}

# last_words FILE: why a program ended: the last message in FILE that is no mere information, with the hint that may
# follow it, and without the names of the program and of the option it is about.
last_words() {
    local text
    text=$(awk '/^(qemu-system|idtntb-|idtntbd)[a-z0-9_-]*: / { sub(/^[a-z0-9_-]*: /, ""); keep = !/(info|warning): |listening on|: ending$/; if (keep) text = $0; next }
        keep && NF { text = text "; " $0 }
        !text { other = $0 }
        END { print text ? text : other }' "$1" 2>/dev/null | sed -E 's/^-(device|object) [^ ]*: //')
    echo "${text:-nothing was said, see $1}"
}

# device_up N: start $RUN/deviceN.cmd, where guest N's device is in a QEMU of its own; that one ends with the guest.
device_up() {
    local i
    for ((i = 0; i < 100; i++)); do
        alive "$RUN/device$1.pid" || break
        sleep 0.05
    done
    stop_process "$RUN/device$1.pid"
    rm -f "$SOCKETS/vfio$1"
    run_start "device$1"
    for ((i = 0; i < 200; i++)); do
        [ -S "$SOCKETS/vfio$1" ] && return 0
        alive "$RUN/device$1.pid" || fail "the QEMU that has guest $1's device does not start: $(last_words "$RUN/device$1.err")"
        sleep 0.05
    done
    fail "the QEMU that has guest $1's device does not listen after 10 s: $(last_words "$RUN/device$1.err")"
}

# guest_start N: start $RUN/vmN.cmd; what an earlier one of this number said is kept apart.
guest_start() {
    rm -f "$RUN/vm$1.status" "$SOCKETS/qmp$1" "$SOCKETS/console$1" "$SOCKETS/ssh$1"
    [ ! -f "$RUN/device$1.cmd" ] || device_up "$1"
    run_start "vm$1"
}

# guest_ready N [SECONDS]: wait for the line of guest/init.
guest_ready() {
    local n=$1 until=$((SECONDS + ${2:-120}))
    while ! grep -qx ready "$RUN/vm$n.status" 2>/dev/null; do
        alive "$RUN/vm$n.pid" || fail "guest $n: its QEMU ended: $(last_words "$RUN/vm$n.err")"
        [ "$SECONDS" -lt "$until" ] || fail "guest $n does not come up within ${2:-120} s; last on its console: $(tail -n 1 "$RUN/vm$n.log" 2>/dev/null | tr -d '\r')"
        sleep 0.1
    done
    if grep -q '^failed' "$RUN/vm$n.status"; then
        fail "guest $n: $(grep -m 1 '^failed' "$RUN/vm$n.status")"
    fi
}

# guest_up N [SECONDS]: start (again) and wait until it is ready.
guest_up() {
    guest_start "$1"
    guest_ready "$@"
}

guest_ssh_options() {
    local port=PORT$1
    printf '%s\n' -F none -i "$(guest_key)" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=10 -o ServerAliveInterval=5 \
        -o ControlPath="$SOCKETS/ssh$1" -p "${!port}" root@127.0.0.1
}

# guest N CMD...: run CMD in guest N, with its exit status; 124 when it takes more than GUEST_TIMEOUT (60) s.
# One connection serves all commands: setting one up costs a guest half a second.
guest() {
    local n=$1 options
    shift
    mapfile -t options < <(guest_ssh_options "$n")
    if [ ! -S "$SOCKETS/ssh$n" ]; then
        timeout 30 ssh -f -N -M "${options[@]}" </dev/null >/dev/null 2>&1 7>&- 8>&- 9>&- || true
    fi
    timeout "${GUEST_TIMEOUT:-60}" ssh "${options[@]}" -- "$@"
}

# guest_wait N [SECONDS]: until ssh answers.
guest_wait() {
    local until=$((SECONDS + ${2:-60}))
    until GUEST_TIMEOUT=10 guest "$1" true 2>/dev/null </dev/null; do
        [ "$SECONDS" -lt "$until" ] || fail "guest $1 does not answer by ssh within ${2:-60} s"
        rm -f "$SOCKETS/ssh$1"
        sleep 0.2
    done
}

# qmp N JSON: one command; prints what it returns. An error goes to stderr, status 1.
qmp() {
    local n=$1 json=$2 line seen=0 status=1 pid in out
    coproc QMP { exec timeout 20 socat - "UNIX-CONNECT:$SOCKETS/qmp$n"; }
    pid=$QMP_PID in=${QMP[1]} out=${QMP[0]}
    printf '{"execute":"qmp_capabilities"}\n%s\n' "$json" >&"$in"
    while IFS= read -r -t 20 -u "$out" line; do
        line=${line%$'\r'}
        case $line in
        '{"return": '*)
            seen=$((seen + 1))
            [ "$seen" = 2 ] || continue
            line=${line#'{"return": '}
            printf '%s\n' "${line%\}}"
            status=0
            break
            ;;
        '{"error": '*)
            printf '%s\n' "$line" >&2
            break
            ;;
        esac
    done
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    return $status
}

# qom_get N PATH PROPERTY
qom_get() { qmp "$1" "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"$2\",\"property\":\"$3\"}}"; }

# Lines in a kernel's log that mean a bug: warnings, oopses, sanitizer and lock checker reports.
# (A WARN names its place before or, since 6.19, after the word CPU.)
KERNEL_TROUBLE='WARNING: (CPU|at|[^ ]+:[0-9]+ at|possible|bad|inconsistent|suspicious|held|lock held|Nested lock|[A-Z_]+-safe ->)|Oops[: ]|BUG: |KASAN:|UBSAN:|KCSAN:|general protection fault|Kernel panic|INFO: (task|rcu|possible|lockdep|trying to register)|rcu: INFO|possible circular locking|inconsistent lock state|nobody cared|soft lockup'

# guest_trouble N: prints the first such line of guest N's console.
guest_trouble() { grep -aEm 1 "$KERNEL_TROUBLE" "$RUN/vm$1.log" 2>/dev/null | tr -d '\r' | head -c 300; }
