# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Packages: what is installed on this machine, and what is fetched beside it with a private apt state.
# The archive's address is the one this machine's own apt uses. Sourced after lib.sh.

# need_packages PKG...: install those that are missing.
need_packages() {
    local missing=() p
    for p in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
    done
    [ ${#missing[@]} = 0 ] && return 0
    say "installing ${#missing[@]} packages: ${missing[*]}"
    local log="$IDTNTB_CACHE/logs/apt-install.log"
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600
        install --no-install-recommends "${missing[@]}")
    mkdir -p "${log%/*}"
    # The lists of a fresh machine may be absent or old: one more try with new ones.
    as_root "${install[@]}" >"$log" 2>&1 </dev/null && return 0
    as_root apt-get -q -o DPkg::Lock::Timeout=600 update >>"$log" 2>&1 || true
    if ! as_root "${install[@]}" >>"$log" 2>&1 </dev/null; then
        tail -n 5 "$log" >&2
        fail "cannot install ${missing[*]}: apt-get failed, see $log; is this Debian 12 with a working apt?"
    fi
}

# apt_repository RELEASE: the base address this machine uses for RELEASE (bookworm, bookworm-security) of Debian's
# archive; works before any list was fetched. Others publish a 'bookworm main' too: of several, Debian's is the one
# that has bookworm-updates as well, or lies where mirrors have it.
apt_repository() {
    local bases base
    bases=$(apt-get update --print-uris 2>/dev/null |
        sed -nE "s#^'([^']*)/dists/([^/']*)/main/binary-.*#\2 \1#p" | sort -u)
    for base in $(awk -v r="$1" '{ sub(/^(old)*stable/, "bookworm", $1) } $1 == r { print $2 }' <<<"$bases"); do
        if [[ $1 == *-security || $base =~ /debian/?$ ]] || grep -qE "(bookworm|stable)-updates $base\$" <<<"$bases"; then
            echo "$base/"
            return 0
        fi
    done
}

# apt_sources SUITE...: lines of a sources.list with binaries and sources.
apt_sources() {
    local main security suite uri
    main=$(apt_repository bookworm)
    [ -n "$main" ] ||
        fail "apt on this machine knows no suite 'bookworm' (component main): Debian 12 sources are needed in /etc/apt"
    security=$(apt_repository bookworm-security)
    for suite in "$@"; do
        uri=$main
        if [[ $suite == *-security ]]; then
            uri=$security
            [ -n "$uri" ] || continue
        fi
        printf 'deb %s %s main\ndeb-src %s %s main\n' "$uri" "$suite" "$uri" "$suite"
    done
}

# Suites of each private state.
apt_suites() {
    case $1 in
    bookworm) echo bookworm bookworm-updates bookworm-security ;;
    bookworm-backports) echo bookworm bookworm-backports ;;
    trixie) echo trixie ;;
    trixie-backports) echo trixie trixie-backports ;;
    forky) echo forky ;;
    *) fail "no suite '$1' is known to the scripts" ;;
    esac
}

# private_apt STATE TOOL ARG...: an apt tool on a state of our own: nothing is installed there, the
# machine's lists, cache and status stay untouched. Proxies and credentials of the machine still apply.
private_apt() {
    local dir="$IDTNTB_CACHE/apt/$1" tool=$2
    shift 2
    "$tool" -q -o APT::Get::Assume-Yes=1 -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o Dir::State="$dir/state" -o Dir::State::status="$dir/status" \
        -o Dir::Cache="$dir/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User=root \
        -o APT::Install-Recommends=0 -o Acquire::Languages=none "$@"
}

# apt_refresh STATE: create the state if needed and bring its lists up to date.
apt_refresh() {
    local state=$1 dir="$IDTNTB_CACHE/apt/$1" suites
    mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
    read -r -a suites <<<"$(apt_suites "$state")"
    apt_sources "${suites[@]}" >"$dir/sources.list.new"
    mv "$dir/sources.list.new" "$dir/sources.list"
    : >"$dir/status"
    say "reading the package lists of ${suites[*]}"
    quiet "$IDTNTB_CACHE/logs/apt-$state.log" private_apt "$state" apt-get update \
        -o APT::Update::Post-Invoke-Success::= -o Acquire::Retries=3
}

# apt_ready STATE: lists no older than a day, one maker at a time.
apt_ready() {
    local dir="$IDTNTB_CACHE/apt/$1"
    mkdir -p "$dir"
    (
        exec 8>"$dir/lock"
        flock 8
        [ -n "$(find "$dir/.ready" -mtime -1 2>/dev/null)" ] && exit 0
        apt_refresh "$1" 8>&-
        touch "$dir/.ready"
    ) || exit 1
}

# unpack_packages STATE DEST [-t SUITE] PKG...: the packages and nothing else, unpacked under DEST.
unpack_packages() {
    local state=$1 dest=$2
    shift 2
    apt_ready "$state"
    mkdir -p "$dest/.debs"
    (cd "$dest/.debs" && quiet "$IDTNTB_CACHE/logs/fetch-$state.log" private_apt "$state" apt-get download "$@") || exit 1
    unpack_debs "$dest"
}

# unpack_closure STATE DEST [-t SUITE] PKG...: the packages with all they depend on, unpacked under DEST.
unpack_closure() {
    local state=$1 dest=$2
    shift 2
    apt_ready "$state"
    mkdir -p "$dest/.debs/partial"
    quiet "$IDTNTB_CACHE/logs/fetch-$state.log" private_apt "$state" apt-get install --download-only \
        -o Dir::Cache::archives="$dest/.debs" "$@"
    unpack_debs "$dest"
}

unpack_debs() {
    local deb
    for deb in "$1"/.debs/*.deb; do
        dpkg-deb -x "$deb" "$1" || fail "$deb cannot be unpacked under $1; is there room, and is it a package?"
        dpkg-deb -W --showformat='${Package} ${Version}\n' "$deb" >>"$1/.packages"
    done
    rm -rf "$1/.debs"
}

# unpack_source STATE DEST SPEC: a Debian source package (name or name=version), patched, as DEST/src.
# Returns 1 when the archive no longer has that version (an index may be ahead of the files, or behind).
unpack_source() {
    local state=$1 dest=$2 spec=$3 log="$IDTNTB_CACHE/logs/source-$1.log"
    apt_ready "$state"
    mkdir -p "$dest"
    (cd "$dest" && private_apt "$state" apt-get source "$spec" >"$log" 2>&1) || return 1
    mv "$dest"/*/ "$dest/src"
    find "$dest" -maxdepth 1 -type f -delete
}

# unpack_upstream DEST POOLFILE SHA256: an upstream tarball of the archive's pool, by name and content.
unpack_upstream() {
    local dest=$1 file=$2 sum=$3 uri
    uri=$(apt_repository bookworm)
    mkdir -p "$dest/src" "$IDTNTB_CACHE/logs"
    /usr/lib/apt/apt-helper -q -o APT::Sandbox::User=root download-file "${uri%/}/pool/main/$file" \
        "$dest/upstream.tar" "SHA256:$sum" >"$IDTNTB_CACHE/logs/upstream.log" 2>&1 || return 1
    tar -C "$dest/src" --strip-components=1 -xf "$dest/upstream.tar" || return 1
    rm "$dest/upstream.tar"
}
