# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# One run: its directory, sockets, ports and processes, and the end of all of them.
#   $CACHE/run/<id>/   env, owner, vmN.{cmd,pid,log,err,status}, server.{cmd,pid,log}, mount.{cmd,pid,err}
#   $SOCKETS/          switch (the server's), qmpN, consoleN, sshN: a short path, for AF_UNIX takes 108 bytes
# Sourced after lib.sh. RUN is the run's directory.

run_root() { echo "$IDTNTB_CACHE/run"; }

# run_load ID: take up a run from another process (console, tests).
run_load() {
    RUN=$(run_root)/$1
    [ -f "$RUN/env" ] || fail "no run '$1'; there are: $(ls "$(run_root)" 2>/dev/null | tr '\n' ' ')"
    # shellcheck disable=SC1091
    . "$RUN/env"
}

# started PID: a mark that tells this process from a later one with the same number.
started() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null; }

# alive FILE: is the process that FILE names (pid and start mark) there? One whose first thread has ended still holds its
# ports and files while another thread is ending.
alive() {
    local pid mark threads
    read -r pid mark 2>/dev/null <"$1" || return 1
    [ -n "$mark" ] && [ "$(started "$pid")" = "$mark" ] || return 1
    [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat" 2>/dev/null)" = Z ] || return 0
    threads=("/proc/$pid/task"/*)
    [ ${#threads[@]} -gt 1 ]
}

# note_process FILE PID: for alive(). At once, since a FILE without content is that of somebody dead.
note_process() { printf '%s %s\n' "$2" "$(started "$2")" >"$1.new" && mv "$1.new" "$1"; }

# run_begin ID GUESTS: directories and ports.
run_begin() {
    local id=$1 guests=$2 base dir n
    run_sweep
    mkdir -p "$(run_root)"
    mkdir "$(run_root)/$id" 2>/dev/null || fail "run '$id' is there already; end it, or choose another --run-id"
    RUN=$(run_root)/$id
    note_process "$RUN/owner" "$BASHPID"
    # A tmpfs where there is one: the switch's shared memory lies beside its socket.
    for dir in "${XDG_RUNTIME_DIR:-}" /dev/shm /tmp; do
        [ -n "$dir" ] && [ -d "$dir" ] && [ -w "$dir" ] && break
    done
    SOCKETS=$dir/idtntb-$id
    if ! mkdir -m 700 "$SOCKETS"; then
        rm -rf "$RUN"
        fail "cannot make $SOCKETS"
    fi
    # Runs that start at the same time take turns until the choice is written down.
    exec 7>"$(run_root).ports"
    flock 7
    base=$(free_ports "$guests")
    {
        printf 'RUN_ID=%q SOCKETS=%q GUESTS=%q SWITCH=%q SSH_BASE=%q\n' \
            "$id" "$SOCKETS" "$guests" "ivshmem:$SOCKETS/switch" "$base"
        for ((n = 1; n <= guests; n++)); do
            echo "PORT$n=$((base + n - 1))"
        done
    } >"$RUN/env.new"
    mv "$RUN/env.new" "$RUN/env"
    exec 7>&-
    # shellcheck disable=SC1091
    . "$RUN/env"
}

# free_ports N: first of N successive TCP ports, from 7001 on, that nobody listens on and no live run has taken.
free_ports() {
    local base n taken used
    used=$(awk 'NR > 1 && $4 == "0A" { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        while read -r n; do echo "$((16#$n))"; done)
    used+=" $(grep -h -o 'PORT[0-9]*=[0-9]*' "$(run_root)"/*/env 2>/dev/null | cut -d= -f2 | tr '\n' ' ')"
    for ((base = 7001; base < 65000; base += 10)); do
        taken=
        for ((n = 0; n < $1; n++)); do
            grep -qw "$((base + n))" <<<"$used" && taken=1
        done
        [ -z "$taken" ] && break
    done
    [ -z "$taken" ] || fail "no free TCP ports from 7001 on"
    echo "$base"
}

# run_start NAME: start $RUN/NAME.cmd (NUL-separated), away from the terminal's signals.
run_start() {
    local name=$1 cmd i
    mapfile -d '' -t cmd <"$RUN/$name.cmd"
    rm -f "$RUN/$name.pid"
    # The run's end must not miss it: the shell that starts it notes it before it becomes the program.
    setsid bash -c 'printf "%s %s\n" "$$" "$(awk "{ sub(/.*\\) /, \"\"); print \$20 }" /proc/$$/stat)" >"$1.pid" || exit
        shift; exec "$@"' - "$RUN/$name" "${cmd[@]}" </dev/null >>"$RUN/$name.out" 2>>"$RUN/$name.err" &
    disown
    for ((i = 0; i < 2000; i++)); do
        [ ! -s "$RUN/$name.pid" ] || return 0
        sleep 0.01
    done
    fail "$name cannot be started: there is nothing in $RUN/$name.pid after 20 s; is there room?"
}

# stop_process FILE [SECONDS]: TERM, then KILL.
stop_process() {
    local pid i
    alive "$1" || return 0
    read -r pid _ <"$1"
    kill -TERM "$pid" 2>/dev/null || return 0
    for ((i = 0; i < ${2:-3} * 20; i++)); do
        alive "$1" || return 0
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
}

# run_end: everything of the run, whatever state it is in.
run_end() {
    local file
    [ -n "${RUN:-}" ] && [ -d "$RUN" ] || return 0
    mount_end
    for file in "${SOCKETS:-/nonexistent}"/ssh*; do
        [ -S "$file" ] && ssh -o ControlPath="$file" -O exit localhost 2>/dev/null
    done
    # All at once, then wait: a guest takes half a second to go.
    for file in "$RUN"/vm*.pid; do
        alive "$file" && kill -TERM "$(cut -d' ' -f1 "$file")" 2>/dev/null
    done
    for file in "$RUN"/vm*.pid "$RUN"/device*.pid "$RUN"/vfio.pid "$RUN"/server.pid; do
        [ -f "$file" ] && stop_process "$file"
    done
    [ -f "$RUN/files" ] && xargs -d '\n' -r rm -f <"$RUN/files"
    [ -n "${SOCKETS:-}" ] && rm -rf "$SOCKETS"
    rm -rf "$RUN"
    return 0
}

# run_sweep: what is left of runs whose owner was killed.
run_sweep() {
    local dir
    for dir in "$(run_root)"/*/; do
        [ -f "$dir/owner" ] || continue
        alive "$dir/owner" && continue
        say "cleaning up run $(basename "$dir"), whose starter is gone"
        (
            # shellcheck disable=SC2034 # mount_end() is to go by what that run has, not by ours
            RUN=${dir%/} MOUNT=""
            # shellcheck disable=SC1091
            [ -f "$RUN/env" ] && . "$RUN/env"
            run_end
        )
    done
}
