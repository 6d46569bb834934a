#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packs build/assets/zones.img: the initrd with the loong64 lkvm, for a zone that manages others.
# usage: make-zones-initrd.sh ASSETS LKVM-FOR-LOONG64
set -euo pipefail

[ $# -eq 2 ] || {
    echo "lkvm: error: usage: make-zones-initrd.sh ASSETS LKVM-FOR-LOONG64" >&2
    exit 1
}
assets=$1 lkvm=$2 out=$1/zones.img
newer=$(find "$lkvm" "$assets/initrd.img" "${BASH_SOURCE[0]}" -newer "$out" 2>/dev/null || echo all)
[ -n "$newer" ] || exit 0

work=$(mktemp -d "$assets/.zones-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin"
llvm-strip-19 -o "$work/root/bin/lkvm" "$lkvm"
{
    cat "$assets/initrd.img"
    (cd "$work/root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet)
} >"$work/zones.img"
mv "$work/zones.img" "$out"
