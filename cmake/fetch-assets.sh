#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the guest files under build/assets: Debian's loong64 kernel in three forms, an initrd of
# busybox and the virtio modules, and the user-mode QEMU that tests compare against.
#   vmlinuz       as Debian ships it (EFI zboot)
#   vmlinux.efi   its payload: the PE Image
#   vmlinux.elf   the same memory image as an ELF file at Linux' link address
#   initrd.img    see cmake/initrd
# usage: fetch-assets.sh [OUTPUT-FOLDER]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/../build/assets}
. "$here/packages.sh"

suites=${LKVM_SUITES:-sid forky}
# What the initrd carries, by file name; dependencies come along.
modules="virtio_mmio virtio_blk virtio_net 9pnet_virtio 9p vmw_vsock_virtio_transport
    virtio-rng virtio_balloon ext4 overlay loop tun
    evdev opencores-kbd"

mkdir -p "$out"
out=$(cd "$out" && pwd)
exec 8>"$out/.lock"
flock 8

# What the result depends on: when nothing of it changed there is nothing to do.
stamp=$(find "$here"/{fetch-assets,image-forms,make-initrd}.sh "$here/initrd" \
    "$here/../tests/guest/scripts" -type f -exec sha256sum {} + 2>/dev/null |
    cut -d" " -f1 | sort | sha256sum || true)
complete=1
for file in vmlinuz vmlinux.efi vmlinux.elf initrd.img bin/qemu-loongarch64; do
    [ -s "$out/$file" ] || complete=0
done
if [ $complete = 1 ] && [ "$(cat "$out/.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

need_tools cpio zstd gzip xz od tar
work=$(mktemp -d "$out/.work-XXXXXX")
trap 'rm -rf "$work"' EXIT
fs() { dpkg-deb --fsys-tarfile "$1"; }

# shellcheck disable=SC2086
packages_open guest "amd64 loong64" $suites
release=$(packages_field linux-image-loong64:loong64 Depends |
    grep -oE 'linux-image-[0-9][^ ,]*' | sed -n "1s/^linux-image-//p")
[ -n "$release" ] || die "no loong64 kernel found in: $suites"
if [ -n "$(packages_uri "linux-binary-$release:loong64")" ]; then
    kernel_package=linux-binary-$release
else
    kernel_package=linux-image-$release
fi
module_package=
[ -z "$(packages_uri "linux-modules-$release:loong64")" ] || module_package=linux-modules-$release
say "guest kernel $release"
# shellcheck disable=SC2086
packages_fetch $kernel_package:loong64 busybox-static:loong64 qemu-user \
    ${module_package:+$module_package:loong64}
kernel_deb=${PACKAGES_FILES[0]} busybox_deb=${PACKAGES_FILES[1]} qemu_deb=${PACKAGES_FILES[2]}
module_deb=${PACKAGES_FILES[3]:-$kernel_deb}

say "unpacking the kernel"
fs "$kernel_deb" | tar -x -C "$work" --wildcards '*/vmlinu[xz]*'
kernel=$(find "$work" -type f -name 'vmlinu[xz]*' | sed -n 1p)
[ -n "$kernel" ] || die "no kernel image in $(basename "$kernel_deb")"
"$here/image-forms.sh" "$kernel" "$work/vmlinux.efi" "$work/vmlinux.elf"

say "making initrd.img"
"$here/make-initrd.sh" "$work/initrd.img" "$release" "$busybox_deb" "$module_deb" $modules

mkdir -p "$out/bin"
fs "$qemu_deb" | tar -x -C "$work" ./usr/bin/qemu-loongarch64 ||
    die "no qemu-loongarch64 in $(basename "$qemu_deb")"

mv "$kernel" "$out/vmlinuz"
mv "$work/vmlinux.efi" "$work/vmlinux.elf" "$work/initrd.img" "$out/"
mv "$work/usr/bin/qemu-loongarch64" "$out/bin/"
printf '%s\n' "$release" >"$out/kernel-release"
printf '%s\n' "$stamp" >"$out/.stamp"
say "guest files are in $out"
