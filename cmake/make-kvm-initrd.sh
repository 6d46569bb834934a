#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packs build/assets/kvm.img: the initrd with the loong64 lkvm and a guest for it, for KVM inside
# `lkvm run --lvz`, and the programs of tests/guest/programs; the guest has vector-sum, too.
# usage: make-kvm-initrd.sh ASSETS LKVM-FOR-LOONG64 SYSROOT
set -euo pipefail

[ $# -eq 3 ] || {
    echo "lkvm: error: usage: make-kvm-initrd.sh ASSETS LKVM-FOR-LOONG64 SYSROOT" >&2
    exit 1
}
assets=$1 lkvm=$2 sysroot=$(cd "$3" && pwd) out=$1/kvm.img
programs=$(cd "$(dirname "${BASH_SOURCE[0]}")/../tests/guest/programs" && pwd)
newer=$(find "$lkvm" "$assets/initrd.img" "$assets/vmlinuz" "$programs" "${BASH_SOURCE[0]}" \
    -newer "$out" 2>/dev/null || echo all)
[ -n "$newer" ] || exit 0

work=$(mktemp -d "$assets/.kvm-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/guest" "$work/inner/bin"
for source in "$programs"/*.cpp; do
    name=$(basename "$source" .cpp)
    clang++-19 --target=loongarch64-linux-gnu "--sysroot=$sysroot" -std=c++20 -O2 -mlasx -Wall \
        -Wextra -nostdinc++ -isystem "$sysroot/usr/include/cxx" \
        -isystem "$sysroot/usr/include/cxx/loongarch64-linux-gnu" -fuse-ld=lld-19 -static -s \
        "-B$sysroot/usr/lib" "-L$sysroot/usr/lib" -o "$work/root/bin/${name//_/-}" "$source"
done
pack() { (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet); }
cp "$work/root/bin/vector-sum" "$work/inner/bin/"
llvm-strip-19 -o "$work/root/bin/lkvm" "$lkvm"
cp "$assets/vmlinuz" "$work/root/guest/"
{
    cat "$assets/initrd.img"
    pack "$work/inner"
} >"$work/root/guest/initrd.img"
{
    cat "$assets/initrd.img"
    pack "$work/root"
} >"$work/kvm.img"
mv "$work/kvm.img" "$out"
