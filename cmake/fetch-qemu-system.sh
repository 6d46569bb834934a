#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Optional peer for comparisons ('make bench'): QEMU's LoongArch system emulator with the libraries
# it wants, unpacked into build/assets/qemu-system. Run it as
# build/assets/qemu-system/qemu-system-loongarch64. With its UEFI firmware (QEMU_EFI.fd), which
# guests with PCI devices need: the kernel finds PCI in ACPI tables only.
# usage: fetch-qemu-system.sh [OUTPUT-FOLDER]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/../build/assets/qemu-system}
. "$here/packages.sh"

# The firmware is another suite's. Without it comparisons with devices are left out.
fetch_firmware() (
    # shellcheck disable=SC2086
    packages_open guest "amd64 loong64" ${LKVM_SUITES:-sid forky}
    packages_fetch qemu-efi-loongarch64
    dpkg-deb --fsys-tarfile "${PACKAGES_FILES[0]}" |
        tar -x -O --wildcards '*/QEMU_EFI.fd' >"$out/QEMU_EFI.new" || exit 1
    mv "$out/QEMU_EFI.new" "$out/QEMU_EFI.fd"
)
add_firmware() {
    [ ! -s "$out/QEMU_EFI.fd" ] || return 0
    fetch_firmware || say "warning: no firmware for QEMU"
}

if [ -x "$out/qemu-system-loongarch64" ]; then
    add_firmware
    exit 0
fi
case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) die "no QEMU for $(uname -m) here" ;;
esac
rm -rf "$out"
mkdir -p "$out/root"
out=$(cd "$out" && pwd)
trap '[ -x "$out/qemu-system-loongarch64" ] || rm -rf "$out"' EXIT

# shellcheck disable=SC2086
packages_open qemu-system $arch ${LKVM_QEMU_SUITES:-bookworm-backports bookworm}
packages_closure qemu-system-misc
# Programs that come along but are of no use here.
wanted=()
for name in "${PACKAGES_NAMES[@]}"; do
    case $name in
    opensbi | qemu-system-riscv | qemu-system-s390x | debconf | adduser | passwd) ;;
    *) wanted+=("$name") ;;
    esac
done
say "fetching QEMU $(packages_field qemu-system-misc Version) and ${#wanted[@]} packages it needs"
packages_fetch "${wanted[@]}"
for deb in "${PACKAGES_FILES[@]}"; do
    dpkg-deb -x "$deb" "$out/root"
done

# The libraries go with the loader of the same release, whatever the system has.
loader=$(find "$out/root" -name 'ld-linux-*.so.*' -path '*/lib*' | sed -n 1p)
libraries=$(find "$out/root" -name '*.so.*' -path '*-linux-gnu/*' -printf '%h\n' | sort -u | paste -sd:)
[ -n "$loader" ] && [ -x "$out/root/usr/bin/qemu-system-loongarch64" ] ||
    die "this QEMU package has no LoongArch system emulator"
cat >"$out/start" <<START
#!/bin/sh
root=\$(dirname "\$0")/root
libraries='$libraries'
libraries=\$(printf %s "\$libraries" | sed "s#$out/root#\$root#g")
exec "\$root${loader#"$out/root"}" --library-path "\$libraries" \\
    "\$root/usr/bin/qemu-system-loongarch64" -L "\$root/usr/share/qemu" "\$@"
START
chmod 755 "$out/start"
"$out/start" --version >/dev/null || die "the unpacked QEMU does not run"
mv "$out/start" "$out/qemu-system-loongarch64"
add_firmware
say "QEMU is in $out"
