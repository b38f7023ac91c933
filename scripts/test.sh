# SPDX-License-Identifier: BSD-3-Clause
# ./idtntb test: set-up, builds with warnings as errors, all test programs (release, address and thread sanitizers),
# style, installation, API documentation, then guests (tests/guest/run). Ends with one line that sums it up.
# Sourced after the other scripts; every part runs even when an earlier one failed.
# shellcheck shell=bash

TEST_PACKAGES=(build-essential g++ cmake ninja-build pkg-config libcmocka-dev libjson-c-dev libfuse3-dev fuse3 clang-format doxygen graphviz
    shellcheck libglib2.0-dev perl socat openssh-client iproute2)

test_help() {
    cat <<'TEXT'
Usage: ./idtntb test [--quick] [--no-guests] [GUEST-TEST...]

Runs the whole test suite; everything it needs is set up first (half an hour on two cores when nothing is there yet).
  --quick       only the release build and its tests
  --no-guests   all but the guest tests
  GUEST-TEST    only these guest tests (tests/guest/run --list) and nothing before them but the build
The last line says 'N passed, N failed, N skipped'. Exit status: 0 when none failed.
TEXT
}

TESTS_PASSED=0 TESTS_FAILED=0 TESTS_SKIPPED=0

# checked NAME CMD...: one check; its output is kept and shown when it fails.
checked() {
    local name=$1 log="$IDTNTB_CACHE/logs/test-${1// /-}.log" start=$SECONDS
    shift
    mkdir -p "${log%/*}"
    if ("$@") >"$log" 2>&1 </dev/null; then
        echo "ok $name ($((SECONDS - start)) s)"
        TESTS_PASSED=$((TESTS_PASSED + 1))
    else
        tail -n 40 "$log"
        echo "FAILED $name: see $log"
        TESTS_FAILED=$((TESTS_FAILED + 1))
        return 1
    fi
}

# test_build PRESET [OPTION...]: configure and build all of it, warnings are errors.
test_build() {
    local dir
    dir=$(build_dir "$1")
    mkdir -p "$dir"
    (
        flock 9
        nice cmake --preset "$1" -S "$IDTNTB_ROOT" -B "$dir" -DIDTNTB_WERROR=ON \
            "-DIDTNTB_LIBVFIO_USER=$(libvfio_user_prefix)" "${@:2}" 9>&- &&
            nice cmake --build "$dir" 9>&-
    ) 9>"$dir.lock"
}

# test_release: the build that runs use too, with the device for every QEMU there is an SDK of.
test_release() {
    local list=() v
    for v in 7.2 10.0 11.1; do
        [ ! -f "$(qemu_sdk_dir "$v")/version" ] || list+=("$(qemu_sdk_dir "$v")")
    done
    test_build release "-DIDTNTB_QEMU_SDK=$(IFS=';' && echo "${list[*]}")" || return 1
    (IFS=';' && echo "${list[*]} $(libvfio_user_prefix)") >"$(build_dir release)/.sdks"
}

# test_ctest PRESET: all tests of a build, counted one by one.
test_ctest() {
    local preset=$1 dir junit log start=$SECONDS total failed skipped
    dir=$(build_dir "$preset")
    junit=$dir/tests.xml log="$IDTNTB_CACHE/logs/test-ctest-$preset.log"
    rm -f "$junit"
    # Most of them wait most of the time, so there may be more than processors. Each has a limit of its own.
    (cd "$dir" && ctest -j4 --output-on-failure --timeout 300 --output-junit "$junit") >"$log" 2>&1 </dev/null || true
    if [ ! -f "$junit" ]; then
        echo "FAILED ctest $preset: it did not finish, see $log"
        TESTS_FAILED=$((TESTS_FAILED + 1))
        return 0
    fi
    total=$(test_count tests "$junit")
    failed=$(test_count failures "$junit")
    skipped=$(($(test_count skipped "$junit") + $(test_count disabled "$junit")))
    if [ "$failed" != 0 ]; then
        grep -vE '^ +Start |Passed' "$log" | tail -n 60
        echo "FAILED ctest $preset: $failed of $total, see $log"
    elif [ "$total" = 0 ]; then
        echo "FAILED ctest $preset: there are no tests in $dir"
        failed=1
    else
        echo "ok ctest $preset: $((total - skipped)) passed, $skipped skipped ($((SECONDS - start)) s)"
    fi
    [ "$skipped" = 0 ] || grep -E '\*\*\*(Skipped|Not Run)' "$log" | sed 's/^/    /' || true
    TESTS_PASSED=$((TESTS_PASSED + total - failed - skipped))
    TESTS_FAILED=$((TESTS_FAILED + failed))
    TESTS_SKIPPED=$((TESTS_SKIPPED + skipped))
}

