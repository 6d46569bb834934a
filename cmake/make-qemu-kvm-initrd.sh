#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packs build/assets/qemu-kvm.img: the initrd with Debian's own qemu-system-loongarch64 for loong64,
# the libraries it wants, and a guest for it: a KVM client that is not ours, for `lkvm run --lvz`.
# usage: make-qemu-kvm-initrd.sh ASSETS
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/packages.sh"
[ $# -eq 1 ] || die "usage: make-qemu-kvm-initrd.sh ASSETS"
assets=$(cd "$1" && pwd)
out=$assets/qemu-kvm.img

# Needed by no program that runs here.
unwanted="systemd libsystemd-shared libc-gconv-modules-extra ipxe-qemu seabios qemu-system-data
    openssl-provider-legacy libsasl2-modules-db libasound2-data libexecs1 gcc-16-base"

exec 8>"$assets/.qemu-kvm.lock"
flock 8
stamp=$(sha256sum "$here/make-qemu-kvm-initrd.sh" "$assets/.stamp" | cut -d" " -f1 | sha256sum)
if [ -s "$out" ] && [ "$(cat "$assets/.qemu-kvm.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

need_tools cpio tar llvm-readelf-19
# shellcheck disable=SC2086
packages_open userland loong64 ${LKVM_SUITES:-sid forky}
packages_closure qemu-system-misc
wanted=()
for name in "${PACKAGES_NAMES[@]}"; do
    case " ${unwanted//$'\n'/ } " in
    *" $name "*) ;;
    *) wanted+=("$name") ;;
    esac
done
say "QEMU $(apt_isolated apt-cache policy qemu-system-misc | sed -n 's/^ *Candidate: //p')" \
    "for loong64 and ${#wanted[@]} packages it needs"
packages_fetch "${wanted[@]}"

work=$(mktemp -d "$assets/.qemu-kvm-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/all" "$work/root"/{bin,guest,lib64,usr/lib/loongarch64-linux-gnu}
for deb in "${PACKAGES_FILES[@]}"; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/all" --keep-directory-symlink \
        --no-same-owner --wildcards --no-wildcards-match-slash --exclude='./usr/share' \
        --exclude='*/gconv' --exclude='./usr/lib/*/qemu'
done
program=$work/all/usr/bin/qemu-system-loongarch64
[ -x "$program" ] || die "this QEMU package has no LoongArch system emulator"

# The program and what it names as needed, with what that needs, and nothing else.
libraries=$work/root/usr/lib/loongarch64-linux-gnu
take() { # take FILE: the libraries it needs
    local name path
    for name in $(llvm-readelf-19 -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        [ ! -e "$libraries/$name" ] || continue
        case $name in ld-linux-*) continue ;; esac
        path=$(find "$work/all" -name "$name" -path '*/lib*' | sed -n 1p)
        [ -n "$path" ] || die "QEMU needs $name, which none of the packages has"
        cp -L "$path" "$libraries/$name"
        take "$libraries/$name"
    done
}
cp "$program" "$work/root/bin/"
take "$program"
loader=$(find "$work/all" -name 'ld-linux-*.so.*' | sed -n 1p)
[ -n "$loader" ] || die "no program loader in libc6"
cp -L "$loader" "$work/root/lib64/"

cp "$assets/vmlinux.elf" "$assets/initrd.img" "$work/root/guest/"
find "$work/root" -exec touch -h -d @0 {} +
{
    cat "$assets/initrd.img"
    (cd "$work/root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet --reproducible)
} >"$work/qemu-kvm.img"
mv "$work/qemu-kvm.img" "$out"
printf '%s\n' "$stamp" >"$assets/.qemu-kvm.stamp"
say "made qemu-kvm.img ($(du -sm "$out" | cut -f1) MB)"
