#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Install a build into a place of its own, and build outside programs from there: ours, both ways, and that of the manual page.
# usage: run.sh SOURCE_DIR BUILD_DIR; CC, CXX and CFLAGS as the build had them.
set -eu

source=$1
build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

say() {
    printf '== %s\n' "$*"
}

say "install"
cmake --install "$build" --prefix "$prefix" >/dev/null
pc=$(find "$prefix" -name idtntb.pc)
[ -n "$pc" ] || { echo "idtntb.pc was not installed"; exit 1; }
libdir=$(dirname "$(dirname "$pc")")

say "pkg-config"
export PKG_CONFIG_PATH="$libdir/pkgconfig"
# The words of CFLAGS and of pkg-config are meant to be split.
# shellcheck disable=SC2046,SC2086
${CC:-cc} ${CFLAGS:-} -std=c11 -Wall -Wextra -Werror -o "$work/with-pkg-config" "$source/two-ports.c" \
    $(pkg-config --cflags --libs "idtntb >= 0.1")
LD_LIBRARY_PATH="$libdir" "$work/with-pkg-config"

say "the program in libidtntb(3)"
sed -n '/^\.SH EXAMPLE/,/^\.SH SEE/{/^\.RS/,/^\.RE/{/^\./d;s/\\e/\\/g;s/\\-/-/g;p;};}' "$(find "$prefix" -name libidtntb.3)" >"$work/example.c"
# shellcheck disable=SC2046,SC2086
${CC:-cc} ${CFLAGS:-} -std=c11 -Wall -Werror -o "$work/example" "$work/example.c" $(pkg-config --cflags --libs idtntb)
LD_LIBRARY_PATH="$libdir" "$work/example" >"$work/example.out"
grep -qx 'INTA of one: 1' "$work/example.out" && grep -qx 'INDBELLSTS 1' "$work/example.out" ||
    { echo "the program in libidtntb(3) says: $(cat "$work/example.out")"; exit 1; }

say "find_package"
mkdir "$work/outside"
cp "$source/two-ports.c" "$work/outside/"
cp "$source/project.cmake" "$work/outside/CMakeLists.txt"
cmake -S "$work/outside" -B "$work/outside/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="${CFLAGS:-}" >/dev/null
cmake --build "$work/outside/build" >/dev/null
"$work/outside/build/with-idtntb"
"$work/outside/build/with-idtntb_static"

say "only the public names are exported"
exported=$(nm -D --defined-only "$libdir/libidtntb.so" | awk '$2 != "A" { sub("@.*", "", $3); print $3 }')
other=$(printf '%s\n' "$exported" | grep -v '^idtntb_' || true)
[ -z "$other" ] || { printf 'exported but not public: %s\n' "$other"; exit 1; }
for name in $(grep -ho 'idtntb_[a-z_]*(' "$prefix/include/idtntb.h" | tr -d '(' | sort -u); do
    printf '%s\n' "$exported" | grep -qx "$name" || { echo "declared but not exported: $name"; exit 1; }
done

say "headers in C and in C++"
for header in "$prefix"/include/*.h; do
    echo "#include <$(basename "$header")>" >"$work/header.c"
    cp "$work/header.c" "$work/header.cpp"
    ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$prefix/include" -fsyntax-only "$work/header.c"
    ${CXX:-g++} -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$prefix/include" -fsyntax-only "$work/header.cpp"
done
