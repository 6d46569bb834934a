#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes build/sysroot-loong64: headers and libraries of Debian's loong64 for cross-compiling with
# the machine's own clang. The layout is plain: include, include/c++, lib.
# usage: sysroot.sh [OUTPUT-FOLDER]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/../build/sysroot-loong64}
. "$here/packages.sh"

mkdir -p "$(dirname "$out")"
exec 8>"$(dirname "$out")/.sysroot.lock"
flock 8
stamp=$(cat "$here/sysroot.sh" | sha256sum)
[ "$(cat "$out/.stamp" 2>/dev/null)" != "$stamp" ] || exit 0

# shellcheck disable=SC2086
packages_open guest "amd64 loong64" ${LKVM_SUITES:-sid forky}
gcc=
for candidate in 14 15 13; do
    if [ -n "$(packages_uri "libstdc++-$candidate-dev-loong64-cross")" ]; then
        gcc=$candidate
        break
    fi
done
[ -n "$gcc" ] || die "no C++ library for cross-compiling to loong64 in these suites"
packages_fetch libc6-dev-loong64-cross libc6-loong64-cross linux-libc-dev \
    linux-libc-dev-loong64-cross "libstdc++-$gcc-dev-loong64-cross" \
    "libgcc-$gcc-dev-loong64-cross" libgcc-s1-loong64-cross libstdc++6-loong64-cross \
    libfdt-dev:loong64 libzstd-dev:loong64 zlib1g-dev:loong64 liblzma-dev:loong64 \
    liblz4-dev:loong64 libxxhash-dev:loong64 liburing-dev:loong64 libseccomp-dev:loong64 libcli11-dev \
    nlohmann-json3-dev

say "unpacking the loong64 sysroot (GCC $gcc libraries)"
work=$(mktemp -d "$(dirname "$out")/.sysroot-XXXXXX")
trap 'rm -rf "$work"' EXIT
for deb in "${PACKAGES_FILES[@]}"; do
    dpkg-deb -x "$deb" "$work/x"
done

# Cross packages keep the target under usr/loongarch64-linux-gnu, loong64's own under usr.
cross=$work/x/usr/loongarch64-linux-gnu native=$work/x/usr
mkdir -p "$work/root/usr"
# Headers of the kernel are links between the packages: copy what they point at.
cp -rL "$cross/include" "$work/root/usr/"
cp -a "$cross/lib" "$work/root/usr/"
for dir in "$native/include" "$native/include/loongarch64-linux-gnu"; do
    for entry in "$dir"/*; do
        name=${entry##*/}
        case $name in *-linux-* | *-gnu*) continue ;; esac
        [ -e "$work/root/usr/include/$name" ] || cp -rL "$entry" "$work/root/usr/include/"
    done
done
find "$native/lib/loongarch64-linux-gnu" -name '*.a' -exec cp -a {} "$work/root/usr/lib/" \;
cp -a "$native/lib/gcc-cross/loongarch64-linux-gnu/$gcc/." "$work/root/usr/lib/"
for dir in share/cmake lib/cmake; do
    [ ! -d "$native/$dir" ] || { mkdir -p "$work/root/usr/$dir" && cp -a "$native/$dir/." "$work/root/usr/$dir/"; }
done
# The linker scripts name absolute files of the package's layout.
{ grep -lIs 'GNU ld script' "$work"/root/usr/lib/*.so || true; } |
    xargs -r sed -i 's#/usr/loongarch64-linux-gnu/lib/##g'
rm -f "$work"/root/usr/lib/lib{asan,hwasan,lsan,tsan,ubsan,itm,gomp}*
# One fixed path for what carries the compiler's version.
cxx=$(find "$work/root/usr/include/c++" -mindepth 1 -maxdepth 1 | sed -n 1p)
[ -d "$cxx/loongarch64-linux-gnu" ] || die "unexpected layout of the C++ headers"
mv "$cxx" "$work/root/usr/include/cxx"
rmdir "$work/root/usr/include/c++"
ln -s usr/lib "$work/root/lib"
printf '%s\n' "$stamp" >"$work/root/.stamp"
rm -rf "$out"
mv "$work/root" "$out"
