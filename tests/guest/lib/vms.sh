# SPDX-License-Identifier: BSD-3-Clause
# Runs of ./idtntb for a test: guests that stay up, are killed and come back, and runs that end by themselves.
# Everything a test started is ended by vms_end. The functions of scripts/ give guest, qmp, guest_up and others.

for part in lib apt qemu-sdk libvfio-user build qemu-tree stock-server kernel initramfs mount processes guests; do
    # shellcheck disable=SC1090
    . "$ROOT/scripts/$part.sh"
done
RUN="" SUPERVISOR="" RUN_COUNT=0

# vms_launch NAME OPTION...: './idtntb vms OPTION...' in the background, output in NAME.out and NAME.err;
# sets SUPERVISOR and RUN.
vms_launch() {
    local name=$1
    shift
    RUN_COUNT=$((RUN_COUNT + 1))
    RUN=$(run_root)/e2e-$E2E_NAME-$$-$RUN_COUNT
    "$ROOT/idtntb" vms "$@" --run-id "$(basename "$RUN")" >"$name.out" 2>"$name.err" </dev/null &
    SUPERVISOR=$!
}

# vms_start OPTION...: guests that stay until vms_end, all of them ready.
vms_start() {
    step "booting: vms $*"
    vms_launch vms --run shell --log-dir "$E2E_DIR/logs" "$@"
    until [ -f "$RUN/ready" ]; do
        kill -0 "$SUPERVISOR" 2>/dev/null || give_up "guests do not boot: $(tail -n 1 vms.err)"
        sleep 0.1
    done
    run_load "$(basename "$RUN")"
}

# vms_end: the run and everything of it is gone afterwards.
vms_end() {
    local pid
    if [ -n "$SUPERVISOR" ] && kill -0 "$SUPERVISOR" 2>/dev/null; then
        kill -TERM "$SUPERVISOR"
        wait "$SUPERVISOR" || true
    fi
    SUPERVISOR=""
    if [ -n "${HELPERS:-}" ]; then
        for pid in $HELPERS; do
            kill -KILL "$pid" 2>/dev/null || true
        done
        HELPERS=""
    fi
    [ -z "${HELPER_FILES:-}" ] || rm -rf $HELPER_FILES # a list of paths without blanks
    HELPER_FILES=""
}

vm_pid() { cut -d' ' -f1 "$RUN/vm$1.pid"; }
vm_alive() { alive "$RUN/vm$1.pid" || give_up "guest $1's QEMU is gone: $(last_words "$RUN/vm$1.err")"; }

# vm_kill N: SIGKILL, and the process is really gone.
vm_kill() {
    local pid
    pid=$(vm_pid "$1")
    vm_alive "$1"
    kill -KILL "$pid"
    while kill -0 "$pid" 2>/dev/null && alive "$RUN/vm$1.pid"; do sleep 0.02; done
    rm -f "$SOCKETS/ssh$1"
}

# vm_up N: the same guest again.
vm_up() { (guest_up "$1" 90) 2>up.err || give_up "guest $1 does not come back: $(tail -n 1 up.err)"; }

# vm_reboot N: a reboot of the guest's own; the same QEMU goes on.
vm_reboot() {
    local pid
    pid=$(vm_pid "$1")
    : >"$RUN/vm$1.status"
    guest "$1" '(sleep 0.2; reboot -f) >/dev/null 2>&1 &' || true
    rm -f "$SOCKETS/ssh$1"
    (guest_ready "$1" 90) 2>up.err || give_up "guest $1 does not reboot: $(tail -n 1 up.err)"
    is "QEMU of the rebooted guest $1" "$(vm_pid "$1")" "$pid"
    vm_alive "$1"
}

server_kill() {
    kill -KILL "$(cut -d' ' -f1 "$RUN/server.pid")"
    while alive "$RUN/server.pid"; do sleep 0.02; done
}

# server_back: the same server again.
server_back() {
    : >"$RUN/server.err"
    (server_up) 2>up.err || give_up "the server does not come back: $(tail -n 1 up.err)"
}

# qom N get|set ENDPOINT PROPERTY [VALUE]: a property of the device in guest N's QEMU.
qom() {
    local path=/machine/peripheral/ntb$(($3 - 1))
    case $2 in
    get) qom_get "$1" "$path" "$4" ;;
    set) qmp "$1" "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"$path\",\"property\":\"$4\",\"value\":$5}}" >/dev/null ;;
    esac
}

# idtntb_run NAME ARG...: './idtntb ARG...' must end with 0; output in NAME.out and NAME.err.
idtntb_run() {
    local name=$1 status=0 start=$SECONDS
    shift
    step "./idtntb $*"
    "$ROOT/idtntb" "$@" --run-id "e2e-$name-$$" >"$name.out" 2>"$name.err" </dev/null || status=$?
    sed 's/^/         /' "$name.out" | tail -n 20
    [ "$status" = 0 ] || give_up "./idtntb $*: status $status: $(grep error "$name.err" | tail -n 1)"
    printf '         ended with 0 after %d s\n' $((SECONDS - start))
    nothing_left "e2e-$name-$$"
}

# idtntb_fails NAME STATUS|any ARG...: must end with that status (any: not 0) and a line that says why.
idtntb_fails() {
    local name=$1 wanted=$2 status=0
    shift 2
    step "./idtntb $* (must fail)"
    "$ROOT/idtntb" "$@" --run-id "e2e-$name-$$" >"$name.out" 2>"$name.err" </dev/null || status=$?
    tail -n 2 "$name.err" | sed 's/^/         /'
    if [ "$wanted" = any ]; then
        above "exit status" "$status" 0
        has "a line that says why" "$(cat "$name.err")" 'error: .'
    else
        is "exit status" "$status" "$wanted"
    fi
    nothing_left "e2e-$name-$$"
}

# nothing_left ID: no directory, socket, or process of that run.
nothing_left() {
    is "what run $1 leaves" "$(ls -d "$(run_root)/$1" /dev/shm/*"$1"* "${XDG_RUNTIME_DIR:-/tmp}"/*"$1"* 2>/dev/null | tr '\n' ' ')" ""
    # The server's keeper of the shared memory goes when it sees that everybody else has gone.
    eventually 3 "processes run $1 leaves" "" pgrep -af "/[i]dtntb-$1/|run/$1/"
}
