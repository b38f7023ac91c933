# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The smaller commands of ./idtntb. Sourced after all the others.

# pick_run [ID]: the named run, or the newest that lives.
pick_run() {
    local id=${1:-} dir
    run_sweep
    if [ -z "$id" ]; then
        for dir in "$(run_root)"/*/; do
            [ -f "$dir/env" ] && { [ -z "$id" ] || [ "$dir/env" -nt "$(run_root)/$id/env" ]; } && id=$(basename "$dir")
        done
        [ -n "$id" ] || fail "no guests are running; ./idtntb vms starts some"
    fi
    run_load "$id"
}

# take_run ARG...: sets WANTED_RUN to what a '--run ID' in front says, and REST to what follows it.
take_run() {
    WANTED_RUN="" REST=("$@")
    case ${1:-} in
    --run)
        [ $# -ge 2 ] || usage_fail "--run wants a value: the name of a run, see ./idtntb runs"
        WANTED_RUN=$2 REST=("${@:3}")
        ;;
    --run=*) WANTED_RUN=${1#*=} REST=("${@:2}") ;;
    esac
}

# guest_and_run COMMAND ARG...: sets N, RUN and REST from 'N [--run ID] [CMD...]'.
guest_and_run() {
    local command=$1
    N=${2:-}
    take_run "${@:3}"
    [[ $N =~ ^[1-8]$ ]] || usage_fail "$command '$N': the number of a guest expected, 1 to 8"
    pick_run "$WANTED_RUN"
    [ "$N" -le "$GUESTS" ] || usage_fail "$command $N: run $RUN_ID has $GUESTS guests"
}

# no_arguments COMMAND ARG...: refuse them.
no_arguments() { [ $# = 1 ] || usage_fail "$1 takes no argument '$2'; see ./idtntb $1 --help"; }

command_console() {
    case ${1:-} in
    -h | --help)
        echo "Usage: ./idtntb console N [--run ID]"
        echo "Attaches to the serial console of guest N: a root shell. Ctrl-] leaves it, the guest goes on."
        return 0
        ;;
    esac
    guest_and_run console "$@"
    [ ${#REST[@]} = 0 ] || usage_fail "console takes no argument '${REST[0]}'; see ./idtntb console --help"
    need_packages socat
    [ -S "$SOCKETS/console$N" ] || fail "guest $N of run $RUN_ID has no console at $SOCKETS/console$N"
    if [ -t 0 ]; then
        say "console of guest $N, run $RUN_ID; Enter for a prompt, Ctrl-] to leave"
        socat "-,raw,echo=0,escape=0x1d" "UNIX-CONNECT:$SOCKETS/console$N"
    else
        socat -t 2 - "UNIX-CONNECT:$SOCKETS/console$N"
    fi
}

command_ssh() {
    local options
    case ${1:-} in
    -h | --help)
        echo "Usage: ./idtntb ssh N [--run ID] [COMMAND...]"
        echo "A root shell in guest N, or COMMAND there with its exit status."
        return 0
        ;;
    esac
    guest_and_run ssh "$@"
    mapfile -t options < <(guest_ssh_options "$N")
    exec ssh "${options[@]}" -- ${REST[@]+"${REST[@]}"}
}

command_ctl() {
    case ${1:-} in
    '' | -h | --help)
        echo "Usage: ./idtntb ctl [--run ID] COMMAND [ARGUMENT...]"
        echo "idtntbctl on the switch of a run: check, top, topology, dump, peek 0:NTCTL, link 2 down, ...; ctl help lists them."
        return 0
        ;;
    help) set -- --help ;;
    esac
    take_run "$@"
    pick_run "$WANTED_RUN"
    IDTNTB_SWITCH=$SWITCH exec "$(ctl_binary)" "${REST[@]}"
}

command_runs() {
    local dir
    case ${1:-} in
    -h | --help)
        echo "Usage: ./idtntb runs"
        echo "Lists the runs there are: name, guests, forwarded ssh ports, directory with logs. Cleans up after dead ones."
        return 0
        ;;
    esac
    no_arguments runs "$@"
    run_sweep
    for dir in "$(run_root)"/*/; do
        [ -f "$dir/env" ] || continue
        # shellcheck disable=SC1091
        (. "$dir/env" && echo "$RUN_ID: $GUESTS guests, ssh ports $SSH_BASE-$((SSH_BASE + GUESTS - 1)), $dir")
    done
}

command_build() {
    case ${1:-} in
    -h | --help)
        echo "Usage: ./idtntb build"
        echo "Configures and builds the server and the device for Debian 12's QEMU in $(build_dir)."
        return 0
        ;;
    esac
    no_arguments build "$@"
    qemu_sdk 7.2
    build_project 7.2
    echo "$(server_binary)"
    plugin_file 7.2
}

command_setup() {
    case ${1:-} in
    -h | --help)
        echo "Usage: ./idtntb setup [--all]"
        echo "Installs the packages and fills the cache that 'vms' needs; --all: also for other QEMUs and 'test'."
        return 0
        ;;
    '' | --all) ;;
    *) usage_fail "setup takes no argument '$1'; --all or none expected" ;;
    esac
    need_packages qemu-system-x86 socat openssh-client "${BUILD_PACKAGES[@]}"
    qemu_sdk 7.2
    kernel_initrd
    if [ "${1:-}" = --all ]; then
        stock_server
        qemu_sdk 10.0
        qemu_sdk 11.1
        libvfio_user
        qemu_with_device
    fi
}

# What ./idtntb and its tests make in the cache.
CACHE_ENTRIES='apt|build|faulty|initrd|ivshmem-server|kernel|libvfio-user|logs|qemu-python|qemu-sdk|qemu-tree|run|userland'

command_clean() {
    local foreign
    case ${1:-} in
    -h | --help)
        echo "Usage: ./idtntb clean"
        echo "Removes the cache, $IDTNTB_CACHE, unless a run lives."
        return 0
        ;;
    esac
    no_arguments clean "$@"
    run_sweep
    [ -z "$(ls "$(run_root)" 2>/dev/null)" ] || fail "runs are alive: $(ls "$(run_root)" | tr '\n' ' '); end them first"
    # The name may come from the environment, and be that of somebody's home.
    foreign=$(find "$IDTNTB_CACHE" -mindepth 1 -maxdepth 1 -printf "%f\n" 2>/dev/null | grep -vxE "($CACHE_ENTRIES)(\.[a-z]+)?" | head -n 1) || true
    [ -z "$foreign" ] || fail "the cache '$IDTNTB_CACHE' has '$foreign' in it, which is not ours; nothing is removed"
    rm -rf "$IDTNTB_CACHE"
}

command_test() {
    # shellcheck source=scripts/test.sh
    . "$IDTNTB_ROOT/scripts/test.sh"
    test_main "$@"
}
