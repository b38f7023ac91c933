# SPDX-License-Identifier: BSD-3-Clause
# The other things './idtntb vms' shows: each ends by itself with 0 when it really happened.
# order: 14
# limit: 500
idtntb_run tool vms --run tool
idtntb_run perf vms --run perf
has "what perf prints" "$(cat perf.out)" 'never programmed|not programmed'

step "a script in guest 1: its exit status, its view of the peers, the time limit"
cat >ok.sh <<'SCRIPT'
set -e
lsmod | grep -q ntb_hw_idt
echo "peers: $IDTNTB_PEERS"
SCRIPT
echo 'exit 42' >status.sh
echo 'sleep 1000' >long.sh
echo 'echo "<4>WARNING: CPU: 0 PID: 1 at e2e" >/dev/kmsg; sleep 1' >warning.sh
idtntb_run exec vms --exec "$PWD/ok.sh" --log-dir "$PWD/logs"
has "output of the script" "$(cat exec.out)" 'peers: .'
above "guest logs kept" "$(find logs -type f -size +0 | wc -l)" 1
idtntb_fails exec-status 42 vms --exec "$PWD/status.sh"
idtntb_fails exec-timeout any vms --exec "$PWD/long.sh" --timeout 30
has "reason of the failure" "$(cat exec-timeout.err)" '30'
idtntb_fails exec-warning any vms --exec "$PWD/warning.sh"
has "reason of the failure" "$(cat exec-warning.err)" 'WARNING'

step "kernels of one's own: image and modules, and what looks like a built tree"
K=$(kernel_dir)
idtntb_run own-modules vms --kernel "$K/vmlinux" --modules "$K/modules" --run pingpong
mkdir -p tree/arch/x86/boot tree/include/config
cp "$K/vmlinux" tree/arch/x86/boot/bzImage
cp "$K/release" tree/include/config/kernel.release
cp -r "$K/modules/lib/modules/$(cat "$K/release")/kernel/drivers" "$K/source/drivers/ntb" tree/
idtntb_run own-tree vms --ktree "$PWD/tree" --run pingpong

step "an initial RAM disk of one's own, whose guests report nothing"
mkdir -p own/bin
cp "$(userland_dir)/busybox" own/bin/
printf '#!/bin/busybox sh\nexec /bin/busybox sleep 100000\n' >own/init
chmod 755 own/init
pack_cpio "$(userland_dir)/busybox" own own.cpio
vms_launch own --ktree "$PWD/tree" --initrd "$PWD/own.cpio"
until [ -f "$RUN/ready" ]; do
    kill -0 "$SUPERVISOR" 2>/dev/null || give_up "the run ended: $(tail -n 1 own.err)"
    sleep 0.1
done
is "kernel and RAM disk of guest 2" "$(tr '\0' '\n' <"$RUN/vm2.cmd" | grep -A 1 -xE -- '-(kernel|initrd)' | grep '^/' | tr '\n' ' ')" \
    "$PWD/tree/arch/x86/boot/bzImage $PWD/own.cpio "
vms_end
