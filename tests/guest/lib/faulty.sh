# SPDX-License-Identifier: BSD-3-Clause
# The guests' IDT driver with one fault each: its source with a patch of tests/faulty/, built for the guests' kernel.
# $CACHE/faulty/ntb_hw_idt_NAME.ko. Sourced by the tests that load them, after vms.sh.

faulty_dir() { echo "$IDTNTB_CACHE/faulty"; }

# faulty_names: of all patches.
faulty_names() { basename -s .patch "$ROOT"/tests/faulty/*.patch; }

# faulty_says NAME KEY: a line of the patch's head.
faulty_says() { sed -n "s/^$2: //p" "$ROOT/tests/faulty/$1.patch"; }

# faulty_module NAME: the name of its module.
faulty_module() { echo "ntb_hw_idt_${1//-/_}"; }

faulty_modules() {
    kernel
    need_packages "${KERNEL_BUILD_PACKAGES[@]}" patch
    cached "$(faulty_dir)" \
        "$(cat "$(kernel_dir)/.key" "$(kernel_dir)/version") $(recipe_key "$E2E_LIB/faulty.sh" "$ROOT"/tests/faulty/*.patch)" \
        faulty_make
}

# All in one directory, as modules of different names: ntb_hw_idt_<name>, '-' as '_'.
faulty_make() {
    local dir=$1 work=$1/work tree=$1/tree log="$IDTNTB_CACHE/logs/faulty.log" source name module
    source=$(kernel_dir)/source
    say "building the guests' driver with $(faulty_names | wc -l) faults, one in each module"
    mkdir -p "$work"
    for name in $(faulty_names); do
        module=$(faulty_module "$name")
        rm -rf "$tree"
        mkdir -p "$tree/drivers/ntb/hw"
        cp -r "$source/drivers/ntb/hw/idt" "$tree/drivers/ntb/hw/"
        quiet "$log" patch -d "$tree" -p1 --fuzz=0 -i "$ROOT/tests/faulty/$name.patch"
        mv "$tree/drivers/ntb/hw/idt/ntb_hw_idt.c" "$work/$module.c"
        mv "$tree/drivers/ntb/hw/idt/ntb_hw_idt.h" "$work/"
        echo "obj-m += $module.o" >>"$work/Makefile"
    done
    quiet "$log" nice make -j2 -C "$(kernel_headers)" M="$work" \
        KBUILD_EXTRA_SYMBOLS="$source/drivers/ntb/Module.symvers" modules
    mv "$work"/*.ko "$dir/"
    rm -rf "$work" "$tree"
}
