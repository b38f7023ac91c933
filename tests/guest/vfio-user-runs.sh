# SPDX-License-Identifier: BSD-3-Clause
# What './idtntb vms' shows, with ports by vfio-user; the kernel's own ntb_test.sh too, over windows of 64 KiB.
# order: 46
# limit: 1200
idtntb_run pingpong vms --frontend vfio-user --vms 3 --run pingpong
has "what it prints" "$(cat pingpong.out)" '[Gg]uest 3'
idtntb_run tool vms --frontend vfio-user --run tool
idtntb_run mixed vms --frontend mixed --run tool
idtntb_run selftest vms --frontend vfio-user --run selftest
has "what it prints" "$(cat selftest.out)" 'every step as in guest/selftest.expected'
