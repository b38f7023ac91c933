# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034 # the parts read each other's variables
# How the guests of a run reach their switch: one function each, which starts what it needs and sets
#   SWITCH     the name that devices and servers are given
#   NTB_PORTS  the switch's ports of guests 1, 2, ...
#   MAKES      options for a program that may be the first on the switch, and so makes it
# Sourced after options.sh, processes.sh and vfio-user.sh.

# What --transport can be; '-' is '_' in the function's name.
TRANSPORTS=(ivshmem shm uring-unix uring-tcp)

# transport_start: the one that was chosen.
transport_start() {
    MAKES=()
    "transport_${TRANSPORT//-/_}"
    # For who takes up the run from another process.
    printf 'SWITCH=%q\n' "$SWITCH" >>"$RUN/env"
}

# ports_wanted: the list of the switch's ports, as options and number of guests say.
ports_wanted() {
    local chip=${CHIP:-$([ "$GUEST_COUNT" -le 6 ] && echo 89HPES24NT6AG2 || echo 89HPES32NT8AG2)}
    # With one guest too there are two ports, or there would be no peer to wait for.
    echo "${PORTS:-$(chip_ports "$chip" | cut -d' ' -f "1-$((GUEST_COUNT < 2 ? 2 : GUEST_COUNT))" | tr ' ' ,)}"
}

# ports_take LIST: guests get them in order.
ports_take() {
    mapfile -t NTB_PORTS < <(tr , '\n' <<<"$1" | cut -d= -f1)
    [ "${#NTB_PORTS[@]}" -ge "$GUEST_COUNT" ] ||
        fail "--ports '$PORTS': ${#NTB_PORTS[@]} ports for $GUEST_COUNT guests; as many as --vms expected"
}

# whoever_comes_first: there is nobody who makes the switch but devices and servers, each of which is told how.
whoever_comes_first() {
    local list
    list=$(ports_wanted)
    ports_take "$list"
    MAKES=(--ports "$list" ${CHIP:+--chip "$CHIP"} ${BARS:+--bars "$BARS"})
    DEVICE_ARGS="ports=${list//,/,,}${CHIP:+,chip=$CHIP}${BARS:+,bars=${BARS//,/,,}}${DEVICE_ARGS:+,$DEVICE_ARGS}"
}

# One process is the switch and serves all guests.
transport_local() {
    local list
    list=$(ports_wanted)
    ports_take "$list"
    SWITCH=local:ntb
    MAKES=(--ports "$list" ${CHIP:+--chip "$CHIP"} ${BARS:+--bars "$BARS"})
}

# The switch in an ivshmem server's memory.
transport_ivshmem() {
    local cmd
    SWITCH=ivshmem:$SOCKETS/switch SERVER_KIND=$SERVER
    echo "SERVER_KIND=$SERVER" >>"$RUN/env"
    if [ "$SERVER" = stock ]; then
        # It knows nothing of the switch.
        whoever_comes_first
        cmd=("$(stock_server_binary)" -v -F -n 2 -M "idtntb-$RUN_ID-memory" -S "$SOCKETS/switch")
        echo "/dev/shm/idtntb-$RUN_ID-memory" >>"$RUN/files"
    else
        cmd=("$(server_binary)" --socket "$SOCKETS/switch" --ports "${PORTS:-$((GUEST_COUNT < 2 ? 2 : GUEST_COUNT))}"
            ${CHIP:+--chip "$CHIP"} ${BARS:+--bars "$BARS"} -v)
    fi
    printf '%s\0' "${cmd[@]}" >"$RUN/server.cmd"
    server_up
    [ "$SERVER" = stock ] || ports_take "$(sed -n 's/.*, ports \([0-9=,]*\).*/\1/p' "$RUN/server.err" | head -n 1)"
}

# The switch in a plain file; nobody serves it.
transport_shm() {
    SWITCH=shm:$SOCKETS/switch.shm
    whoever_comes_first
}

# The switch in a daemon, behind a Unix socket or a TCP port of this machine.
transport_uring_unix() {
    daemon_start "unix:$SOCKETS/switch"
    SWITCH=uring:unix:$SOCKETS/switch
}

transport_uring_tcp() {
    daemon_start tcp:0
    SWITCH=uring:$(sed -n 's/.*listening on \(tcp:[^ ]*\): .*/\1/p' "$RUN/server.err" | head -n 1)
}

# daemon_start WHERE: as process 'server' of the run.
daemon_start() {
    SERVER_KIND=daemon
    echo "SERVER_KIND=$SERVER_KIND" >>"$RUN/env"
    printf '%s\0' "$(daemon_binary)" --listen "$1" --ports "${PORTS:-$((GUEST_COUNT < 2 ? 2 : GUEST_COUNT))}" \
        ${CHIP:+--chip "$CHIP"} ${BARS:+--bars "$BARS"} -v >"$RUN/server.cmd"
    server_up
    ports_take "$(sed -n 's/.*, ports \([0-9=,]*\).*/\1/p' "$RUN/server.err" | head -n 1)"
}
