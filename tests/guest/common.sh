# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the shell tests share. By hand, a test runs on what `make` built.
build=$(cd "$(dirname "$0")/../.." && pwd)/build
lkvm=${LKVM:-$build/lkvm}
assets=${LKVM_ASSETS:-$build/assets}
kernel=$assets/vmlinuz initrd=$assets/initrd.img
for file in "$lkvm" "$kernel" "$initrd"; do
    if [ ! -e "$file" ]; then
        echo "skipped: no $file"
        exit 77
    fi
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

faults=0
fault() {
    printf 'FAIL: %s\n' "$*"
    faults=$((faults + 1))
}
finish() {
    [ $faults -eq 0 ] || {
        printf '%d fault(s)\n' $faults
        exit 1
    }
}
