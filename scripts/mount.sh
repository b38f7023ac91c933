# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# --mount DIR: the switch of a run as files (idtntb-fuse). Sourced after processes.sh and build.sh; MOUNT is an option of
# vms.sh and, for whoever ends the run, in its env.

# mount_check: what can be refused before anything is set up. A directory that is not there is made.
mount_check() {
    [ -n "$MOUNT" ] || return 0
    [ "$TRANSPORT" != local ] ||
        usage_fail "--mount: with --frontend vfio-user alone the switch is inside its server; with --transport ivshmem, shm or uring-unix too"
    [ -e /dev/fuse ] || usage_fail "--mount: there is no /dev/fuse here (a container without it?); without --mount"
    mkdir -p "$MOUNT" 2>/dev/null && [ -d "$MOUNT" ] && [ -w "$MOUNT" ] ||
        usage_fail "--mount '$MOUNT': not a directory that can be made or written"
    MOUNT=$(readlink -f "$MOUNT")
    [ -z "$(ls -A "$MOUNT")" ] || usage_fail "--mount '$MOUNT': not empty; an empty directory expected"
}

# mount_start: once there is a switch.
mount_start() {
    local i
    [ -n "$MOUNT" ] || return 0
    printf 'MOUNT=%q\n' "$MOUNT" >>"$RUN/env"
    printf '%s\0' "$(fuse_binary)" -f --switch "$SWITCH" "$MOUNT" >"$RUN/mount.cmd"
    run_start mount
    for ((i = 0; i < 200; i++)); do
        mountpoint -q "$MOUNT" && return 0
        alive "$RUN/mount.pid" || fail "--mount '$MOUNT': $(last_words "$RUN/mount.err")"
        sleep 0.05
    done
    fail "--mount '$MOUNT': nothing is mounted after 10 s: $(last_words "$RUN/mount.err")"
}

# mount_end: a part of run_end; whatever became of the program.
mount_end() {
    [ -n "${MOUNT:-}" ] || return 0
    [ ! -f "$RUN/mount.pid" ] || stop_process "$RUN/mount.pid"
    [ "$(findmnt -n -o FSTYPE -M "$MOUNT" 2>/dev/null)" != fuse.idtntb ] || fusermount3 -u -z "$MOUNT" || say "$MOUNT stays mounted; fusermount3 -u $MOUNT"
    return 0
}
