# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2054 # commas belong to QEMU's arguments
# The QEMU command line of each guest of a run. Sourced after guests.sh; reads the options of vms.sh.

# Which QEMU: sets QEMU_BINARY, and QEMU_SDK to the version whose plugin it loads ('' when it has the device built in).
choose_qemu() {
    local wanted=${1:-7.2} version v
    case $wanted in
    7.2 | 10.0 | 11.1)
        qemu_sdk "$wanted"
        QEMU_BINARY=$(qemu_sdk_dir "$wanted")/binary QEMU_SDK=$wanted
        return 0
        ;;
    esac
    QEMU_BINARY=$(command -v -- "$wanted") ||
        usage_fail "--qemu '$wanted': no such program; a path to qemu-system-x86_64, or 7.2, 10.0 or 11.1 expected"
    for v in 7.2 10.0 11.1; do
        if [ "$(readlink -f "$QEMU_BINARY")" = "$(readlink -f "$(qemu_sdk_dir "$v")/binary")" ]; then
            QEMU_SDK=$v
            return 0
        fi
    done
    if "$QEMU_BINARY" -device help 2>/dev/null | grep -q '"idt-ntb"'; then
        QEMU_SDK=
        return 0
    fi
    version=$("$QEMU_BINARY" --version 2>/dev/null | sed -n '1s/.*(Debian \(.*\)).*/\1/p')
    qemu_sdk 7.2
    for v in 7.2 10.0 11.1; do
        if [ -n "$version" ] && [ "$(cat "$(qemu_sdk_dir "$v")/version" 2>/dev/null)" = "$version" ]; then
            QEMU_SDK=$v
            return 0
        fi
    done
    fail "--qemu '$wanted' (${version:-no Debian package}): there are no headers for it and it has no idt-ntb built in; accepted are Debian's 7.2, 10.0 and 11.1, and a QEMU built with the device"
}

# words STRING: its words as a shell would split them (quotes, backslashes; nothing is expanded), one a line.
words() { xargs -r printf '%s\n' <<<"$1"; }

# fill_in N STRING: @SWITCH@, @PORT@, @SSH@, @RUN@, @SOCKETS@ of guest N.
fill_in() {
    local text=$2 port=PORT$1
    text=${text//@SWITCH@/$SWITCH}
    text=${text//@PORT@/${NTB_PORTS[$1 - 1]}}
    text=${text//@SSH@/${!port}}
    text=${text//@RUN@/$RUN}
    printf '%s' "${text//@SOCKETS@/$SOCKETS}"
}

# kernel_arguments N
kernel_arguments() {
    local patience=""
    # An emulated CPU may wait long for a real one; its kernel must not take that for a lockup of its own.
    [ "$ACCEL" != tcg ] || patience="rcupdate.rcu_cpu_stall_timeout=120 watchdog_thresh=60"
    echo "console=ttyS0 iomem=relaxed panic=-1 random.trust_cpu=on ntb_pingpong.delay_ms=100 idtntb.id=$1 idtntb.port=$SSH_BASE" \
        "${CLIENT:+idtntb.client=$CLIENT} idtntb.report $patience $APPEND"
}

# guest_command N: write $RUN/vmN.cmd.
guest_command() {
    local n=$1 port=PORT$1 device binary=$QEMU_BINARY plugin="" cmd extra override=VM${1}_OVERRIDE own=VM${1}_ARGS
    device="idt-ntb,bus=ntbslot0,id=ntb0,switch=$SWITCH,port=${NTB_PORTS[n - 1]}"
    if vfio_user_guest "$n"; then
        binary=$(qemu_sdk_dir "$VFIO_USER_QEMU")/binary
        device=$(vfio_user_device "$n")
    elif [ -n "$QEMU_SDK" ]; then
        plugin=$(plugin_file "$QEMU_SDK")
    fi
    cmd=("$binary")
    if [ -n "${!override}" ]; then
        mapfile -t extra < <(words "$(fill_in "$n" "${!override}")")
        printf '%s\0' "${cmd[@]}" "${extra[@]}" >"$RUN/vm$n.cmd"
        return 0
    fi
    cmd+=(-name "vm$n" -machine q35,memory-backend=ram -m "$MEM" -nodefaults -no-user-config -display none)
    if [ -n "$RAM_PATH" ]; then
        echo "$RAM_PATH/$RUN_ID-vm$n.ram" >>"$RUN/files"
        cmd+=(-object "memory-backend-file,id=ram,size=$MEM,share=on,mem-path=$RAM_PATH/$RUN_ID-vm$n.ram")
        vfio_user_guest "$n" || device+=,unsealed-ram=on
    else
        cmd+=(-object "memory-backend-memfd,id=ram,size=$MEM,share=on")
    fi
    case $ACCEL in
    # QEMU keeps translated code until its buffer is full, 1 GiB unless told; every store to a page walks all that was
    # ever translated of it. A guest that ran for a while and reboots spent a minute in that while it unpacked its initrd.
    tcg) cmd+=(-accel tcg,tb-size=256 -cpu max) ;;
    # 7.2 offers arch-capabilities where a nested hypervisor refuses it.
    kvm) cmd+=(-accel kvm -cpu host,-arch-capabilities) ;;
    esac
    cmd+=(-kernel "$KERNEL_IMAGE" -initrd "$KERNEL_INITRD" -append "$(kernel_arguments "$n")"
        -chardev "socket,id=console,path=$SOCKETS/console$n,server=on,wait=off,logfile=$RUN/vm$n.log,logappend=on"
        -serial chardev:console
        -chardev "file,id=status,path=$RUN/vm$n.status,append=on" -serial chardev:status
        -qmp "unix:$SOCKETS/qmp$n,server=on,wait=off"
        -device virtio-rng-pci,addr=2
        -netdev "user,id=net0,hostfwd=tcp:127.0.0.1:${!port}-:22" -device virtio-net-pci,netdev=net0,romfile=,addr=3)
    vfio_user_guest "$n" || device+=${DEVICE_ARGS:+,$DEVICE_ARGS}
    [ -z "$plugin" ] || cmd+=(-plugin "$plugin")
    cmd+=(-device pcie-root-port,id=ntbslot0,chassis=1,slot=1,addr=4
        -device "$device")
    mapfile -t extra < <(words "$(fill_in "$n" "$QEMU_ARGS")" && words "$(fill_in "$n" "${!own}")")
    printf '%s\0' "${cmd[@]}" ${extra[@]+"${extra[@]}"} >"$RUN/vm$n.cmd"
}

# guests_start: all of them at once.
guests_start() {
    local n left
    for ((n = 1; n <= GUESTS; n++)); do
        guest_command "$n"
        guest_start "$n"
    done
    [ -n "$OWN_INITRD" ] && return 0
    for ((n = 1; n <= GUESTS; n++)); do
        left=$(time_left)
        guest_ready "$n" "$((left < BOOT_TIMEOUT ? left : BOOT_TIMEOUT))"
    done
}
