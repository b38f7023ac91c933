# SPDX-License-Identifier: BSD-3-Clause
# The kernel's own ntb_test.sh, unmodified, between two guests; its steps are those of guest/selftest.expected.
# order: 15
# limit: 600
idtntb_run selftest vms --run selftest
has "what it prints" "$(cat selftest.out)" 'every step as in guest/selftest.expected'
for step in 'link tests' 'db tests' 'msg tests' 'mw' 'ping pong' 'remote perf'; do
    has "steps it went through" "$(grep -E '^ *Running' selftest.out)" "$step"
done
