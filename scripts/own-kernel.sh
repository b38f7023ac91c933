# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A person's own kernel for the guests: --kernel with --modules, or --ktree. Image and modules must be of one version.
# Sourced after initramfs.sh.
# shellcheck disable=SC2034 # sets what qemu-command.sh reads

# image_release FILE: the release a kernel image (bzImage or ELF) was built as.
image_release() {
    local magic offset
    magic=$(dd if="$1" bs=1 skip=514 count=4 2>/dev/null | tr -d '\0')
    if [ "$magic" = HdrS ]; then
        offset=$(($(od -An -tu2 -j 526 -N 2 "$1") + 512))
        dd if="$1" bs=1 skip="$offset" count=200 2>/dev/null | tr '\0' '\n' | head -n 1 | cut -d' ' -f1
    else
        LC_ALL=C grep -aom1 'Linux version [0-9][^ ]*' "$1" | head -n 1 | cut -d' ' -f3
    fi
}

# modules_directory DIR: DIR is lib/modules/RELEASE or holds it; prints RELEASE's directory.
modules_directory() {
    local found
    if [ -f "$1/modules.order" ] || [ -f "$1/modules.dep" ]; then
        readlink -f "$1"
        return 0
    fi
    found=("$1"/lib/modules/*/)
    [ -d "${found[0]}" ] || return 1
    [ ${#found[@]} = 1 ] || fail "--modules '$1': modules of ${#found[@]} kernels in lib/modules; give one of these directories"
    readlink -f "${found[0]}"
}

# own_kernel RUN: sets KERNEL_IMAGE, KERNEL_INITRD.
own_kernel() {
    local run=$1 release directory tree="$1/modules"
    if [ -n "$KTREE" ]; then
        KERNEL_IMAGE=$(ktree_image "$KTREE")
        ktree_modules "$KTREE" "$tree"
        directory=$(modules_directory "$tree")
    else
        KERNEL_IMAGE=$(readlink -f "$OWN_KERNEL")
        directory=$(modules_directory "$OWN_MODULES") ||
            fail "--modules '$OWN_MODULES': neither lib/modules/RELEASE nor modules.order in it"
        own_modules "$directory" "$tree/lib/modules/${directory##*/}"
    fi
    release=$(image_release "$KERNEL_IMAGE") || true
    [ -n "$release" ] || fail "--kernel '$KERNEL_IMAGE': not an x86 kernel image; a bzImage or an uncompressed vmlinux expected"
    [ "$release" = "${directory##*/}" ] ||
        fail "the kernel image is $release and its modules are of ${directory##*/}; both must be of one build"
    find "$tree" -name 'ntb_hw_idt.ko*' | grep -q . || grep -qs 'ntb_hw_idt.ko' "$directory/modules.builtin" ||
        fail "the kernel $release has no ntb_hw_idt; build it with CONFIG_NTB=m CONFIG_NTB_IDT=m (and CONFIG_NTB_PINGPONG, _TOOL, _PERF)"
    depmod -b "$tree" "$release"
    initrd "$tree" "$run/initrd"
    KERNEL_INITRD=$run/initrd
}

# Module directories a guest has a use for; a distribution's whole tree would not fit its RAM.
GUEST_MODULE_PATHS='(^|/)(ntb|virtio|hw_random|hwmon|i2c|9p|netfs|fscache|failover)(/|$)|/(virtio_net|net_failover|failover|e1000e|virtio_blk|idt_89hpesx|ntb[a-z_]*)\.ko'

own_modules() {
    local from=$1 to=$2 f
    mkdir -p "$to"
    cp "$from"/modules.builtin* "$from"/modules.order "$to/" 2>/dev/null || true
    (cd "$from" && find . -name '*.ko*' -type f | grep -E "$GUEST_MODULE_PATHS") | while read -r f; do
        mkdir -p "$to/${f%/*}"
        cp "$from/$f" "$to/$f"
    done
}

# ktree_image TREE: the image of a built kernel tree.
ktree_image() {
    [ -f "$1/arch/x86/boot/bzImage" ] || fail "--ktree '$1': no arch/x86/boot/bzImage in it; build the kernel first"
    readlink -f "$1/arch/x86/boot/bzImage"
}

# ktree_modules TREE DIR: its modules, as a tree of lib/modules in DIR.
ktree_modules() {
    local tree=$1 to release
    release=$(cat "$tree/include/config/kernel.release" 2>/dev/null) || fail "--ktree '$tree': no include/config/kernel.release; build the kernel first"
    to="$2/lib/modules/$release"
    own_modules "$tree" "$to"
    # In a build tree the NTB modules lie in drivers/ntb; modules.builtin is at the top.
    [ -f "$to/modules.order" ] || : >"$to/modules.order"
}
