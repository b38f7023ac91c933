# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Guests whose port is a vfio-user device: which they are, the servers behind them, the device of their QEMU.
# Sourced after lib.sh, processes.sh and qemu-sdk.sh; FRONTEND is an option of vms.sh.

# The client is in QEMU from 10.1 on; of Debian's binaries that is this one.
# shellcheck disable=SC2034 # read by vms.sh
VFIO_USER_QEMU=11.1

vfio_user_binary() { echo "$(build_dir)/frontends/vfio-user/idtntb-vfio-user"; }

# vfio_user_guest N: whether guest N is one. Mixed: every second, so that two guests are one of each.
vfio_user_guest() {
    case $FRONTEND in
    vfio-user | qemu-server) return 0 ;;
    mixed) [ "$(($1 % 2))" = 0 ] ;;
    *) return 1 ;;
    esac
}

# vfio_user_all: whether all guests are.
vfio_user_all() { [ "$FRONTEND" = vfio-user ] || [ "$FRONTEND" = qemu-server ]; }

# vfio_user_device N: the argument of -device.
vfio_user_device() {
    printf '{"driver":"vfio-user-pci","bus":"ntbslot0","id":"ntb0","socket":{"type":"unix","path":"%s"}}' "$SOCKETS/vfio$1"
}

# vfio_user_server NAME SPEC [OPTION...]: start it as process NAME of the run and wait until all its ports listen.
vfio_user_server() {
    local name=$1 spec=$2 n i count=0 cmd
    shift 2
    cmd=("$(vfio_user_binary)" --switch "$spec" "$@")
    for ((n = 1; n <= GUESTS; n++)); do
        vfio_user_guest "$n" || continue
        cmd+=(--port "${NTB_PORTS[n - 1]}=$SOCKETS/vfio$n")
        count=$((count + 1))
    done
    [ "$count" -gt 0 ] || return 0
    printf '%s\0' "${cmd[@]}" >"$RUN/$name.cmd"
    run_start "$name"
    for ((i = 0; i < 200; i++)); do
        [ "$(grep -c ': listening on' "$RUN/$name.err")" = "$count" ] && return 0
        alive "$RUN/$name.pid" || fail "the vfio-user server does not start: $(last_words "$RUN/$name.err")"
        sleep 0.05
    done
    fail "the vfio-user server does not listen after 10 s: $(last_words "$RUN/$name.err")"
}

# qemu_servers: for each guest a QEMU that has an idt-ntb and exports it, as process deviceN. One of them cannot serve
# two guests (docs/vfio-user.md).
qemu_servers() {
    local n
    for ((n = 1; n <= GUESTS; n++)); do
        printf '%s\0' "$(qemu_tree_binary)" -name "device$n" -machine x-remote,vfio-user=on -nodefaults -no-user-config \
            -display none -device "idt-ntb,id=ntb0,switch=$SWITCH,port=${NTB_PORTS[n - 1]},windows=copy${DEVICE_ARGS:+,$DEVICE_ARGS}" \
            -object '{"qom-type":"x-vfio-user-server","id":"server","device":"ntb0","socket":{"type":"unix","path":"'"$SOCKETS/vfio$n"'"}}' \
            >"$RUN/device$n.cmd"
    done
}
