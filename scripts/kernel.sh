# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The guests' kernel: Debian 12's own image, unpacked and not installed, and the kernel's NTB drivers
# (off in Debian's configuration) built unmodified from the source package of the same version.
# $CACHE/kernel/: vmlinux, release, modules/ (lib/modules tree), ntb_test.sh; headers/ and source/drivers/ntb, built, for
# modules made later. Sourced after apt.sh.

KERNEL_BUILD_PACKAGES=(build-essential libelf1 xz-utils kmod)

# Modules taken from the image, with what they depend on; one that a version lacks is left out.
KERNEL_MODULES=(virtio_pci virtio_net virtio_rng virtio_blk 9p 9pnet_virtio e1000e idt_89hpesx i2c_i801 i2c_dev)

kernel_dir() { echo "$IDTNTB_CACHE/kernel"; }

# kernel_headers: where to build modules for the guests' kernel (make -C).
kernel_headers() { echo "$(kernel_dir)/headers/src/linux-headers-$(cat "$(kernel_dir)/release")"; }

kernel() {
    cached "$(kernel_dir)" "$(recipe_key "$IDTNTB_ROOT/scripts/kernel.sh")" kernel_make
}

kernel_make() {
    local dir=$1 work=$1/work depends image version release series
    need_packages "${KERNEL_BUILD_PACKAGES[@]}"
    apt_ready bookworm
    depends=$(private_apt bookworm apt-cache show --no-all-versions linux-image-amd64 | sed -n 's/^Depends: //p')
    image=${depends%% *}
    version=$(sed -n 's/.*(= \(.*\)).*/\1/p' <<<"$depends")
    release=${image#linux-image-}
    series=$(cut -d. -f1,2 <<<"$release")
    [ -n "$version" ] || fail "linux-image-amd64 depends on '$depends', not on one image of one version"
    say "guest kernel $release ($version): image, headers, source of the NTB drivers (220 MB to fetch)"
    unpack_packages bookworm "$work" "$image=$version" "linux-headers-$release=$version" \
        "linux-headers-${release%-amd64}-common=$version" "linux-kbuild-$series=$version" \
        "linux-source-$series=$version"
    mkdir -p "$dir/source"
    say "unpacking drivers/ntb from linux-source-$series"
    tar -C "$dir/source" --strip-components=1 -xf "$work/usr/src/linux-source-$series.tar.xz" \
        --wildcards '*/drivers/ntb' '*/drivers/net/ntb_netdev.c' '*/tools/testing/selftests/ntb' ||
        fail "linux-source-$series.tar.xz cannot be unpacked to $dir/source; is there room?"
    kernel_headers_in_place "$work/usr" "$release" "$dir/headers"
    ntb_modules "$dir/source" "$dir/headers/src/linux-headers-$release" "$dir/ntb"
    kernel_modules "$work/lib/modules/$release" "$dir/modules/lib/modules/$release" "$dir/ntb" ||
        fail "the modules of $release cannot be put into $dir/modules; is there room?"
    kernel_uncompressed "$work/boot/vmlinuz-$release" "$dir/vmlinux"
    mv "$dir/source/tools/testing/selftests/ntb/ntb_test.sh" "$dir/ntb_test.sh"
    printf '%s\n' "$release" >"$dir/release"
    printf '%s\n' "$version" >"$dir/version"
    rm -rf "$work" "$dir/ntb" "$dir/source/netdev" "$dir/source/drivers/net" "$dir/source/tools"
}

# kernel_uncompressed VMLINUZ VMLINUX: QEMU enters the bare ELF image by its PVH note; unpacking under TCG at each
# boot would cost three of the six seconds that a boot takes.
kernel_uncompressed() {
    local offset
    offset=$(LC_ALL=C grep -aobF -m1 $'\xfd7zXZ' "$1" | head -n 1 | cut -d: -f1)
    [ -n "$offset" ] || fail "no xz-compressed kernel in $1; a Debian 12 kernel image was expected"
    xz -dc --single-stream < <(tail -c "+$((offset + 1))" "$1") >"$2" || fail "the kernel in $1 cannot be unpacked to $2; is there room?"
}

# kernel_headers_in_place USR RELEASE DIR: what modules are built with, unpacked under USR, becomes DIR. The packages' Makefile
# names the place they would be installed to; a relative one holds wherever the cache lies. (Their links are relative.)
kernel_headers_in_place() {
    local usr=$1 release=$2 dir=$3
    mkdir -p "$dir"
    rm -f "$usr"/src/linux-source-*
    mv "$usr/src" "$usr/lib" "$dir/"
    sed -i 's#^include /usr/src/#include $(dir $(lastword $(MAKEFILE_LIST)))../#' "$dir/src/linux-headers-$release/Makefile"
}

# ntb_modules SOURCE KBUILD DEST: the NTB core, the IDT driver and the clients that work on it.
# ntb_msi_test is left out: IDT hardware cannot do it, and its presence makes ntb_test.sh fail.
ntb_modules() {
    local source=$1 kbuild=$2 dest=$3 log="$IDTNTB_CACHE/logs/ntb-modules.log"
    say "building the kernel's NTB drivers"
    quiet "$log" nice make -j2 -C "$kbuild" M="$source/drivers/ntb" CONFIG_NTB=m CONFIG_NTB_IDT=m \
        CONFIG_NTB_PINGPONG=m CONFIG_NTB_TOOL=m CONFIG_NTB_PERF=m CONFIG_NTB_TRANSPORT=m modules
    mkdir -p "$source/netdev" "$dest"
    cp "$source/drivers/net/ntb_netdev.c" "$source/netdev/"
    echo 'obj-m := ntb_netdev.o' >"$source/netdev/Makefile"
    quiet "$log" nice make -C "$kbuild" M="$source/netdev" \
        KBUILD_EXTRA_SYMBOLS="$source/drivers/ntb/Module.symvers" modules
    find "$source/drivers/ntb" "$source/netdev" -name '*.ko' -exec cp -t "$dest" {} +
}

# kernel_modules FROM TO NTB: a small lib/modules tree with its modules.dep.
kernel_modules() {
    local from=$1 to=$2 ntb=$3 release=${1##*/} base=${1%/lib/modules/*} m path
    depmod -b "$base" "$release"
    for m in "${KERNEL_MODULES[@]}"; do
        { modprobe -d "$base" -S "$release" --show-depends "$m" 2>/dev/null || true; } |
            sed -n 's/^insmod \([^ ]*\).*/\1/p' | while read -r path; do
            mkdir -p "$to/$(dirname "${path#"$from"/}")"
            cp "$path" "$to/${path#"$from"/}"
        done
    done
    mkdir -p "$to/ntb"
    cp "$ntb"/*.ko "$to/ntb/" || return 1
    cp "$from"/modules.builtin "$from"/modules.builtin.modinfo "$from"/modules.order "$to/"
    depmod -b "${to%/lib/modules/*}" "$release"
}
