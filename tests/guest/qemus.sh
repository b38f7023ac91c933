# SPDX-License-Identifier: BSD-3-Clause
# Other QEMUs: Debian's 10.0 and 11.1 with the plugin, and one built with the device in its tree.
# order: 70
# limit: 900
step "a plugin that was built for another QEMU"
qemu_sdk 7.2
qemu_sdk 10.0
build_project 7.2
refused "the plugin for 7.2 in 10.0" 'was built for QEMU 7\.2 .* and this is 10\.0' \
    "$(qemu_sdk_dir 10.0)/binary" -machine none -display none -plugin "$(plugin_file 7.2)"

for version in 10.0 11.1 tree; do
    step "QEMU $version"
    if [ "$version" = tree ]; then
        qemu_with_device
        qemu=$(qemu_tree_binary)
        has "device list" "$("$qemu" -machine none -device help)" 'name "idt-ntb", bus PCI'
    else
        qemu_sdk "$version"
        qemu=$version
    fi
    vms_start --qemu "$qemu" --client ntb_pingpong
    is "plugins in its command line" "$(tr '\0' '\n' <"$RUN/vm1.cmd" | grep -c '^-plugin$')" "$([ "$version" = tree ] && echo 0 || echo 1)"
    has "QEMU of guest 1" "$(qmp 1 '{"execute":"query-version"}')" "\"major\": $(sed "s,tree,10,; s,[.].*,," <<<"$version")"
    counts_rise 30 1 2
    client ntb_tool 1 2
    links_up 1 2
    check_window 1 2 0
    check_window 2 1 24
    is "trapped window writes of guest 1" "$(counter 1 window-writes)" 0
    is "trapped window reads of guest 2" "$(counter 2 window-reads)" 0
    kernel_logs_clean 1 2
    vms_end
done
