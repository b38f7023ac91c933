# SPDX-License-Identifier: BSD-3-Clause
# What a test says and asserts. The first reason noted is the one reported.

# step TEXT: what is being done now, in the log and in the reason of a failure.
step() {
    printf '[%4d s] %s\n' "$SECONDS" "$*"
    printf '%s' "$*" >"$E2E_DIR/step"
}

note_reason() {
    [ -s "$E2E_DIR/reason" ] || printf '%s' "$*" >"$E2E_DIR/reason"
}

# give_up REASON: the test has failed.
give_up() {
    trap - ERR
    note_reason "$*"
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# skip REASON: the test cannot be done here.
skip() {
    printf '%s' "$*" >"$E2E_DIR/reason"
    touch "$E2E_DIR/skipped"
    exit 77
}

# is WHAT ACTUAL EXPECTED
is() {
    [ "$2" = "$3" ] || give_up "$1: is '$2', should be '$3'"
    printf '         %s = %s\n' "$1" "$2"
}

# has WHAT TEXT PATTERN: an extended regular expression.
has() {
    grep -Eq -- "$3" <<<"$2" || give_up "$1: no match of '$3' in '$(head -c 400 <<<"$2")'"
    printf '         %s matches %s\n' "$1" "$3"
}

# above WHAT ACTUAL BOUND: integers.
above() {
    [ "$2" -gt "$3" ] || give_up "$1: is $2, should be above $3"
    printf '         %s = %s, above %s\n' "$1" "$2" "$3"
}

# eventually SECONDS WHAT EXPECTED CMD...: CMD's output becomes EXPECTED within the time.
eventually() {
    local until=$((SECONDS + $1)) what=$2 expected=$3 actual
    shift 3
    while :; do
        actual=$("$@" 2>&1) || true
        if [ "$actual" = "$expected" ]; then
            printf '         %s = %s\n' "$what" "$actual"
            return 0
        fi
        [ "$SECONDS" -lt "$until" ] || give_up "$what: still '$actual', should become '$expected'"
        sleep 0.2
    done
}

# refused WHAT PATTERN CMD...: CMD ends by itself, non-zero, and a line that it says matches PATTERN.
refused() {
    local what=$1 pattern=$2 status=0 out
    shift 2
    out=$(timeout --kill-after=5 60 "$@" 2>&1 </dev/null) || status=$?
    printf '         %s ... %s -> %s: %s\n' "${1##*/}" "${*: -1}" "$status" "$(tail -n 1 <<<"$out")"
    case $status in
    0) give_up "$what: was accepted" ;;
    124 | 137) give_up "$what: did not end within 60 s" ;;
    esac
    has "$what" "$out" "$pattern"
}
