# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A QEMU built with the device in its own tree, no plugin: $CACHE/qemu-tree/10.2/binary. Three minutes the first time,
# then only what changed. It can be a vfio-user server too, which no binary of Debian's can. Sourced after qemu-sdk.sh
# and build.sh.

QEMU_TREE_PACKAGES=("${QEMU_BUILD_PACKAGES[@]}" "${BUILD_PACKAGES[@]}" libslirp-dev libjson-c-dev)
QEMU_TREE_OPTIONS=(--target-list=x86_64-softmmu --without-default-features --disable-docs --disable-werror --enable-tcg
    --enable-kvm --enable-fdt=system --enable-pixman --enable-slirp --enable-plugins --disable-install-blobs
    --enable-multiprocess --enable-vfio-user-server)

qemu_tree_dir() { echo "$IDTNTB_CACHE/qemu-tree/10.2"; }
qemu_tree_binary() { echo "$(qemu_tree_dir)/binary"; }

# qemu_tree: the source, as of upstream's release.
qemu_tree() {
    need_packages "${QEMU_TREE_PACKAGES[@]}"
    cached "$(qemu_tree_dir)" "$(declare -f qemu_tree_make qemu_without_firmware | sha256sum | cut -c1-12)" qemu_tree_make
}

qemu_tree_make() {
    say "QEMU 10.2: source tree"
    # By content: the suites move on, the tarball stays the same.
    unpack_upstream "$1" q/qemu/qemu_10.2.2%2bds.orig.tar.xz \
        be05230fe47a6937cd29f28f562932c8125f9c93c2a82c625198f7a4aa601dfb ||
        fail "the archive does not give the source of QEMU 10.2.2; try again later"
    qemu_without_firmware "$1/src"
}

# qemu_with_device: build it with the device as it is now.
qemu_with_device() {
    qemu_tree
    (
        exec 9>"$(qemu_tree_dir).build.lock"
        flock 9
        qemu_tree_build 9>&-
    ) || exit 1
}

qemu_tree_build() {
    local dir log="$IDTNTB_CACHE/logs/qemu-tree.log" key pkgconfig
    dir=$(qemu_tree_dir)
    key=$(cd "$IDTNTB_ROOT" && find CMakeLists.txt libidtntb transports frontends/qemu scripts/qemu-tree.sh -type f -print0 |
        sort -z | xargs -0 sha256sum | sha256sum | cut -c1-12)
    [ "$(cat "$dir/.built" 2>/dev/null)" = "$key" ] && return 0
    say "building QEMU 10.2 with the device in its tree"
    quiet "$log" cmake --preset release -S "$IDTNTB_ROOT" -B "$(build_dir tree)" -DBUILD_TESTING=OFF -DIDTNTB_QEMU_SDK= \
        -DCMAKE_INSTALL_PREFIX="$dir/prefix"
    quiet "$log" nice ninja -C "$(build_dir tree)" -j2 install
    pkgconfig=$(dirname "$(find "$dir/prefix" -name idtntb-transport.pc | head -n 1)")
    quiet "$log" "$IDTNTB_ROOT/frontends/qemu/tree/add-to-qemu" "$dir/src"
    mkdir -p "$dir/build"
    (
        cd "$dir/build"
        qemu_build_environment 10.2
        export PKG_CONFIG_PATH="$pkgconfig"
        if [ "$(cat .options 2>/dev/null)" != "${QEMU_TREE_OPTIONS[*]}" ]; then
            quiet "$log" nice ../src/configure "${QEMU_TREE_OPTIONS[@]}"
            printf '%s\n' "${QEMU_TREE_OPTIONS[*]}" >.options
        fi
        # The library is linked by name; ninja would not see that it changed.
        rm -f qemu-system-x86_64
        quiet "$log" nice ninja -j2 qemu-system-x86_64
    ) || exit 1
    cat >"$dir/binary" <<'WRAPPER'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/build/qemu-system-x86_64" -L /usr/share/seabios -L /usr/share/qemu "$@"
WRAPPER
    chmod 755 "$dir/binary"
    printf '%s\n' "$key" >"$dir/.built"
}
