# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034 # the parts read each other's variables
# ./idtntb vms: from options to guests, what is shown, and the end. Sourced after all the others.

vms() {
    vms_parse "$@"
    vms_setup
    vms_run
}

# What --run needs in the guests.
vms_client() {
    [ -z "$CLIENT_GIVEN" ] || return 0
    case $RUN_WHAT in
    # What is in a person's initial RAM disk is not known; there may be nobody who counts.
    '') [ -n "$EXEC_SCRIPT$OWN_INITRD" ] || [ "$GUEST_COUNT" = 1 ] || CLIENT=ntb_pingpong ;;
    pingpong) CLIENT=ntb_pingpong ;;
    tool) CLIENT=ntb_tool ;;
    *) CLIENT="" ;;
    esac
}

# ntb_test.sh fills every window byte by byte, through ssh on one side.
vms_bars() { [ "$RUN_WHAT" != selftest ] || [ -n "$BARS" ] || BARS=lut24:64K; }

# Everything that takes long and may be missing; nothing of the run exists yet.
vms_setup() {
    need_packages qemu-system-x86 socat openssh-client
    [ -z "$MOUNT" ] || need_packages fuse3
    if [ "$FRONTEND" != qemu ]; then
        libvfio_user
        qemu_sdk "$VFIO_USER_QEMU"
    fi
    [ "$FRONTEND" != qemu-server ] || qemu_with_device
    if vfio_user_all; then
        QEMU_SDK=$VFIO_USER_QEMU QEMU_BINARY=$(qemu_sdk_dir "$VFIO_USER_QEMU")/binary
    else
        choose_qemu "$QEMU_WANTED"
    fi
    if [ -n "$QEMU_SDK" ] && ! vfio_user_all; then build_project "$QEMU_SDK"; else build_project; fi
    [ "$SERVER" = own ] || stock_server
    if [ -n "$OWN_INITRD" ]; then
        KERNEL_INITRD=$(readlink -f "$OWN_INITRD")
        if [ -n "$KTREE" ]; then
            KERNEL_IMAGE=$(ktree_image "$KTREE")
        elif [ -n "$OWN_KERNEL" ]; then
            KERNEL_IMAGE=$(readlink -f "$OWN_KERNEL")
        else
            kernel
            KERNEL_IMAGE=$(kernel_dir)/vmlinux
        fi
    elif [ -n "$OWN_KERNEL$KTREE" ]; then
        need_packages kmod
        userland
    else
        kernel_initrd
        KERNEL_IMAGE=$(kernel_dir)/vmlinux KERNEL_INITRD=$IDTNTB_CACHE/initrd/initrd
    fi
}

# vms_server: the server or servers of the run and, once they run, the ports of the guests.
vms_server() {
    local n
    transport_start
    case $FRONTEND:$TRANSPORT in
    qemu-server:*) qemu_servers ;;
    *:local) vfio_user_server server "$SWITCH" "${MAKES[@]}" ;;
    *) vfio_user_server vfio "$SWITCH" "${MAKES[@]}" ;;
    esac
    for ((n = 1; n <= GUEST_COUNT; n++)); do
        echo "NTBPORT$n=${NTB_PORTS[n - 1]}" >>"$RUN/env"
    done
}

vms_run() {
    local id=${WANTED_ID:-$$} status=0
    umask 077
    vms_client
    vms_bars
    run_begin "$id" "$GUEST_COUNT"
    # One way out for all: the EXIT trap. A signal only asks for it.
    trap 'status=$?; trap "" INT TERM HUP; vms_end $status' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    DEADLINE=$((SECONDS + TIMEOUT))
    [ -z "$OWN_KERNEL$KTREE" ] || [ -n "$OWN_INITRD" ] || own_kernel "$RUN"
    vms_server
    local qemu=$QEMU_BINARY
    [ -z "$QEMU_SDK" ] || qemu="Debian's QEMU $(cat "$(qemu_sdk_dir "$QEMU_SDK")/version")"
    say "run $id: $GUEST_COUNT guests booting ($qemu, $ACCEL)"
    guests_start
    mount_start
    show "${RUN_WHAT:-${EXEC_SCRIPT:+exec}}" || status=$?
    no_trouble || status=1
    exit "$status"
}

# no_trouble: a kernel's own report of a bug is a failure whatever was shown.
no_trouble() {
    local n line bad=0
    for ((n = 1; n <= GUESTS; n++)); do
        line=$(guest_trouble "$n") || true
        [ -z "$line" ] && continue
        say "error: guest $n's kernel reports a bug: $line"
        bad=1
    done
    return $bad
}

# vms_end STATUS: the logs to where the person finds them, everything else gone.
vms_end() {
    local status=$1 keep=${LOG_DIR:-}
    set +e
    # Before a guest has said something there is no log worth keeping: the error line told all.
    # Asked to end: that is how a shell run ends well.
    case $RUN_WHAT:$EXEC_SCRIPT:$status in
    shell:*:130 | shell:*:143 | ::130 | ::143)
        status=0
        no_trouble || status=1
        ;;
    esac
    if [ -z "$keep" ] && [ "$status" != 0 ] && [ -n "$(find "$RUN" -name 'vm*.log' -size +0)" ]; then
        keep=$IDTNTB_CACHE/logs/run-$RUN_ID
    fi
    if [ -n "$keep" ]; then
        mkdir -p "$keep"
        cp "$RUN"/*.log "$RUN"/*.err "$RUN"/*.status "$RUN"/*.out "$keep/" 2>/dev/null
        [ "$status" = 0 ] || say "logs of the run: $keep"
    fi
    run_end
    exit "$status"
}
