# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# libvfio-user, which no Debian package ships as a library: built statically from the copy inside Debian's QEMU source,
# as $CACHE/libvfio-user/ with include/ and lib/. Its content is pinned, wherever it comes from. Sourced after lib.sh
# and apt.sh.

# The copy in QEMU 11.1: the upstream tarball of the pool, and what the files used of it sum up to.
LIBVFIO_USER_POOL_FILE=q/qemu/qemu_11.1.1%2bds.orig.tar.xz
LIBVFIO_USER_POOL_SUM=0b1376e75dbe3e2fea4e408f8669f88a723f419f36a5b7d74cc6a4cfe07e4f5e
LIBVFIO_USER_TREE_SUM=6b6377c2d22d743579dbb9ab292512e8cf520d23ede9ddd23ee6ac3b7b0d65bc

libvfio_user_dir() { echo "$IDTNTB_CACHE/libvfio-user"; }

# libvfio_user_prefix: the same, or nothing while it is not there.
libvfio_user_prefix() { [ ! -f "$(libvfio_user_dir)/.key" ] || libvfio_user_dir; }

# libvfio_user: make it, unless the cache has what this recipe makes. Its place is the value of the CMake option
# IDTNTB_LIBVFIO_USER.
libvfio_user() {
    cached "$(libvfio_user_dir)" "$(recipe_key "$IDTNTB_ROOT/scripts/libvfio-user.sh")" libvfio_user_make
}

# One number for the files of the library in a folder, their names included.
libvfio_user_tree_sum() {
    (cd "$1" && find include lib meson.build meson_options.txt -type f -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# libvfio_user_unpack DEST: QEMU's source with the pinned copy in it. The pool keeps an upstream tarball only while one
# of its suites has that version: a newer source package of the series serves if its copy is the same.
libvfio_user_unpack() {
    local dest=$1 state
    local copy="$dest/src/subprojects/libvfio-user"
    if unpack_upstream "$dest" "$LIBVFIO_USER_POOL_FILE" "$LIBVFIO_USER_POOL_SUM" &&
        [ "$(libvfio_user_tree_sum "$copy")" = "$LIBVFIO_USER_TREE_SUM" ]; then
        return 0
    fi
    for state in trixie-backports forky; do
        rm -rf "$dest"
        unpack_source "$state" "$dest" qemu || continue
        [ -d "$copy" ] && [ "$(libvfio_user_tree_sum "$copy")" = "$LIBVFIO_USER_TREE_SUM" ] && return 0
    done
    fail "no QEMU source of the archive has the libvfio-user that is pinned in scripts/libvfio-user.sh; pin the one of the current version after reading what has changed"
}

libvfio_user_make() {
    local dir=$1 log="$IDTNTB_CACHE/logs/libvfio-user.log"
    local copy="$dir/source/src/subprojects/libvfio-user"
    need_packages build-essential pkg-config ninja-build meson libjson-c-dev libcmocka-dev
    say "libvfio-user: source inside QEMU's, static library"
    libvfio_user_unpack "$dir/source"
    # Assertions stay in: they are the library's own last line. Debian's Python, whatever else is in PATH.
    (
        export PATH=/usr/bin:/bin
        quiet "$log" nice meson setup --buildtype=release -Ddefault_library=static -Ddebug-logs=disabled \
            -Db_ndebug=false "$copy/build" "$copy"
        quiet "$log" nice ninja -C "$copy/build" -j2 lib/libvfio-user.a
    ) || exit 1
    mkdir -p "$dir/include" "$dir/lib"
    cp -r "$copy/include/." "$dir/include/"
    # The archive that meson makes refers to object files by path.
    (cd "$copy/build/lib" && ar -M <<'SCRIPT'
create whole.a
addlib libvfio-user.a
save
end
SCRIPT
    ) || exit 1
    cp "$copy/build/lib/whole.a" "$dir/lib/libvfio-user.a"
    rm -rf "$dir/source"
}
