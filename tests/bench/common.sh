# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the parts of `make bench` share. A part is tests/bench/NAME.sh: it says what it does on
# standard error and prints its rows of the table, nothing else, on standard output.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
build=$(cd "${BUILD:-build}" && pwd)
assets=$build/assets
qemu=$assets/qemu-system/qemu-system-loongarch64
firmware=$assets/qemu-system/QEMU_EFI.fd
work=$(mktemp -d "$build/bench-XXXXXX")
trap 'rm -rf "$work"' EXIT

note() { printf 'bench: %s\n' "$*" >&2; }

# heading TITLE COLUMN...: one to three columns; the first is divided by each of the others.
heading() {
    local title=$1
    shift
    printf '\n%-42s%11s%11s%11s' "$title" "$1" "${2:-}" "${3:-}"
    [ $# -lt 2 ] || printf '%14s' "$1/$2"
    [ $# -lt 3 ] || printf '%12s' "$1/$3"
    printf '\n'
}
# row TITLE FORMAT DIVISOR VALUE...: a value that is empty could not be had.
row() {
    local title=$1 format=$2 divisor=$3
    shift 3
    awk -v title="$title" -v format="$format" -v divisor="$divisor" 'BEGIN {
        printf "%-42s", title
        for (i = 1; i <= 3; ++i) {
            text = i < ARGC ? "-" : ""
            if (i < ARGC && ARGV[i] != "") text = sprintf(format, ARGV[i] / divisor)
            printf "%11s", text
        }
        for (i = 2; i < ARGC && i <= 3; ++i) {
            ratio = "-"
            if (ARGV[1] != "" && ARGV[i] + 0 != 0) ratio = sprintf("%.2f", ARGV[1] / ARGV[i])
            printf i == 2 ? "%14s" : "%12s", ratio
        }
        printf "\n"
    }' "$@"
}
# value FILE KEY: the first of the values that FILE has for KEY, empty if there is none
value() { awk -v key="$2" '$1 == key { print $2; exit }' "$1" 2>/dev/null || true; }
# least FILE KEY: the least of them
least() {
    awk -v key="$2" '$1 == key && (best == "" || $2 < best) { best = $2 } END { print best }' \
        "$1" 2>/dev/null || true
}

# The Debian guest that parts with devices use, two CPUs and 1 GiB, in both emulators.
lkvm_guest() { # lkvm_guest COMMANDS OPTION...
    local commands=$1
    shift
    tests/bench/shell.exp "$commands" "$build/lkvm" run --accel soft -k "$assets/vmlinuz" \
        -i "$assets/initrd.img" -m 1G@0x90000000 -c 2 -d "$assets/rootfs.img,ro" \
        -p "root=/dev/vda ro" "$@"
}
# With device trees QEMU's machine has no PCI for this kernel: its firmware makes ACPI tables.
can_run_qemu() { [ -x "$qemu" ] && [ -e "$firmware" ]; }
qemu_guest() { # qemu_guest COMMANDS OPTION...
    local commands=$1
    shift
    tests/bench/shell.exp "$commands" "$qemu" -M virt -cpu la464 -accel tcg -m 1024 -smp 2 \
        -vga none -display none -monitor none -serial stdio -no-reboot -bios "$firmware" \
        -kernel "$assets/vmlinuz" -initrd "$assets/initrd.img" \
        -drive "file=$assets/rootfs.img,format=raw,if=none,id=root,readonly=on" \
        -device virtio-blk-pci,drive=root -append "console=ttyS0 root=/dev/vda ro" "$@"
}
