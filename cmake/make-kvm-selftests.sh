#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packs build/assets/kvm-selftests.img: the initrd with the Linux kernel's own KVM selftests for
# LoongArch, cross-built with clang from Debian's linux-source package. The source is unpacked only as
# far as they need it, and is gone afterwards. Guests have no vector units switched on: hence
# -mno-lsx.
# usage: make-kvm-selftests.sh ASSETS SYSROOT
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/packages.sh"
[ $# -eq 2 ] || die "usage: make-kvm-selftests.sh ASSETS SYSROOT"
assets=$(cd "$1" && pwd)
sysroot=$(cd "$2" && pwd)
out=$assets/kvm-selftests.img

exec 8>"$assets/.kvm-selftests.lock"
flock 8
stamp=$(sha256sum "$here/make-kvm-selftests.sh" "$assets/.stamp" "$sysroot/.stamp" |
    cut -d" " -f1 | sha256sum)
if [ -s "$out" ] && [ "$(cat "$assets/.kvm-selftests.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

need_tools clang-19 cpio llvm-strip-19 make tar xz
# shellcheck disable=SC2086
packages_open userland loong64 ${LKVM_SUITES:-sid forky}
# The source of the kernel that runs them, if the suite still has it.
source=linux-source-$(sed -n 's/^\([0-9]*\.[0-9]*\).*/\1/p' "$assets/kernel-release")
[ -n "$(packages_uri "$source")" ] ||
    source=$(packages_field linux-source Depends | grep -oE 'linux-source-[0-9.]+' | sed -n 1p)
packages_fetch "$source"

work=$(mktemp -d "$assets/.kvm-selftests-XXXXXX")
trap 'rm -rf "$work"' EXIT
say "unpacking the selftests of $source"
mkdir -p "$work/linux" "$work/build" "$work/root/kvm-selftests"
dpkg-deb --fsys-tarfile "${PACKAGES_FILES[0]}" | tar -x -O --wildcards '*/linux-source-*.tar.xz' |
    xz -dc -T0 | tar -x -C "$work/linux" --strip-components=1 --wildcards \
    '*/tools/testing/selftests/kvm' '*/tools/testing/selftests/*.mk' \
    '*/tools/testing/selftests/*.h' '*/tools/testing/selftests/cgroup' \
    '*/tools/testing/selftests/rseq' '*/tools/include' '*/tools/arch/loongarch' '*/tools/build' \
    '*/tools/scripts' '*/tools/lib' '*/scripts/subarch.include'

say "building the selftests"
tests=$work/linux/tools/testing/selftests/kvm
flags="--target=loongarch64-linux-gnu --sysroot=$sysroot -mno-lsx -mno-lasx -fuse-ld=lld-19 -static"
if ! make -C "$tests" -j "$(nproc)" ARCH=loongarch OUTPUT="$work/build" \
    CC="clang-19 $flags -B$sysroot/usr/lib -L$sysroot/usr/lib -Wno-unused-command-line-argument" \
    >"$work/log" 2>&1; then
    tail -20 "$work/log" >&2
    die "the selftests of $source do not build"
fi
names=$(sed -n 's/^TEST_GEN_PROGS_loongarch *+*= *//p' "$tests/Makefile.kvm")
for name in $names; do
    llvm-strip-19 -o "$work/root/kvm-selftests/${name##*/}" "$work/build/$name"
done
find "$work/root" -exec touch -h -d @0 {} +
{
    cat "$assets/initrd.img"
    (cd "$work/root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet --reproducible)
} >"$work/kvm-selftests.img"
mv "$work/kvm-selftests.img" "$out"
printf '%s\n' "$stamp" >"$assets/.kvm-selftests.stamp"
say "made kvm-selftests.img ($(wc -w <<<"$names") tests)"
