# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The options of ./idtntb vms: help, defaults, parsing, and everything that can be refused before a download.
# Sourced after lib.sh.
# shellcheck disable=SC2034 # read by the other scripts

vms_help() {
    cat <<'TEXT'
Usage: ./idtntb vms [OPTION...]

Sets up what is missing, builds, boots Linux guests on one switch, shows ping-pong counters of all of them rising and
how to log in. Ends with Ctrl-C; guests and all they used go with it.

  --vms N               number of guests, 1 to 8 (default 2)
  --run WHAT            show one thing and end by itself; exit status 0 only if it happened:
                          pingpong   every guest's ntb_pingpong counter rises during --seconds
                          tool       ntb_tool: link, doorbells, masks, messages, 1 MiB of data hashed both ways
                          selftest   the kernel's ntb_test.sh, compared with guest/selftest.expected
                          perf       ntb_perf, for its trap rate; it moves no data on this hardware
                        or only boot, with the driver and no client, until Ctrl-C: shell
  --exec SCRIPT         run SCRIPT in guest 1 and end with its exit status. Its environment: IDTNTB_GUESTS, IDTNTB_PEERS
                        (names that ssh in a guest knows), IDTNTB_PEER_ADDRESS, IDTNTB_PEER<N>_PORT
  --client M[,M]        NTB clients the guests load at boot; 'none' for none (default: what --run needs)
  --seconds S           how long counters are watched (default 3)
  --timeout S           end with an error when the run is not over after S seconds (default 600 and --seconds; not for
                        shells)
  --mount DIR           show the switch as files in DIR, an empty directory (idtntb-fuse), while the run lasts
  --log-dir DIR         keep all logs of the run in DIR (default: only of a failed run, in the cache)

  --chip NAME           member of the switch family (default 89HPES24NT6AG2, 89HPES32NT8AG2 from seven guests on)
  --ports LIST          the switch's ports of guests 1, 2, ... such as 0,4,6 (each may have =PARTITION)
  --bars SETUP          windows of each port: lut24[:SIZE] (default), lut12x2[:SIZE] or six BARSETUP values
  --device-args ARGS    more properties of each idt-ntb device, such as msi=off or windows=copy
  --frontend WHICH      how guests get their port: qemu (default; the device idt-ntb), vfio-user (one server, QEMU 11.1's
                        vfio-user-pci), mixed (guests 2, 4, ... by vfio-user, all on one ivshmem switch), or qemu-server (a
                        QEMU with idt-ntb for each guest, which exports the device by vfio-user; one is built for it)
  --transport WHICH     how the guests' processes reach the switch: ivshmem (default; memory of a server), shm (a file, no
                        server), uring-unix or uring-tcp (idtntbd behind a Unix socket or a local TCP port). With --frontend
                        vfio-user the default is none: one process is the switch
  --server WHICH        own (default), or stock: QEMU's contrib/ivshmem-server, windows by copy then

  --qemu WHICH          7.2 (default), 10.0, 11.1 (Debian's, fetched as needed) or the path of a qemu-system-x86_64
  --qemu-args ARGS      more arguments for every guest's QEMU, split as a shell does; @SWITCH@, @PORT@ (the switch's),
                        @SSH@ (the forwarded port), @SOCKETS@ and @RUN@ (directories) are replaced
  --vmN-args ARGS       the same for guest N only
  --vmN-args-override ARGS   instead of all arguments of guest N
  --accel tcg|kvm       default tcg; kvm where the machine can
  --mem SIZE            RAM of each guest (default 512M)
  --ram-path DIR        guest RAM as files in DIR that can be read while guests run

  --kernel FILE --modules DIR   another kernel with its modules (DIR holds lib/modules/RELEASE or is that directory)
  --initrd FILE         another initial RAM disk, used as it is; no --run but shell then
  --ktree DIR           a built kernel tree: its image and its NTB modules
  --append TEXT         more kernel command line

  --run-id ID           name of the run (default: a free one), for console, ssh and its files in the cache
TEXT
}

# Chips and their NT-capable ports (reference section 1).
chip_ports() {
    case $1 in
    89HPES24NT6AG2) echo 0 2 4 6 8 12 ;;
    89HPES32NT8AG2 | 89HPES32NT8BG2 | 89HPES24NT24G2 | 89HPES32NT24AG2 | 89HPES32NT24BG2) echo 0 2 4 6 8 12 16 20 ;;
    89HPES12NT12G2) echo 0 8 16 ;;
    89HPES16NT16G2) echo 0 8 12 16 ;;
    *) return 1 ;;
    esac
}

