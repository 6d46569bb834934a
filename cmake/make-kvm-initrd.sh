#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packs build/assets/kvm.img: the initrd with the loong64 lkvm and a guest for it, for KVM inside
# `lkvm run --lvz`.
# usage: make-kvm-initrd.sh ASSETS LKVM-FOR-LOONG64
set -euo pipefail

[ $# -eq 2 ] || {
    echo "lkvm: error: usage: make-kvm-initrd.sh ASSETS LKVM-FOR-LOONG64" >&2
    exit 1
}
assets=$1 lkvm=$2 out=$1/kvm.img
[ ! "$out" -nt "$lkvm" ] || [ ! "$out" -nt "$assets/initrd.img" ] ||
    [ ! "$out" -nt "$assets/vmlinuz" ] || exit 0

work=$(mktemp -d "$assets/.kvm-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/guest"
llvm-strip-19 -o "$work/root/bin/lkvm" "$lkvm"
cp "$assets/vmlinuz" "$assets/initrd.img" "$work/root/guest/"
{
    cat "$assets/initrd.img"
    (cd "$work/root" && find . | sort | cpio -o -H newc --quiet)
} >"$work/kvm.img"
mv "$work/kvm.img" "$out"
