# SPDX-License-Identifier: BSD-3-Clause
# Eyes on a switch with guests at work: files of a mount, idtntbctl, why a link is down each way it can be, and what a
# thousand reads a second cost the guests.
# order: 42
# limit: 600

mkdir mnt
vms_start --ports 0,2,4 --mount "$PWD/mnt"
export IDTNTB_SWITCH=$SWITCH
ctl() { "$(ctl_binary)" "$@"; }

# register FILE: a number that the mount shows.
register() { printf '%d\n' "$(cat "mnt/$1")"; }

# writes PORT REGISTER: how often the port's host has written it.
writes() { sed -n 's/.* reads, \([0-9]*\) writes$/\1/p' "mnt/ports/$1/nt/$2/counts"; }

# linked PORT PEER up|down: what the tree of links says of a port's peer.
linked() { awk -v port="port $1," -v peer="port $2:" 'index($0, "port ") && /partition/ { on = index($0, port) }
    on && index($0, peer) { print /link up/ ? "up" : "down" }' mnt/topology; }

step "both ports at work, seen in files"
client ntb_pingpong 1 2
counts_rise 20 1 2
for port in 0 2; do
    has "switch/SWPORT${port}STS/fields" "$(cat mnt/switch/SWPORT${port}STS/fields)" 'LINKUP=1'
    has "ports/$port/nt/NTCTL/fields" "$(cat mnt/ports/$port/nt/NTCTL/fields)" 'CPEN=1'
    before=$(writes "$port" OUTDBELLSET)
    interrupts=$(awk '$1 == "interrupts" { print $2 }' "mnt/stats/$port")
    sleep 1
    above "doorbells rung by port $port in a second" "$(writes "$port" OUTDBELLSET)" "$before"
    above "its interrupts" "$(awk '$1 == "interrupts" { print $2 }' "mnt/stats/$port")" "$interrupts"
done
is "links in the topology" "$(linked 0 2) $(linked 2 0)" "up up"
is "what guest 1 reads and the mount shows (NTMTBLADDR)" "$(register ports/0/nt/NTMTBLADDR/value)" \
    "$(printf '%d' "$(g 1 'ntbwin $BDF/0 read 0x4d0 4')")"
before=$(cat mnt/state.json | wc -c)
above "bytes of state.json" "$before" 1000
ctl check 0 2 >check.out || give_up "idtntbctl check finds fault with a switch at work: $(head -n 1 check.out)"
ctl top --once -d 0.5 | tee top.out
above "doorbells a second that top shows of port 0" "$(awk '$1 == 0 { print int($5) }' top.out)" 0
ctl topology
cp -r mnt/ports/0/nt before

step "the driver of guest 2 is unloaded"
g 2 'rmmod ntb_pingpong; rmmod ntb_hw_idt'
! diff -r before mnt/ports/0/nt >/dev/null || give_up "nothing has changed in the files of port 0"

# explained WHAT PATTERN: check of the pair fails, and the first line that it says has the pattern.
explained() {
    local status=0
    ctl check 0 2 >check.out || status=$?
    is "exit status of check" "$status" 1
    has "$1" "$(grep -m 1 -E '^(error|warning)' check.out)" "$2"
}
explained "check, driver unloaded" 'port 2: 2:NTCTL = 0x00000000: no driver is at work'
has "its advice" "$(cat check.out)" 'modprobe ntb_hw_idt|load the NTB driver'
is "the link in the topology" "$(linked 0 2)" "down"

ctl_quiet_check() { ctl check 0 2 | grep -m 1 -E '^(error|warning)'; }

step "all else that keeps a link down"
client ntb_tool 1 2
links_up 1 2
eventually 5 "check" "" ctl_quiet_check
g 2 'setpci -s $BDF COMMAND=0:4'
explained "check, bus master off" 'BME'
g 2 'setpci -s $BDF COMMAND=4:4'
g 2 'ntbwin $BDF/0 write 0x400 4 0'
explained "check, completion enable off" '2:NTCTL'
g 2 'ntbwin $BDF/0 write 0x400 4 2'
g 2 'ntbwin $BDF/0 write 0x4d0 4 1; ntbwin $BDF/0 write 0x4d8 4 0'
explained "check, mapping table entry cleared" '(NTMTBL|mapping table)'
g 2 'put link N; put link Y'
links_up 1 2
ctl check 0 4 >check.out && give_up "check finds nothing between 0 and 4, where nobody is: $(cat check.out)"
has "check, never attached" "$(cat check.out)" 'port 4.*(owner|attached|host)'

step "idtntbctl link 2 down, seen by both drivers"
link_told 1 N ctl link 2 down
for n in 1 2; do eventually 5 "link seen by guest $n" N g "$n" 'get peer0/link'; done
explained "check, broken on purpose" 'on purpose'
has "the mount" "$(cat mnt/ports/2/link)" 'down|broken|purpose'
ctl link 2 up
for n in 1 2; do eventually 5 "link seen by guest $n" Y g "$n" 'get peer0/link'; done

step "QEMU of guest 2 is killed"
vm_kill 2
eventually 10 "link seen by guest 1" N g 1 'get peer0/link'
explained "check, killed" 'port 2.*(owner|attached|host|ended)'
vm_up 2

step "pingpong beside a reader at 1,000 reads a second, and beside the same load that reads nothing"
for n in 1 2; do
    g "$n" 'for m in ntb_tool ntb_pingpong; do ! lsmod | grep -q ^$m || rmmod $m; done
        modprobe ntb_hw_idt; modprobe ntb_pingpong delay_ms=0'
done
counts_rise 20 1 2
mount_pid=$(cut -d' ' -f1 "$RUN/mount.pid")

# reader SECONDS: reads a file a thousand times a second; prints reads and milliseconds of CPU that it and the mount took.
reader() {
    perl -e '
        use Time::HiRes qw(time sleep);
        my ($seconds, $pid, $file) = @ARGV;
        sub ticks { open my $f, "<", "/proc/$pid/stat"; my @f = split " ", <$f> =~ s/.*\) //r; $f[11] + $f[12] }
        my ($begin, $ticks, $n) = (time, ticks, 0);
        while ((my $now = time) < $begin + $seconds) {
            if ($n > 1000 * ($now - $begin)) { sleep 0.0005; next }
            open my $f, "<", $file or die "$file: $!"; my $text = <$f>; $n++;
        }
        my ($u, $s) = times;
        printf "%d %d\n", $n, 1000 * ($u + $s) + 10 * (ticks() - $ticks);' "$1" "$mount_pid" mnt/ports/0/nt/NTINTSTS/value
}

# burner SECONDS MS: uses that much CPU in as many portions as the reader.
burner() {
    perl -e '
        use Time::HiRes qw(time sleep clock);
        my ($seconds, $ms) = @ARGV;
        my $begin = time;
        while ((my $gone = time - $begin) < $seconds) {
            if (clock() > $ms / 1000 * $gone / $seconds) { sleep 0.0005 } else { my $x = 0; $x += $_ for 1 .. 200 }
        }' "$1" "$2"
}

# rate: counts a second of guest 1 while what was started goes on for four seconds.
rate() {
    local first last
    first=$(count 1)
    sleep 4
    last=$(count 1)
    echo $(((last - first) / 4))
}

: >reader.rates
: >burner.rates
load=""
for round in 1 2 3 4; do
    reader 6 >reader.out &
    sleep 0.5
    with=$(rate)
    wait $!
    read -r reads load <reader.out
    burner 6 "$load" &
    sleep 0.5
    without=$(rate)
    wait $!
    echo "$with" >>reader.rates
    echo "$without" >>burner.rates
    printf '         round %s: %s counts/s beside %s reads/s (%s ms of CPU each second), %s beside the load alone\n' \
        "$round" "$with" "$((reads / 6))" "$((load / 6))" "$without"
done
# Medians. On a machine that does other things too the rates differ by a factor of four from round to round; a reader who
# makes guests wait would bring them to nothing.
above "counts a second beside the reader, in percent of those beside the load" \
    "$((100 * $(sort -n reader.rates | sed -n 3p) / $(sort -n burner.rates | sed -n 3p)))" 25
kernel_logs_clean 1 2