vms_defaults() {
    GUEST_COUNT=2 RUN_WHAT="" EXEC_SCRIPT="" CLIENT="" CLIENT_GIVEN="" SECONDS_SHOWN=3 TIMEOUT="" LOG_DIR="" MOUNT=""
    CHIP="" PORTS="" BARS="" DEVICE_ARGS="" FRONTEND=qemu TRANSPORT="" SERVER=own QEMU_WANTED="" QEMU_ARGS="" ACCEL=tcg MEM=512M RAM_PATH=""
    OWN_KERNEL="" OWN_MODULES="" OWN_INITRD="" KTREE="" APPEND="" WANTED_ID="" BOOT_TIMEOUT=180
    local n
    for n in 1 2 3 4 5 6 7 8; do
        printf -v "VM${n}_ARGS" ''
        printf -v "VM${n}_OVERRIDE" ''
    done
}

vms_parse() {
    local option value
    vms_defaults
    while [ $# -gt 0 ]; do
        option=$1
        shift
        case $option in
        -h | --help)
            vms_help
            exit 0
            ;;
        --*=*)
            value=${option#*=}
            option=${option%%=*}
            ;;
        --*)
            [ $# -gt 0 ] || usage_fail "$option wants a value; see ./idtntb vms --help"
            value=$1
            shift
            ;;
        *) usage_fail "vms takes no argument '$option'; see ./idtntb vms --help" ;;
        esac
        vms_option "$option" "$value"
    done
    vms_check
}

vms_option() {
    local option=$1 value=$2
    case $option in
    --vms) GUEST_COUNT=$value ;;
    --run) RUN_WHAT=$value ;;
    --exec) EXEC_SCRIPT=$value ;;
    --client) CLIENT=${value/#none/} CLIENT_GIVEN=1 ;;
    --seconds) SECONDS_SHOWN=$value ;;
    --timeout) TIMEOUT=$value ;;
    --log-dir) LOG_DIR=$value ;;
    --mount) MOUNT=$value ;;
    --chip) CHIP=$value ;;
    --ports) PORTS=$value ;;
    --bars) BARS=$value ;;
    --device-args) DEVICE_ARGS=$value ;;
    --frontend) FRONTEND=$value ;;
    --transport) TRANSPORT=$value ;;
    --server) SERVER=$value ;;
    --qemu) QEMU_WANTED=$value ;;
    --qemu-args) QEMU_ARGS=$value ;;
    --vm[1-8]-args)
        printf -v "VM${option//[!0-9]/}_ARGS" '%s' "$value"
        ;;
    --vm[1-8]-args-override)
        [ -n "$value" ] || usage_fail "$option: arguments expected, it is empty"
        printf -v "VM${option//[!0-9]/}_OVERRIDE" '%s' "$value"
        ;;
    --accel) ACCEL=$value ;;
    --mem) MEM=$value ;;
    --ram-path) RAM_PATH=$value ;;
    --kernel) OWN_KERNEL=$value ;;
    --modules) OWN_MODULES=$value ;;
    --initrd) OWN_INITRD=$value ;;
    --ktree) KTREE=$value ;;
    --append) APPEND=$value ;;
    --run-id) WANTED_ID=$value ;;
    *) usage_fail "vms has no option '$option'; see ./idtntb vms --help" ;;
    esac
}

# whole OPTION VALUE MIN MAX
whole() {
    [[ $2 =~ ^(0|[1-9][0-9]{0,6})$ ]] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] ||
        usage_fail "$1 '$2': a whole number from $3 to $4 expected"
}

readable() { [ -f "$2" ] && [ -r "$2" ] || usage_fail "$1 '$2': no such file that can be read"; }
directory() { [ -d "$2" ] && [ -r "$2" ] || usage_fail "$1 '$2': no such directory"; }

