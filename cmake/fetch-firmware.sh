#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real firmware (EDK II) for QEMU's LoongArch board, to start the EFI application on: into
# build/assets/firmware.
# usage: fetch-firmware.sh [OUTPUT-FOLDER]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/../build/assets/firmware}
. "$here/packages.sh"

[ ! -e "$out/code.fd" ] || exit 0
mkdir -p "$out"
out=$(cd "$out" && pwd)

# shellcheck disable=SC2086
packages_open firmware amd64 ${LKVM_FIRMWARE_SUITES:-trixie forky sid}
say "fetching qemu-efi-loongarch64 $(packages_field qemu-efi-loongarch64 Version)"
packages_fetch qemu-efi-loongarch64
rm -rf "$out/root"
dpkg-deb -x "${PACKAGES_FILES[0]}" "$out/root"
code=$(find "$out/root" -iname '*CODE*.fd' -o -iname 'QEMU_EFI*.fd' | sort | sed -n 1p)
[ -n "$code" ] || die "no firmware in the package: $(find "$out/root" -type f | paste -sd' ')"
cp "$code" "$out/code.fd.new"
mv "$out/code.fd.new" "$out/code.fd"
say "firmware is $out/code.fd"
