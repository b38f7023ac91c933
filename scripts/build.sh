# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The project's own build, outside the checkout: $CACHE/build/<hash of the checkout's path>/<preset>.
# Sourced after lib.sh, apt.sh and qemu-sdk.sh.

BUILD_PACKAGES=(build-essential cmake ninja-build pkg-config libglib2.0-dev libcmocka-dev libjson-c-dev libfuse3-dev liburing-dev)

# build_dir [PRESET]
# shellcheck disable=SC2120 # most ask for the default
build_dir() { echo "$IDTNTB_CACHE/build/$(printf '%s' "$IDTNTB_ROOT" | sha256sum | cut -c1-12)/${1:-release}"; }
ctl_binary() { echo "$(build_dir)/frontends/ctl/idtntbctl"; }
fuse_binary() { echo "$(build_dir)/frontends/fuse/idtntb-fuse"; }
daemon_binary() { echo "$(build_dir)/transports/uring-socket/idtntbd"; }
server_binary() { echo "$(build_dir)/transports/ivshmem/idtntb-ivshmem-server"; }
plugin_file() { echo "$(build_dir)/frontends/qemu/$1/idtntb-qemu.so"; }

# build_project SDK-VERSION...: the server and the device for each of these QEMUs.
build_project() {
    local dir log="$IDTNTB_CACHE/logs/build.log" targets=(idtntb-ivshmem-server idtntbd idtntbctl idtntb-fuse) sdks=() v vfio_user
    need_packages "${BUILD_PACKAGES[@]}"
    dir=$(build_dir)
    for v in "$@"; do
        targets+=("frontends/qemu/$v/idtntb-qemu.so")
    done
    # All SDKs there are, so that runs with different QEMUs do not reconfigure in turn.
    for v in 7.2 10.0 11.1; do
        [ -f "$(qemu_sdk_dir "$v")/version" ] && sdks+=("$(qemu_sdk_dir "$v")")
    done
    vfio_user=$(libvfio_user_prefix)
    if [ -n "$vfio_user" ]; then
        targets+=(idtntb-vfio-user)
    fi
    (
        mkdir -p "$dir"
        exec 9>"$dir.lock"
        flock 9
        local list key
        list=$(IFS=';' && echo "${sdks[*]}")
        # What decides whether the configuration still fits.
        key="$list $vfio_user"
        if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$dir/.sdks" 2>/dev/null)" != "$key" ]; then
            say "configuring the build in $dir"
            quiet "$log" cmake --preset release -S "$IDTNTB_ROOT" -B "$dir" "-DIDTNTB_QEMU_SDK=$list" \
                "-DIDTNTB_LIBVFIO_USER=$vfio_user"
            printf '%s\n' "$key" >"$dir/.sdks"
        fi
        quiet "$log" nice ninja -C "$dir" -j2 "${targets[@]}" 9>&-
    ) || exit 1
}
