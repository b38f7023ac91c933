# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# QEMU's own contrib/ivshmem-server, from the source of Debian 12's package; no package has the program.
# Sourced after qemu-sdk.sh.

stock_server_binary() { echo "$IDTNTB_CACHE/ivshmem-server/ivshmem-server"; }

stock_server() {
    cached "$IDTNTB_CACHE/ivshmem-server" "$(recipe_key "$IDTNTB_ROOT/scripts/stock-server.sh")" stock_server_make
}

stock_server_make() {
    local dir=$1 log="$IDTNTB_CACHE/logs/ivshmem-server.log" build="$1/source/build"
    need_packages "${QEMU_BUILD_PACKAGES[@]}"
    say "building QEMU's ivshmem-server"
    unpack_source bookworm "$dir/source" qemu || fail "Debian 12's archive does not give the source of qemu"
    mkdir -p "$build"
    (
        cd "$build"
        qemu_build_environment 7.2
        quiet "$log" nice ../src/configure --target-list= --without-default-features --disable-docs \
            --disable-werror --disable-system --enable-tools --disable-install-blobs
        quiet "$log" nice ninja -j2 contrib/ivshmem-server/ivshmem-server
    ) || exit 1
    mv "$build/contrib/ivshmem-server/ivshmem-server" "$dir/"
    rm -rf "$dir/source"
}
