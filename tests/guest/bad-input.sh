# SPDX-License-Identifier: BSD-3-Clause
# Bad input ends at once with one line that names the value, the reason and what would be accepted, and leaves nothing.
# order: 10
# limit: 180

I="$ROOT/idtntb"
SERVER=$(server_binary)
qemu_sdk 7.2
build_project 7.2

# Everything started from here on carries a mark, and puts its sockets into a directory of ours; other runs of this
# machine are no business of this test.
export E2E_MARK=bad-input-$$ XDG_RUNTIME_DIR
XDG_RUNTIME_DIR=$(mktemp -d /tmp/e2e-XXXXXX)
HELPER_FILES+=" $XDG_RUNTIME_DIR"

# leftovers: marked processes (but this shell's), their sockets, runs without a starter.
leftovers() {
    local file
    ls "$XDG_RUNTIME_DIR"
    ls -d switch* 2>/dev/null || true
    for file in $(grep -lszx "E2E_MARK=$E2E_MARK" /proc/[0-9]*/environ 2>/dev/null); do
        file=${file%/environ}
        ! grep -qaE 'qemu-system|ivshmem-server' "$file/cmdline" 2>/dev/null || tr '\0' ' ' <"$file/cmdline"
    done
    for file in "$(run_root)"/*/owner; do
        [ ! -f "$file" ] || alive "$file" || echo "$file"
    done
}

# server_here ARG...: a server of this test at ./switch.
server_here() {
    "$SERVER" --socket "$PWD/switch" "$@" >server.log 2>&1 &
    SERVER_PID=$!
    HELPERS+=" $SERVER_PID"
    until grep -q listening server.log; do
        kill -0 "$SERVER_PID" 2>/dev/null || give_up "no server: $(cat server.log)"
        sleep 0.05
    done
}

server_gone() {
    kill "$SERVER_PID"
    wait "$SERVER_PID" || true
}

# qemu_with MACHINE DEVICE [ARG...]: sets QEMU, a command that would stay if its device came up.
qemu_with() {
    QEMU=("$(qemu_sdk_dir 7.2)/binary" -machine "$1" -m 64M -accel tcg -S -nodefaults -display none
        -plugin "$(plugin_file 7.2)" "${@:3}" -device "idt-ntb,$2")
}

# shellcheck disable=SC2054 # the commas belong to QEMU
SHARED=(-object memory-backend-memfd,id=ram,size=64M,share=on)

# device_refused WHAT PATTERN DEVICE
device_refused() {
    qemu_with q35,memory-backend=ram "$3" "${SHARED[@]}"
    refused "$1" "$2" "${QEMU[@]}"
}

step "the script"
refused "a chip that does not exist" '89HPES99.*89HPES24NT6AG2' "$I" vms --chip 89HPES99 --run pingpong
refused "too many guests" "'9'.*1 to 8" "$I" vms --vms 9
refused "no guests" "'0'.*1 to 8" "$I" vms --vms 0
refused "a number that is none" "'two'.*1 to 8" "$I" vms --vms two
refused "a number with a zero before it" "'08'.*1 to 8" "$I" vms --vms 08
refused "a script that would not run" "one of them" "$I" vms --run shell --exec /dev/null
refused "a quote without an end" "no end.*shell" "$I" vms --vm2-args "-name 'x" --run pingpong
refused "a name that is none" "'a/b'.*letters" "$I" vms --run-id a/b --run pingpong
refused "an unknown thing to run" "'dance'.*pingpong" "$I" vms --run dance
refused "an unknown option" "'--colour'" "$I" vms --colour red
refused "an option without its value" '--vms wants' "$I" vms --vms
refused "an unknown command" "'frobnicate'.*vms" "$I" frobnicate
refused "more hosts than ports" '89HPES12NT12G2 has 3' "$I" vms --chip 89HPES12NT12G2 --vms 4 --run pingpong
refused "a port that is not NT-capable" 'port 3 .*0, 2, 4' "$I" vms --ports 0,3 --run pingpong
refused "two ports in one partition" 'both in partition 1' "$I" vms --ports 0=1,2=1 --run pingpong
refused "BARs the driver would refuse" "lut99.*lut24" "$I" vms --bars lut99 --run pingpong
refused "a device property that does not exist" "colour" "$I" vms --device-args colour=red --run pingpong
refused "a frontend that does not exist" "'door'.*qemu, vfio-user" "$I" vms --frontend door --run pingpong
refused "a transport that does not exist" "'pigeon'.*ivshmem" "$I" vms --transport pigeon --run pingpong
refused "a server for a transport without one" "ivshmem server" "$I" vms --transport shm --server stock --run pingpong
refused "counters of a device that is not there" "frontend qemu or mixed" "$I" vms --frontend qemu-server --run perf
refused "another QEMU than the client's" "11.1; without --qemu" "$I" vms --frontend qemu-server --qemu 10.0 --run pingpong
refused "properties of no device" "frontend vfio-user has none" "$I" vms --frontend vfio-user --device-args msi=off --run tool
refused "a QEMU that is not there" "'/nonexistent'.*7.2" "$I" vms --qemu /nonexistent --run pingpong
refused "a QEMU that is none" "/bin/true.*7.2" "$I" vms --qemu /bin/true --run pingpong
refused "a kernel that is not there" "'/nonexistent'" "$I" vms --kernel /nonexistent --modules / --run pingpong
refused "a kernel tree that is not there" "'/nonexistent'" "$I" vms --ktree /nonexistent --run pingpong
refused "a kernel tree that was not built" "$PWD.*bzImage" "$I" vms --ktree "$PWD" --run pingpong
refused "modules of no kernel" "kernel image is wanted" "$I" vms --modules / --run pingpong
refused "a script that is not there" "'/nonexistent'" "$I" vms --exec /nonexistent
refused "an accelerator that does not exist" "'warp'.*tcg" "$I" vms --accel warp --run pingpong
refused "a size that is none" "'much'.*512M" "$I" vms --mem much --run pingpong
refused "a mount point with something in it" "'$PWD'.*not empty" "$I" vms --mount "$PWD"
refused "a mount point that is none" "/dev/null.*directory" "$I" vms --mount /dev/null
refused "a console of nothing" "no-such-run" "$I" console 1 --run no-such-run
kernel
cp -r "$(kernel_dir)/modules" modules
mv modules/lib/modules/* modules/lib/modules/0.0.0-other
refused "a kernel that does not match its modules" "$(cat "$(kernel_dir)/release").*0.0.0-other" \
    "$I" vms --kernel "$(kernel_dir)/vmlinux" --modules "$PWD/modules" --run pingpong
is "what is left behind" "$(leftovers)" ""

step "the server"
refused "a chip that does not exist" '89HPES99.*89HPES24NT6AG2' "$SERVER" --socket "$PWD/switch" --chip 89HPES99
refused "a port that is not NT-capable" 'port 3 .*0, 2, 4' "$SERVER" --socket "$PWD/switch" --ports 0,3
refused "two ports in one partition" 'both in partition 1' "$SERVER" --socket "$PWD/switch" --ports 0=1,2=1
refused "BARs the driver would refuse" 'BARSETUP0' "$SERVER" --socket "$PWD/switch" --bars 0,0,0,0,0,0
refused "too little memory" '4096.*need [0-9]+' "$SERVER" --socket "$PWD/switch" --size 4096
refused "no socket" '--socket' "$SERVER"
refused "an option that does not exist" '--colour' "$SERVER" --socket "$PWD/switch" --colour
refused "a directory that is not there" '/nonexistent' "$SERVER" --socket /nonexistent/switch
is "what is left behind" "$(leftovers)" ""

step "the device"
S=switch=ivshmem:$PWD/switch
device_refused "a server that is not there" "$PWD/switch" "$S,port=0"
server_here --ports 0,2
refused "a second server on the socket" "$PWD/switch" "$SERVER" --socket "$PWD/switch"
device_refused "a transport that does not exist" 'pigeon.*ivshmem' "switch=pigeon:x,port=0"
device_refused "no switch" 'switch' "port=0"
device_refused "no port" 'port' "$S"
device_refused "a port that is not NT-capable" '7.*0.*2' "$S,port=7"
device_refused "a chip that does not exist" '89HPES99.*89HPES24NT6AG2' "switch=local:x,port=0,chip=89HPES99"
device_refused "another chip than the switch has" '89HPES' "$S,port=0,chip=89HPES32NT8AG2"
qemu_with q35 "$S,port=0"
refused "RAM that is not shared" 'share=on' "${QEMU[@]}"
qemu_with pc "$S,port=0,windows=copy"
refused "a machine without ECAM" 'q35' "${QEMU[@]}"
qemu_with q35,memory-backend=ram "$S,port=2" "${SHARED[@]}"
"${QEMU[@]}" >holder.log 2>&1 &
HELPERS+=" $!"
holder=$!
eventually 20 "the holder of port 2 is up" 1 grep -c 'link of port 2 is up' holder.log
device_refused "a port that is taken" 'port 2 .*(taken|held|use)' "$S,port=2"
kill "$holder"
wait "$holder" || true
server_gone

step "memory that does not fit"
server_here --ports 0,2
# The shared memory is a file without a name, or one beside the socket: reached through the server either way.
perl -e 'my ($pid, $magic) = @ARGV;
    for my $fd (glob "/proc/$pid/fd/*") {
        my ($data, $length) = ("", -s $fd);
        next unless -f $fd && $length >= 65536;
        open my $file, "+<", $fd or next;
        binmode $file;
        sysread $file, $data, $length;
        # block.h: the magic number, then the layout version.
        my $at = index $data, pack "Q<", hex $magic;
        next if $at < 0;
        sysseek $file, $at + 8, 0;
        syswrite $file, pack "V", 4711;
        print "changed\n";
    }' "$SERVER_PID" "$(sed -n 's/.*BLOCK_MAGIC \(0x[0-9A-F]*\)ull.*/\1/p' "$ROOT/libidtntb/src/block.h")" 2>&1 | sort -u >changed
is "layout version in the shared memory" "$(cat changed)" changed
device_refused "a layout version that differs" 'layout version 4711' "$S,port=0"
server_gone
stock_server
"$(stock_server_binary)" -F -n 2 -l 64K -M "e2e-small-$$" -S "$PWD/switch" >stock.log 2>&1 &
HELPERS+=" $!"
small=$!
until [ -S switch ]; do sleep 0.05; done
device_refused "shared memory that is too small" '65536.*[0-9]{5,}' "$S,port=0"
kill -9 "$small"
wait "$small" || true
rm -f "/dev/shm/e2e-small-$$" switch*
is "what is left behind" "$(leftovers)" ""
