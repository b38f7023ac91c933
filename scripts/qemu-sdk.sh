# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What is needed to compile a device against one of Debian's stock QEMU binaries, and to start that
# binary: $CACHE/qemu-sdk/<7.2|10.0|11.1>/ with include/, cflags, version, binary.
# 7.2 is this machine's own package; the others are unpacked beside the system and started through their
# own dynamic linker. Sourced after lib.sh and apt.sh.

# The Python and tools that QEMU's configure wants; Debian's own Python, whatever else is in PATH. What it does not find
# of pip, setuptools and wheel it would fetch from elsewhere.
QEMU_BUILD_PACKAGES=(build-essential dpkg-dev pkg-config ninja-build meson python3 python3-venv python3-pip
    python3-setuptools python3-wheel libglib2.0-dev libpixman-1-dev libfdt-dev)

qemu_sdk_dir() { echo "$IDTNTB_CACHE/qemu-sdk/$1"; }

# qemu_sdk VERSION: make it, or remake it when the recipe or the installed binary changed.
qemu_sdk() {
    local version=$1 key
    key=$(recipe_key "$IDTNTB_ROOT/scripts/qemu-sdk.sh")
    case $version in
    7.2)
        need_packages qemu-system-x86
        key+=" $(dpkg-query -W -f '${Version}' qemu-system-x86)"
        ;;
    10.0 | 11.1) ;;
    *) fail "no SDK recipe for QEMU '$version': there are 7.2, 10.0 and 11.1" ;;
    esac
    cached "$(qemu_sdk_dir "$version")" "$key" qemu_sdk_make "$version"
}

qemu_sdk_make() {
    local dir=$1 version=$2
    need_packages "${QEMU_BUILD_PACKAGES[@]}"
    say "QEMU $version: binary, matching source, headers"
    case $version in
    7.2) qemu_sdk_installed "$dir" ;;
    10.0) qemu_sdk_beside "$dir" trixie trixie ;;
    11.1) qemu_sdk_beside "$dir" trixie-backports trixie-backports ;;
    esac
    qemu_sdk_headers "$dir" "$version"
    rm -rf "$dir/source"
}

# Debian 12's own package.
qemu_sdk_installed() {
    local dir=$1 source
    dpkg-query -W -f '${Version}\n' qemu-system-x86 >"$dir/version"
    source=$(dpkg-query -W -f '${source:Version}' qemu-system-x86)
    printf '#!/bin/sh\nexec /usr/bin/qemu-system-x86_64 "$@"\n' >"$dir/binary"
    chmod 755 "$dir/binary"
    unpack_source bookworm "$dir/source" "qemu=$source" ||
        fail "the archive has no source of the installed qemu-system-x86 ($source); upgrade that package to Debian 12's current version"
}

# A newer Debian's package with all its libraries, never installed here.
qemu_sdk_beside() {
    local dir=$1 state=$2 suite=$3 source version
    unpack_closure "$state" "$dir/root" -t "$suite" qemu-system-x86
    version=$(awk '$1 == "qemu-system-x86" { print $2 }' "$dir/root/.packages")
    printf '%s\n' "$version" >"$dir/version"
    source=${version%+b[0-9]*}
    cat >"$dir/binary" <<'WRAPPER'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/root
lib=$root/usr/lib/x86_64-linux-gnu
export QEMU_MODULE_DIR="$lib/qemu"
exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" --argv0 qemu-system-x86_64 \
    "$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
WRAPPER
    chmod 755 "$dir/binary"
    # Programs and data that a headless guest never needs.
    rm -rf "$dir/root/usr/share/doc" "$dir/root/usr/share/locale" "$dir/root/usr/share/man" "$dir/root/var"
    unpack_source "$state" "$dir/source" "qemu=$source" && return 0
    qemu_series_source "$dir/source" "$version" ||
        fail "the archive has the QEMU binary $version but neither its source nor another one of the series; try again in a day"
}

# The archive's source and binary indexes are not always in step. The public structures do not change within
# a stable series, so another point release of the same series serves for the headers.
qemu_series_source() {
    local dest=$1
    rm -rf "$dest"
    case $2 in
    *:11.1.*)
        say "no source for $2 to be had; headers of 11.1.1, same series"
        unpack_upstream "$dest" q/qemu/qemu_11.1.1%2bds.orig.tar.xz \
            0b1376e75dbe3e2fea4e408f8669f88a723f419f36a5b7d74cc6a4cfe07e4f5e
        ;;
    *) return 1 ;;
    esac
}

# configure as little as gives the headers, and make only the generated ones.
qemu_sdk_headers() {
    local dir=$1 version=$2 build=$1/source/build log="$IDTNTB_CACHE/logs/qemu-sdk-$2.log"
    mkdir -p "$build"
    qemu_without_firmware "$dir/source/src"
    (
        cd "$build"
        qemu_build_environment "$version"
        quiet "$log" nice ../src/configure --target-list=x86_64-softmmu --without-default-features \
            --disable-docs --disable-werror --enable-fdt=system --enable-tcg --enable-kvm --enable-plugins --enable-modules --disable-install-blobs
        ninja -t targets all | sed -n 's/^\([^ ]*\.h\): .*/\1/p' | grep -v '^/' >headers.list
        quiet "$log" xargs -a headers.list nice ninja -j2
    ) || exit 1
    cp -r "$dir/source/src/include" "$dir/include"
    cp -r "$dir/source/src/linux-headers" "$dir/include/linux-headers"
    mkdir -p "$dir/include/generated"
    (cd "$build" && find . -name '*.h' -not -path './pyvenv/*' -exec cp --parents -t "$dir/include/generated" {} +)
    printf '%s %s\n' "-I@SDK@/include/generated -I@SDK@/include/generated/qapi -I@SDK@/include" \
        "-isystem @SDK@/include/linux-headers $(pkg-config --cflags glib-2.0)" >"$dir/cflags"
}

# The source has no firmware images in it, and nothing here wants them.
qemu_without_firmware() {
    sed -i "s/^ *subdir('pc-bios')$/roms = []\nkeymap_targets = []/" "$1/meson.build"
}

# qemu_build_environment VERSION: the PATH and Python modules for QEMU's configure: Debian's Python whatever
# else is in PATH, and for a newer QEMU than Debian 12's a newer meson, unpacked beside the system.
qemu_build_environment() {
    export PATH=/usr/bin:/bin PYTHONNOUSERSITE=1
    unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
    [ "$1" = 7.2 ] && return 0
    cached "$IDTNTB_CACHE/qemu-python" 2 qemu_python
    PYTHONPATH=$IDTNTB_CACHE/qemu-python/usr/lib/python3/dist-packages
    export PYTHONPATH
}

qemu_python() {
    unpack_packages bookworm-backports "$1" -t bookworm-backports meson
    unpack_packages forky "$1" python3-qemu-qmp python3-pycotap
}
