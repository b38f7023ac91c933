# SPDX-License-Identifier: BSD-3-Clause
# What is needed to compile a device against one of Debian's stock QEMU binaries, and to start that
# binary: $CACHE/qemu-sdk/<7.2|10.0|11.1>/ with include/, cflags, version, binary.
# 7.2 is this machine's own package; the others are unpacked beside the system and started through their
# own dynamic linker. Sourced after lib.sh and apt.sh.

# The Python and tools that QEMU's configure wants; Debian's own Python, whatever else is in PATH.
QEMU_BUILD_PACKAGES=(build-essential dpkg-dev pkg-config ninja-build meson python3 python3-venv
    libglib2.0-dev libpixman-1-dev libfdt-dev)

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
    unpack_source bookworm "$dir/source" "qemu=$source"
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
    unpack_source "$state" "$dir/source" "qemu=$source"
}

# configure as little as gives the headers, and make only the generated ones.
qemu_sdk_headers() {
    local dir=$1 version=$2 build=$1/source/build log="$IDTNTB_CACHE/logs/qemu-sdk-$2.log"
    mkdir -p "$build"
    (
        cd "$build"
        qemu_build_environment "$version"
        quiet "$log" nice ../src/configure --target-list=x86_64-softmmu --without-default-features \
            --disable-docs --disable-werror --enable-fdt=system --enable-tcg --enable-kvm --enable-plugins --enable-modules
        ninja -t targets all | sed -n 's/^\([^ ]*\.h\): .*/\1/p' | grep -v '^/' >headers.list
        quiet "$log" xargs -a headers.list nice ninja -j2
    ) || exit 1
    cp -r "$dir/source/src/include" "$dir/include"
    mkdir -p "$dir/include/generated"
    (cd "$build" && find . -name '*.h' -not -path './pyvenv/*' -exec cp --parents -t "$dir/include/generated" {} +)
    printf '%s %s\n' "-I@SDK@/include/generated -I@SDK@/include/generated/qapi -I@SDK@/include" \
        "$(pkg-config --cflags glib-2.0)" >"$dir/cflags"
}

# qemu_build_environment VERSION: the PATH and Python modules for QEMU's configure: Debian's Python whatever
# else is in PATH, and for a newer QEMU than Debian 12's a newer meson, unpacked beside the system.
qemu_build_environment() {
    export PATH=/usr/bin:/bin PYTHONNOUSERSITE=1
    unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
    [ "$1" = 7.2 ] && return 0
    qemu_meson
    PYTHONPATH=$(qemu_meson_dir)/usr/lib/python3/dist-packages
    export PYTHONPATH
}

qemu_meson_dir() { echo "$IDTNTB_CACHE/meson"; }
qemu_meson() { cached "$(qemu_meson_dir)" 1 unpack_meson; }
unpack_meson() { unpack_packages bookworm-backports "$1" -t bookworm-backports meson; }
