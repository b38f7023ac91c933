# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A QEMU source tree for building the device inside QEMU: $CACHE/qemu-tree/10.2/src. Sourced after qemu-sdk.sh.

# qemu_tree: makes sure it is there; prints its version.
qemu_tree() {
    cached "$IDTNTB_CACHE/qemu-tree/10.2" "$(recipe_key "$IDTNTB_ROOT/scripts/qemu-tree.sh")" qemu_tree_make
    echo 10.2
}

qemu_tree_make() {
    say "QEMU 10.2: source tree"
    need_packages "${QEMU_BUILD_PACKAGES[@]}"
    # By content: the suites move on, the tarball stays the same.
    unpack_upstream "$1" q/qemu/qemu_10.2.2%2bds.orig.tar.xz \
        be05230fe47a6937cd29f28f562932c8125f9c93c2a82c625198f7a4aa601dfb ||
        fail "the archive does not give the source of QEMU 10.2.2; try again later"
    qemu_without_firmware "$1/src"
}
