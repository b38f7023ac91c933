# SPDX-License-Identifier: BSD-3-Clause
# Accesses of every size at every alignment, by a program in the guest (guest/ntbwin.c) that maps the BAR.

# access_plan: pseudo-random writes of 1, 2, 4 and 8 bytes at each alignment, some across a page, as lines
# 'OFFSET SIZE VALUE' in ./plan; ./image is what two pages of zeroes must hold after them.
access_plan() {
    perl -e '
        my ($image, $at) = ("\0" x 8192, 0);
        my @place = map { my $s = $_; map { [$s, 0, $_] } 0 .. 15 } 1, 2, 4, 8;
        my @cross = map { my $s = $_; map { [$s, 4096 - $_, 0] } 1 .. $s - 1 } 2, 4, 8;
        my @plan;
        for (@place) {
            push @plan, [$at + $$_[2], $$_[0]];
            $at += 32;
        }
        # One access across the page boundary a time; later ones overwrite earlier ones, and so they do in the image.
        push @plan, [$$_[1], $$_[0]] for @cross;
        for (@plan) {
            my ($offset, $size) = @$_;
            my $bytes = join "", map { chr int rand 256 } 1 .. $size;
            substr($image, $offset, $size) = $bytes;
            printf "%d %d 0x%s\n", $offset, $size, unpack "H*", scalar reverse $bytes;
        }
        open my $file, ">", "image"; print $file $image;' >plan
}

# check_accesses S R: guest S writes through window 0 into guest R and reads back.
check_accesses() {
    local s=$1 r=$2
    step "accesses of 1, 2, 4, 8 bytes at every alignment, $s -> $r"
    window_open "$s" "$r" 0
    head -c 65536 /dev/zero >data
    fill "$r" peer0/mw0
    access_plan
    guest "$s" 'cat >/tmp/plan' <plan
    g "$s" 'while read -r offset size value; do
        ntbwin $BDF/2 write $offset $size $value || exit 1
    done </tmp/plan'
    is "the two pages in guest $r" "$(gx "$r" 'head -c 8192 $T/peer0/mw0 | sha256sum | cut -d" " -f1')" \
        "$(sha256sum <image | cut -d' ' -f1)"
    # What was written last at a place is what each read of it must give.
    perl -e 'open my $file, "<", "image"; local $/; my $image = <$file>; open my $plan, "<", "plan"; $/ = "\n";
        while (<$plan>) {
            my ($offset, $size) = split;
            printf "0x%s\n", unpack "H*", scalar reverse substr $image, $offset, $size;
        }' >expected
    g "$s" 'while read -r offset size value; do
        ntbwin $BDF/2 read $offset $size || exit 1
    done </tmp/plan' >found
    is "reads of each size and alignment" "$(sha256sum <found)" "$(sha256sum <expected)"
    window_close "$s" "$r" 0
}

# check_closed_window N: with no translation, reads give all ones and writes vanish.
check_closed_window() {
    is "a closed window of guest $1" "$(g "$1" 'ntbwin $BDF/2 write 0 4 1; ntbwin $BDF/2 read 0 8; ntbwin $BDF/4 read 0x1001 1')" \
        "0xffffffffffffffff
0xff"
}

# fuzz_registers N SEED: random values of all sizes into the whole register space, aligned and not.
fuzz_registers() {
    has "register writes of guest $1" "$(g "$1" "ntbwin \$BDF/0 fuzz 20000 $2")" '20000 writes done'
}
