# SPDX-License-Identifier: BSD-3-Clause
# './idtntb vms --run pingpong' as a person types it, with two, three and eight guests.
# order: 12
# limit: 300
idtntb_run two vms --run pingpong
has "what it prints" "$(cat two.out)" '[Gg]uest 2'
idtntb_run three vms --vms 3 --run pingpong
has "what it prints" "$(cat three.out)" '[Gg]uest 3'
idtntb_run eight vms --vms 8 --mem 256M --run pingpong
has "what it prints" "$(cat eight.out)" '[Gg]uest 8'
