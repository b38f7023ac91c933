# SPDX-License-Identifier: BSD-3-Clause
# Other QEMUs: Debian's 10.0 and 11.1 with the plugin, and one built with the device in its tree.
# order: 70
# limit: 400
for version in 10.0 11.1 tree; do
    step "QEMU $version"
    qemu=$(qemu_binary "$version")
    case $version in
    tree)
        has "device list" "$("$qemu" -machine none -device help)" 'name "idt-ntb", bus PCI'
        ;;
    esac
    has "version" "$("$qemu" --version)" 'version 1[01]\.'
    vms_start --qemu "$qemu"
    client ntb_pingpong 1 2
    counts_rise 30 1 2
    client ntb_tool 1 2
    links_up 1 2
    check_window 1 2 0
    check_window 2 1 24
    is "trapped window writes of guest 1" "$(counter 1 window-writes)" 0
    has "QEMU of guest 1" "$(qmp 1 '{"execute":"query-version"}')" '"major": ?1[01]'
    [ "$version" != tree ] || is "plugins in its command line" "$(tr '\0' '\n' <"/proc/$(cat "$RUN/vm1.pid")/cmdline" | grep -c '^-plugin$')" 0
    kernel_logs_clean 1 2
    vms_end
done