# test_count ATTRIBUTE FILE: of the first <testsuite>.
test_count() { grep -o -m 1 "\b$1=\"[0-9]*\"" "$2" | head -n 1 | tr -dc 0-9 | sed 's/^$/0/'; }

# Style of every C file of the tree.
test_format() {
    cd "$IDTNTB_ROOT" || return 1
    find libidtntb transports inspect frontends tests tools bench guest -name '*.[ch]' -print0 |
        xargs -0 clang-format --dry-run -Werror
}

test_shellcheck() {
    cd "$IDTNTB_ROOT" || return 1
    find scripts tests .ci idtntb guest/profile -type f \( -name '*.sh' -o -name run -o -name idtntb -o -name profile \) -print0 |
        xargs -0 shellcheck -s bash -x -S warning &&
        shellcheck -s sh -S warning guest/init guest/ntb-report tools/*.sh frontends/qemu/tree/add-to-qemu
}

test_guests() {
    local line
    "$IDTNTB_ROOT/tests/guest/run" "$@" </dev/null | tee "$IDTNTB_CACHE/logs/test-guests.log" || true
    line=$(tail -n 1 "$IDTNTB_CACHE/logs/test-guests.log")
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
        TESTS_PASSED=$((TESTS_PASSED + BASH_REMATCH[1]))
        TESTS_FAILED=$((TESTS_FAILED + BASH_REMATCH[2]))
        TESTS_SKIPPED=$((TESTS_SKIPPED + BASH_REMATCH[3]))
    else
        echo "FAILED guest tests: the runner did not finish"
        TESTS_FAILED=$((TESTS_FAILED + 1))
    fi
}

# test_set_up: what the tests need beyond the packages; each is a check of its own.
test_set_up() {
    local v
    checked "set-up: QEMU 7.2, installed" qemu_sdk 7.2 || true
    checked "set-up: guest kernel and userland" kernel_initrd || true
    checked "set-up: QEMU's own ivshmem-server" stock_server || true
    checked "set-up: libvfio-user" libvfio_user || true
    for v in 10.0 11.1; do
        checked "set-up: QEMU $v, unpacked beside the system" qemu_sdk "$v" || true
    done
}

test_programs() {
    local preset
    checked "build release" test_release && test_ctest release
    [ -z "$QUICK" ] || return 0
    for preset in asan tsan; do
        checked "build $preset" test_build "$preset" && test_ctest "$preset"
    done
    checked "clang-format" test_format || true
    checked "shellcheck" test_shellcheck || true
    checked "doxygen" cmake --build "$(build_dir release)" --target doxygen || true
    checked "build QEMU with the device in its tree" qemu_with_device || true
}

test_main() {
    local QUICK="" guests=1 names=()
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help)
            test_help
            return 0
            ;;
        --quick) QUICK=1 guests="" ;;
        --no-guests) guests="" ;;
        -*) usage_fail "test has no option '$1'; --quick, --no-guests or names of guest tests expected" ;;
        *)
            [ -f "$IDTNTB_ROOT/tests/guest/$1.sh" ] ||
                usage_fail "test '$1': no such guest test; $("$IDTNTB_ROOT/tests/guest/run" --list | tr '\n' ' ')expected"
            names+=("$1")
            ;;
        esac
        shift
    done
    need_packages "${TEST_PACKAGES[@]}" "${BUILD_PACKAGES[@]}" qemu-system-x86
    if [ ${#names[@]} -gt 0 ]; then
        test_guests "${names[@]}"
    else
        test_set_up
        test_programs
        [ -z "$guests" ] || test_guests
    fi
    echo "$TESTS_PASSED passed, $TESTS_FAILED failed, $TESTS_SKIPPED skipped"
    [ "$TESTS_FAILED" = 0 ]
}
