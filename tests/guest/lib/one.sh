# SPDX-License-Identifier: BSD-3-Clause
# one.sh TEST-FILE DIRECTORY: run one test; DIRECTORY takes its files and the reason of a failure or skip.
# Started by tests/guest/run, which holds the time limit.
set -euo pipefail

E2E_TEST=$1
E2E_DIR=$2
E2E_NAME=$(basename "$E2E_TEST" .sh)
E2E_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$E2E_LIB/../../.." && pwd)
cd "$E2E_DIR"

# shellcheck source=tests/guest/lib/assert.sh
. "$E2E_LIB/assert.sh"
# shellcheck source=tests/guest/lib/vms.sh
. "$E2E_LIB/vms.sh"
# shellcheck source=tests/guest/lib/ntb.sh
. "$E2E_LIB/ntb.sh"
# shellcheck source=tests/guest/lib/steps.sh
. "$E2E_LIB/steps.sh"
# shellcheck source=tests/guest/lib/accesses.sh
. "$E2E_LIB/accesses.sh"

# What a test has set up beside its guests goes here, in a function of its own of this name.
clean_up() { :; }

# 0, 77 or 1 whatever the status of the command that ended the test.
finish() {
    local status=$?
    trap - ERR
    set +e
    vms_end
    clean_up
    [ ! -f skipped ] || exit 77
    exit $((status != 0))
}
trap finish EXIT
trap 'give_up "ended by a signal during: $(cat step 2>/dev/null)"' TERM INT HUP
# A command that fails unasked is a failure of the test, with its place named.
trap '[ "$BASH_SUBSHELL" != 0 ] || note_reason "step \"$(cat step 2>/dev/null)\" failed at line $LINENO of ${BASH_SOURCE[0]##*/}"' ERR
set -E

step "start"
# On one line: a shell reads its script as it goes, and this one may be edited meanwhile.
# shellcheck disable=SC1090
. "$E2E_TEST"; exit 0
