#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The functions of scripts/ that need no guest: what counts as made, what is removed, what is taken for a
# kernel's report of a bug, which counter is watched, and how a test of guests ends.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export IDTNTB_CACHE=$WORK/cache
for part in lib apt processes guests show; do
    # shellcheck disable=SC1090
    . "$ROOT/scripts/$part.sh"
done

wrong() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# ---------------------------------------------------------------- the cache

# An archive that gives nothing.
apt_ready() { :; }
private_apt() { return 100; }
fails() { return 1; }
downloads() { unpack_packages bookworm "$1" some-package; }
makes() { [ -d "$1" ] && echo "$2" >"$1/file"; }

for maker in fails downloads; do
    (cached "$IDTNTB_CACHE/$maker" key "$maker") 2>/dev/null && wrong "cached is content when $maker fails"
    [ ! -e "$IDTNTB_CACHE/$maker" ] || wrong "$maker failed and left an entry"
done
cached "$IDTNTB_CACHE/entry" one makes first
cached "$IDTNTB_CACHE/entry" one fails
[ "$(cat "$IDTNTB_CACHE/entry/file")" = first ] || wrong "an entry that is there was not used"
(cached "$IDTNTB_CACHE/entry" two fails) 2>/dev/null && wrong "cached is content when a new recipe fails"
[ "$(cat "$IDTNTB_CACHE/entry/file")" = first ] || wrong "a recipe that failed took away what was there"
cached "$IDTNTB_CACHE/entry" two makes second
[ "$(cat "$IDTNTB_CACHE/entry/file")" = second ] || wrong "a new recipe did not make the entry anew"

# clean_refused PATTERN ARG...: './idtntb clean' removes nothing, and says why.
clean_refused() {
    local said
    said=$("$ROOT/idtntb" clean "${@:2}" 2>&1) && wrong "clean ${*:2} was carried out"
    grep -q "$1" <<<"$said" || wrong "clean ${*:2} says '$said', nothing of '$1'"
    [ -d "$IDTNTB_CACHE/logs" ] || wrong "clean ${*:2} was refused and removed something"
}
rm -rf "$IDTNTB_CACHE"
mkdir -p "$IDTNTB_CACHE/logs"
touch "$IDTNTB_CACHE/kernel.lock"
clean_refused "no argument '--hepl'" --hepl
touch "$IDTNTB_CACHE/photos"
clean_refused "'photos'"
rm "$IDTNTB_CACHE/photos"
"$ROOT/idtntb" clean
[ ! -e "$IDTNTB_CACHE" ] || wrong "clean left $IDTNTB_CACHE"

# ---------------------------------------------------------------- reports of a kernel

RUN=$WORK
# trouble LINE: whether a console with that line means a bug.
trouble() {
    printf '[    1.000000] ntb: all is well\r\n[    1.000001] %s\r\n' "$1" >"$RUN/vm1.log"
    [ -n "$(guest_trouble 1)" ]
}
while IFS= read -r line; do
    trouble "$line" || wrong "no bug is seen in: $line"
done <<'LINES'
WARNING: CPU: 0 PID: 1 at drivers/ntb/core.c:12 ntb_init+0x1/0x2 [ntb]
WARNING: drivers/ntb/core.c:12 at ntb_init+0x1/0x2 [ntb], CPU#0: insmod/1
WARNING: at ntb_init+0x1/0x2 [ntb], CPU#0: insmod/1
WARNING: possible circular locking dependency detected
WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected
WARNING: lock held when returning to user space!
INFO: trying to register non-static key.
BUG: KASAN: slab-use-after-free in idt_init+0x1/0x2
Oops: 0000 [#1] PREEMPT SMP
LINES
while IFS= read -r line; do
    ! trouble "$line" || wrong "a bug is seen in: $line"
done <<'LINES'
Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on
WARNING: This architecture does not have kernel memory protection.
LINES

# ---------------------------------------------------------------- what guests count

# The first of two endpoints stands, the second counts.
for up in 1 2 3 4 5 6 7 8 9; do
    printf 'pingpong %s.00 0000:01:00.0 7\npingpong %s.01 0000:02:00.0 %s\n' "$up" "$up" "$((100 * up))"
done >"$RUN/vm1.status"
[ "$(counter_of 1)" = "9.00 7" ] || wrong "the counter of the first endpoint is '$(counter_of 1)'"
# shellcheck disable=SC2034 # read by the function
GUESTS=1
note_process "$RUN/vm1.pid" $$
said=$(pingpong_goes_on 2>&1) && wrong "a counter that stands is not seen beside one that rises"
grep -q 'stands at 7 since 8 s' <<<"$said" || wrong "of a counter that stands it is said: $said"

# ---------------------------------------------------------------- tests of guests that fail

# ends TEXT STATUS: a test of that text ends so.
ends() {
    local status=0
    rm -rf "$WORK/test"
    mkdir "$WORK/test"
    printf '%s\n' "$1" >"$WORK/test.sh"
    bash "$ROOT/tests/guest/lib/one.sh" "$WORK/test.sh" "$WORK/test" >/dev/null 2>&1 || status=$?
    [ "$status" = "$2" ] || wrong "a test of guests ends with $status, not $2: $1"
}
ends 'step here' 0
ends 'false' 1
ends 'clean_up() { true; }; is this 1 2' 1
ends 'clean_up() { false; }; skip "no reason"' 77
! grep -l 'trap .*EXIT' "$ROOT"/tests/guest/*.sh || wrong "a test of guests has its own way out: clean_up() is for that"

echo "all as expected"
