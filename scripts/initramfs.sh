# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The guests' initial RAM disk: $CACHE/userland/ (programs, our init, ssh keys) and one file per kernel with
# its modules. Both are plain cpio archives, which the kernel takes one after the other: unpacking a compressed
# one costs more under TCG than reading a larger one. Made without root. Sourced after kernel.sh.

USERLAND_PACKAGES=(bash busybox-static kmod dropbear-bin openssh-client openssh-sftp-server pciutils
    diffutils)
USERLAND_PROGRAMS=(/bin/bash /bin/kmod /usr/sbin/dropbear /usr/bin/ssh /usr/bin/scp
    /usr/lib/openssh/sftp-server /usr/bin/lspci /usr/bin/setpci /usr/bin/cmp)

userland_dir() { echo "$IDTNTB_CACHE/userland"; }
guest_key() { echo "$IDTNTB_CACHE/userland/key"; }

userland() {
    need_packages build-essential openssh-client
    cached "$(userland_dir)" "$(recipe_key "$IDTNTB_ROOT/scripts/initramfs.sh" "$IDTNTB_ROOT"/guest/*)" userland_make
}

userland_make() {
    local dir=$1 root=$1/root debs=$1/debs
    say "guest userland: busybox, bash, kmod, ssh, pciutils"
    unpack_closure bookworm "$debs" "${USERLAND_PACKAGES[@]}"
    mkdir -p "$root"/{bin,sbin,etc/dropbear,root/.ssh,proc,sys,dev,run,tmp,usr/{bin,sbin,lib},lib64,var}
    userland_programs "$debs" "$root"
    userland_files "$root"
    userland_ssh "$dir" "$debs" "$root"
    gcc -std=gnu11 -O2 -Wall -Wextra -Werror -static -o "$root/usr/bin/ntbwin" "$IDTNTB_ROOT/guest/ntbwin.c" ||
        fail "guest/ntbwin.c does not compile"
    cp "$debs/bin/busybox" "$dir/busybox"
    pack_cpio "$dir/busybox" "$root" "$dir/userland.cpio" || fail "$dir/userland.cpio cannot be written; is there room?"
    rm -rf "$debs" "$root"
}

# Programs with the libraries their own dynamic linker finds for them.
userland_programs() {
    local debs=$1 root=$2 lib p f
    lib="$debs/lib/x86_64-linux-gnu:$debs/usr/lib/x86_64-linux-gnu"
    cp "$debs/bin/busybox" "$root/bin/busybox"
    while read -r p; do
        ln -s busybox "$root/bin/$p"
    done < <("$debs/bin/busybox" --list | grep -v '^busybox$')
    for p in "${USERLAND_PROGRAMS[@]}"; do
        mkdir -p "$root${p%/*}"
        rm -f "$root$p" "$root/bin/${p##*/}"
        cp "$debs$p" "$root$p" || fail "$p is not in Debian's packages ${USERLAND_PACKAGES[*]}, or there is no room for it"
        "$debs/lib64/ld-linux-x86-64.so.2" --library-path "$lib" --list "$debs$p" |
            grep -o "$debs/[^ ]*" | while read -r f; do
            cp -Ln "$f" "$root/usr/lib/"
        done
    done
    cp -L "$debs/lib64/ld-linux-x86-64.so.2" "$root/lib64/"
    ln -s usr/lib "$root/lib"
    for p in modprobe insmod rmmod lsmod modinfo depmod; do
        rm -f "$root/bin/$p"
        ln -s ../bin/kmod "$root/sbin/$p"
    done
    ln -s openssh/sftp-server "$root/usr/lib/sftp-server"
}

userland_files() {
    local root=$1
    install -m 755 "$IDTNTB_ROOT/guest/init" "$root/init"
    install -m 755 "$IDTNTB_ROOT/guest/ntb-report" "$root/sbin/ntb-report"
    install -m 644 "$IDTNTB_ROOT/guest/profile" "$root/etc/profile"
    ln -s /etc/profile "$root/root/.bashrc"
    echo 'root::0:0:root:/root:/bin/bash' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    echo /bin/bash >"$root/etc/shells"
    echo '127.0.0.1 localhost' >"$root/etc/hosts"
    # The library directory is flat; the loader's default paths lack its name.
    ln -s ../proc/mounts "$root/etc/mtab"
}

# One key pair for all guests of this cache; a guest may log in to its peers with it.
userland_ssh() {
    local dir=$1 debs=$2 root=$3 n lib
    lib="$debs/lib/x86_64-linux-gnu:$debs/usr/lib/x86_64-linux-gnu"
    ssh-keygen -q -t ed25519 -N '' -C idtntb-guest -f "$dir/key" || fail "ssh-keygen cannot make the guests' key $dir/key"
    install -m 600 "$dir/key" "$root/root/.ssh/id_ed25519"
    install -m 600 "$dir/key.pub" "$root/root/.ssh/authorized_keys"
    "$debs/lib64/ld-linux-x86-64.so.2" --library-path "$lib" "$debs/usr/bin/dropbearkey" \
        -t ed25519 -f "$root/etc/dropbear/dropbear_ed25519_host_key" >/dev/null 2>&1 || fail "dropbearkey cannot make the guests' host key"
    chmod 600 "$root"/etc/dropbear/*
    chmod 700 "$root/root" "$root/root/.ssh"
    # Ports are filled in at boot: they depend on what was free on the host.
    for n in 1 2 3 4 5 6 7 8; do
        printf 'Host vm%d peer%d\n    HostName 10.0.2.2\n    Port @PORT%d@\n' "$n" "$n" "$n"
    done >"$root/root/.ssh/config.in"
    # ControlPath: a master started by hand is used by all; none is started by itself.
    printf 'Host *\n    ControlPath /run/ssh-%%n\n    StrictHostKeyChecking no\n    UserKnownHostsFile /dev/null\n    LogLevel ERROR\n' \
        >>"$root/root/.ssh/config.in"
}

# pack_cpio BUSYBOX TREE FILE
pack_cpio() {
    (cd "$2" && find . -mindepth 1 | sort | "$1" cpio -o -H newc -R 0:0 2>/dev/null) >"$3"
}

# initrd MODULES FILE: FILE = userland, then the modules tree of one kernel (a directory with lib/modules/).
initrd() {
    local modules=$1 file=$2 dir
    dir=$(userland_dir)
    # usr/lib is where /lib points; the tree of a person may hold links that lead out of it (build, source).
    (cd "$modules/lib" && find modules -type d -o -type f | sort | sed 's#^#usr/lib/#' >"$file.list")
    mkdir -p "$file.tree/usr"
    ln -sfn "$(readlink -f "$modules/lib")" "$file.tree/usr/lib"
    {
        cat "$dir/userland.cpio" && (cd "$file.tree" && "$dir/busybox" cpio -o -H newc -R 0:0 2>/dev/null <"$file.list")
    } >"$file.new" || fail "$file.new cannot be written; is there room?"
    rm -rf "$file.list" "$file.tree"
    mv "$file.new" "$file"
}

# kernel_initrd: Debian's kernel with ours, cached.
kernel_initrd() {
    kernel
    userland
    cached "$IDTNTB_CACHE/initrd" "$(cat "$(kernel_dir)/.key" "$(userland_dir)/.key" | tr '\n' ' ')" kernel_initrd_make
}

kernel_initrd_make() {
    mkdir -p "$1/tree"
    cp -r "$(kernel_dir)/modules/lib" "$1/tree/lib" || return 1
    initrd "$1/tree" "$1/initrd"
    rm -rf "$1/tree"
}
