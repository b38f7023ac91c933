# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Common ground of every script: where things are, how to talk to the person, how to build a cache
# entry so that an interrupted one never counts as done. Sourced, never run.
# shellcheck disable=SC2034 # used by those who source this

IDTNTB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# From the root on: makers and tests work in other folders.
IDTNTB_CACHE=$(readlink -m -- "${IDTNTB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/idtntb}")

# say TEXT: a progress line. stdout is kept free for results.
say() { printf 'idtntb: %s\n' "$*" >&2; }

# fail TEXT: one line saying what, why and what would be right; ends the (sub)shell.
fail() {
    printf 'idtntb: error: %s\n' "$*" >&2
    exit 1
}

# usage_fail TEXT: same for a bad command line.
usage_fail() {
    printf 'idtntb: error: %s\n' "$*" >&2
    exit 2
}

# quiet LOG CMD...: run with the output in LOG; on failure show its end.
quiet() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        fail "'${1##*/} ${2:-}...' failed; the whole output is in $log"
    fi
}

# as_root CMD...: run as root, through sudo where needed.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "'$1' needs root and there is no sudo: run as root, or install sudo"
    fi
}

# recipe_key FILE...: a short hash of the scripts that make an entry; a changed recipe makes a new one.
recipe_key() { cat "$@" | sha256sum | cut -c1-12; }

# fresh DIR KEY: is DIR a finished entry made with KEY?
fresh() { [ -f "$1/.key" ] && [ "$(cat "$1/.key")" = "$2" ]; }

# cached DIR KEY FUNCTION [ARG...]: make sure DIR holds what `FUNCTION TMP ARG...` puts into TMP. One
# maker at a time; DIR appears by rename when all of it is there. Below `||` bash does not heed `set -e`: a maker says itself
# where a failure must end it, or returns it.
cached() {
    local dir=$1 key=$2
    shift 2
    fresh "$dir" "$key" && return 0
    mkdir -p "$(dirname "$dir")"
    (
        exec 9>"$dir.lock"
        if ! flock -n 9; then
            say "waiting for another run that makes ${dir#"$IDTNTB_CACHE"/}"
            flock 9
        fi
        fresh "$dir" "$key" && exit 0
        rm -rf "$dir.new" "$dir.old"
        mkdir -p "$dir.new"
        # 9>&-: a daemon started on the way must not keep the lock.
        "$1" "$dir.new" "${@:2}" 9>&- || fail "${dir#"$IDTNTB_CACHE"/} cannot be made: $1 failed"
        printf '%s\n' "$key" >"$dir.new/.key" || exit 1
        [ ! -e "$dir" ] || mv -T "$dir" "$dir.old" || exit 1
        mv -T "$dir.new" "$dir" || exit 1
        rm -rf "$dir.old"
    ) || exit 1
}
