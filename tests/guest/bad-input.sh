# SPDX-License-Identifier: BSD-3-Clause
# Bad input ends at once with one line that names the value, the reason and what would be accepted, and leaves nothing.
# order: 10
# limit: 120
before=$(leftovers)

step "the script"
refused "a chip that does not exist" "89HPES99.*89HPES24NT6AG2" "$ROOT/idtntb" vms --chip 89HPES99 --run pingpong
refused "too many guests" "9.*(1-8|1 to 8)" "$ROOT/idtntb" vms --vms 9
refused "no guests" "0.*(1-8|1 to 8)" "$ROOT/idtntb" vms --vms 0
refused "a number that is none" "two" "$ROOT/idtntb" vms --vms two
refused "an unknown thing to run" "dance.*pingpong" "$ROOT/idtntb" vms --run dance
refused "an unknown option" "--colour" "$ROOT/idtntb" vms --colour red
refused "an unknown command" "frobnicate" "$ROOT/idtntb" frobnicate
refused "more hosts than ports" "89HPES12NT12G2.*3" "$ROOT/idtntb" vms --chip 89HPES12NT12G2 --vms 4 --run pingpong
refused "a QEMU that is not there" "/nonexistent" "$ROOT/idtntb" vms --qemu /nonexistent --run pingpong
refused "a kernel that is not there" "/nonexistent" "$ROOT/idtntb" vms --kernel /nonexistent --run pingpong
refused "a kernel tree that is not there" "/nonexistent" "$ROOT/idtntb" vms --ktree /nonexistent --run pingpong
refused "a script that is not there" "/nonexistent" "$ROOT/idtntb" vms --exec /nonexistent
refused "an accelerator that does not exist" "warp.*tcg" "$ROOT/idtntb" vms --accel warp --run pingpong
refused "a console of nothing" "7" "$ROOT/idtntb" console 7 --run no-such-run
mkdir -p modules/lib/modules/0.0.0-other
refused "a kernel that does not match its modules" "0.0.0-other" \
    "$ROOT/idtntb" vms --kernel "$(kernel_image)" --modules "$PWD/modules" --run pingpong

step "the server"
refused "a chip that does not exist" "89HPES99.*89HPES24NT6AG2" server --socket "$PWD/s" --chip 89HPES99
refused "a port that is not NT-capable" "3.*0, ?2, ?4" server --socket "$PWD/s" --ports 0,3
refused "two ports in one partition" "partition" server --socket "$PWD/s" --ports 0:1,2:1
refused "a BAR setup the driver would refuse" "bars|BAR" server --socket "$PWD/s" --bars nonsense
is "sockets of the server" "$(ls s* 2>/dev/null)" ""

step "the device"
server_here --ports 0,2
refused "a server that is not there" "/nonexistent.sock" device "switch=ivshmem:/nonexistent.sock,port=0"
refused "a transport that does not exist" "pigeon.*ivshmem" device "switch=pigeon:x,port=0"
refused "no switch" "switch" device "port=0"
refused "a port that is not NT-capable" "7.*0.*2" device "switch=$SWITCH,port=7"
refused "a chip that does not exist" "89HPES99.*89HPES24NT6AG2" device "switch=local:x,port=0,chip=89HPES99"
refused "RAM that is not shared" "share=on" device_unshared "switch=$SWITCH,port=0"
refused "a machine without ECAM" "q35" device_on pc "switch=$SWITCH,port=0"
device_holding "switch=$SWITCH,port=2"
refused "a port that is taken" "2.*taken|taken.*2|held|in use" device "switch=$SWITCH,port=2"
server_spoilt
refused "a layout version that differs" "version|layout" device "switch=$SWITCH,port=0"
server_small
refused "shared memory that is too small" "[0-9]{5,}|KiB|MiB" device "switch=$SWITCH,port=0"
end_here
is "what is left behind" "$(leftovers)" "$before"