vms_check() {
    local ports n
    whole --vms "$GUEST_COUNT" 1 8
    whole --seconds "$SECONDS_SHOWN" 1 86400
    [ -n "$TIMEOUT" ] || TIMEOUT=$((600 + SECONDS_SHOWN))
    whole --timeout "$TIMEOUT" 1 1000000
    case $RUN_WHAT in
    '') ;;
    shell) [ -z "$EXEC_SCRIPT" ] || usage_fail "--exec and --run shell: one of them; --exec ends with the script's status" ;;
    pingpong | tool | selftest | perf)
        [ "$GUEST_COUNT" -ge 2 ] || usage_fail "--vms 1: --run $RUN_WHAT needs two guests at least"
        [ -z "$EXEC_SCRIPT" ] || usage_fail "--exec and --run $RUN_WHAT: one of them; --exec ends with the script's status"
        [ -z "$OWN_INITRD" ] || usage_fail "--initrd: --run $RUN_WHAT needs the initial RAM disk made here; without --initrd, or --run shell"
        ;;
    *) usage_fail "--run '$RUN_WHAT': pingpong, tool, selftest, perf or shell expected" ;;
    esac
    if [ -n "$CHIP" ]; then
        ports=$(chip_ports "$CHIP") ||
            usage_fail "--chip '$CHIP': not a chip of the family; 89HPES24NT6AG2, 89HPES32NT8AG2, 89HPES32NT8BG2, 89HPES12NT12G2, 89HPES16NT16G2, 89HPES24NT24G2, 89HPES32NT24AG2 or 89HPES32NT24BG2 expected"
        n=$(wc -w <<<"$ports")
        [ "$GUEST_COUNT" -le "$n" ] || usage_fail "--vms $GUEST_COUNT: $CHIP has $n NT-capable ports ($ports); $n guests at most, or another --chip"
    fi
    case $ACCEL in
    tcg) ;;
    kvm) [ -w /dev/kvm ] || usage_fail "--accel kvm: /dev/kvm cannot be opened here; tcg works everywhere" ;;
    *) usage_fail "--accel '$ACCEL': tcg or kvm expected" ;;
    esac
    [[ $MEM =~ ^[1-9][0-9]{0,5}[MG]$ ]] || usage_fail "--mem '$MEM': a size such as 512M or 6G expected"
    case $SERVER in own | stock) ;; *) usage_fail "--server '$SERVER': own or stock expected" ;; esac
    case $FRONTEND in
    qemu | mixed) ;;
    vfio-user | qemu-server)
        [ "$RUN_WHAT" != perf ] || usage_fail "--run perf: its counters are of the device idt-ntb; with --frontend qemu or mixed"
        [ -z "$QEMU_WANTED" ] || usage_fail "--qemu: with --frontend $FRONTEND it is Debian's $VFIO_USER_QEMU; without --qemu"
        [ -z "$DEVICE_ARGS" ] || [ "$FRONTEND" = qemu-server ] || usage_fail "--device-args: for idt-ntb devices, and --frontend vfio-user has none; without one of them"
        ;;
    *) usage_fail "--frontend '$FRONTEND': qemu, vfio-user, mixed or qemu-server expected" ;;
    esac
    vms_check_transport
    mount_check
    [ "$FRONTEND" = qemu ] || [ "$SERVER" = own ] || usage_fail "--server stock: with --frontend qemu only"
    [[ $CLIENT =~ ^[a-z0-9_,]*$ ]] || usage_fail "--client '$CLIENT': module names separated by commas expected, such as ntb_tool"
    vms_check_words
    vms_check_files
    [[ $WANTED_ID =~ ^[A-Za-z0-9._-]{0,40}$ ]] || usage_fail "--run-id '$WANTED_ID': letters, digits, '.', '_' and '-' expected, 40 at most"
}

# Arguments for QEMU are split as a shell does; quotes must have an end.
vms_check_words() {
    local name
    for name in QEMU_ARGS VM{1..8}_ARGS VM{1..8}_OVERRIDE; do
        words "${!name}" >/dev/null 2>&1 || usage_fail "arguments for QEMU '${!name}': a quote has no end; quoted as in a shell expected"
    done
}

vms_check_transport() {
    if [ -n "$TRANSPORT" ]; then
        [[ " ${TRANSPORTS[*]} " = *" $TRANSPORT "* ]] || usage_fail "--transport '$TRANSPORT': one of ${TRANSPORTS[*]} expected"
        [ "$SERVER" = own ] || [ "$TRANSPORT" = ivshmem ] || usage_fail "--server stock: an ivshmem server; with --transport ivshmem only"
    elif [ "$FRONTEND" = vfio-user ]; then
        TRANSPORT=local
    else
        TRANSPORT=ivshmem
    fi
}

vms_check_files() {
    if [ -n "$RAM_PATH" ]; then
        directory --ram-path "$RAM_PATH"
        [ -w "$RAM_PATH" ] || usage_fail "--ram-path '$RAM_PATH': not writable"
        RAM_PATH=$(readlink -f "$RAM_PATH")
    fi
    [ -z "$EXEC_SCRIPT" ] || readable --exec "$EXEC_SCRIPT"
    [ -z "$OWN_KERNEL" ] || readable --kernel "$OWN_KERNEL"
    [ -z "$OWN_INITRD" ] || readable --initrd "$OWN_INITRD"
    [ -z "$OWN_MODULES" ] || directory --modules "$OWN_MODULES"
    [ -z "$KTREE" ] || directory --ktree "$KTREE"
    [ -z "$KTREE" ] || [ -z "$OWN_KERNEL$OWN_MODULES" ] || usage_fail "--ktree: it has its own image and modules; without --kernel and --modules"
    [ -z "$OWN_KERNEL" ] || [ -n "$OWN_MODULES$OWN_INITRD" ] ||
        usage_fail "--kernel '$OWN_KERNEL': its modules are wanted too; --modules DIR, or --initrd FILE that has them"
    [ -z "$OWN_MODULES" ] || [ -n "$OWN_KERNEL" ] || usage_fail "--modules '$OWN_MODULES': the kernel image is wanted too; --kernel FILE"
    [ -z "$OWN_INITRD" ] || [ -z "$OWN_MODULES" ] || usage_fail "--initrd: it is used as it is; without --modules"
    if [ -n "$LOG_DIR" ]; then
        mkdir -p "$LOG_DIR" 2>/dev/null && [ -w "$LOG_DIR" ] || usage_fail "--log-dir '$LOG_DIR': cannot be made or written"
        LOG_DIR=$(readlink -f "$LOG_DIR")
    fi
}
