# SPDX-License-Identifier: BSD-3-Clause
# The guests' processes on two networks of their own, the daemon on a third: one cut off and brought back during traffic.
# order: 16
# limit: 600
if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null || ! ip netns add "e2e-$$-probe" 2>/dev/null; then
    skip "network namespaces want root and iproute2"
fi
ip netns del "e2e-$$-probe"

# shellcheck disable=SC2154 # all of them are set by what lib/one.sh sources
# net N CMD...: in the network of guest N. It has an address of its own, 10.213.N.2, and reaches the daemon's at 10.213.N.1.
net() {
    local n=$1
    shift
    ip netns exec "e2e-$$-$n" "$@"
}
clean_up() {
    local n
    for n in 1 2; do ip netns del "e2e-$$-$n" 2>/dev/null; done
}
# ssh goes through the network of the guest's process.
eval "plain_$(declare -f guest_ssh_options)"
guest_ssh_options() {
    [ ! -f "moved$1" ] || printf '%s\n' -o "ProxyCommand=ip netns exec e2e-$$-$1 socat - TCP:127.0.0.1:%p"
    plain_guest_ssh_options "$1"
}
for n in 1 2; do
    ip netns add "e2e-$$-$n"
    ip link add "e2e$n-$$" type veth peer name eth0 netns "e2e-$$-$n"
    ip addr add "10.213.$n.1/24" dev "e2e$n-$$"
    ip link set "e2e$n-$$" up
    net "$n" ip addr add "10.213.$n.2/24" dev eth0
    net "$n" ip link set eth0 up
    net "$n" ip link set lo up
done

vms_start --transport uring-tcp
step "the daemon moves to all addresses, and each guest to a network of its own"
server_kill
PORT=$(sed -n 's/.*listening on tcp:127.0.0.1:\([0-9]*\):.*/\1/p' "$RUN/server.err" | head -n 1)
sed -i "s/tcp:0\x00/tcp:0.0.0.0:$PORT\x00--insecure-network\x00/" "$RUN/server.cmd"
server_back
for n in 1 2; do
    vm_kill "$n"
    sed -i "s/uring:tcp:127.0.0.1:$PORT/uring:tcp:10.213.$n.1:$PORT/" "$RUN/vm$n.cmd"
    { printf '%s\0' ip netns exec "e2e-$$-$n" && cat "$RUN/vm$n.cmd"; } >vm.cmd
    mv vm.cmd "$RUN/vm$n.cmd"
    touch "moved$n"
    vm_up "$n"
done
client ntb_tool 1 2
links_up 1 2
is "addresses of the daemon's clients" "$(ss -Htn "sport = :$PORT" | awk '{ sub(/:[0-9]*$/, "", $5); sub(/.*ffff:/, "", $5); sub(/]/, "", $5); print $5 }' | sort | tr '\n' ' ')" \
    "10.213.1.2 10.213.2.2 "
check_doorbells 1 2
check_messages 2 1
check_window 1 2 0 65536

step "ping-pong, and the network of guest 2 cut off in the midst of it"
client ntb_pingpong 1 2
counts_rise 30 1 2
ip link set "e2e2-$$" down
client ntb_tool 1
g 1 'put link Y'
eventually 15 "link seen by guest 1" N g 1 'get peer0/link'
step "guest 2 goes on by itself: no peer, and no access that hangs"
client ntb_tool 2
eventually 15 "link seen by guest 2" N g 2 'get peer0/link'
same "guest 2, own port" "$(g 2 'get port')" 2
step "the network is back"
ip link set "e2e2-$$" up
g 2 'put link Y'
eventually 30 "link seen by guest 1" Y g 1 'get peer0/link'
eventually 30 "link seen by guest 2" Y g 2 'get peer0/link'
check_doorbells 1 2
check_messages 2 1
check_window 2 1 0 65536
client ntb_pingpong 1 2
counts_rise 30 1 2
kernel_logs_clean 1 2
