#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make bench`: boot-to-shell time, million guest instructions per second, and memory beyond the
# guest's RAM, of lkvm's software CPU and of QEMU's TCG, measured in one run on the same guest.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "${BUILD:-build}" && pwd)
assets=$build/assets
qemu=$assets/qemu-system/qemu-system-loongarch64
boots=${BENCH_BOOTS:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The loops go into the guest as a second archive behind the initrd.
mkdir -p "$work/root/lib/tests"
clang++-19 --target=loongarch64-linux-gnu -std=c++20 -O2 -mlsx -ffreestanding -fno-exceptions \
    -fno-rtti -fno-stack-protector -nostdlib -static -fuse-ld=lld-19 \
    -o "$work/root/lib/tests/loops" tests/bench/loops.cpp
(cd "$work/root" && printf 'lib/tests/loops\n' | cpio -o -H newc --quiet) >"$work/loops.cpio"
cat "$assets/initrd.img" "$work/loops.cpio" >"$work/initrd.img"

echo "bench: lkvm, $boots boots" >&2
tests/bench/bench.exp "$boots" "$build/lkvm" run -k "$assets/vmlinuz" -i "$work/initrd.img" \
    -m 512@0x90000000 --accel soft >"$work/lkvm"
if [ -x "$qemu" ]; then
    echo "bench: QEMU TCG, $boots boots" >&2
    tests/bench/bench.exp "$boots" "$qemu" -M virt -cpu la464 -accel tcg -m 512 -nic none \
        -vga none -display none -monitor none -serial stdio -no-reboot \
        -kernel "$assets/vmlinux.elf" -initrd "$work/initrd.img" \
        -append "console=ttyS0 initcall_blacklist=i8042_init" >"$work/qemu" ||
        echo "bench: QEMU did not finish" >&2
fi

best() { # best FILE KEY: the least of the values
    { grep "^$2 " "$1" 2>/dev/null || true; } | awk '{ print $2 }' | sort -n | sed -n 1p
}
row() { # row TITLE KEY DIVISOR FORMAT BETTER
    local ours theirs
    ours=$(best "$work/lkvm" "$2") theirs=$(best "$work/qemu" "$2")
    awk -v title="$1" -v ours="$ours" -v theirs="$theirs" -v divisor="$3" -v format="$4" 'BEGIN {
        a = ours == "" ? "-" : sprintf(format, ours / divisor)
        b = theirs == "" ? "-" : sprintf(format, theirs / divisor)
        ratio = ours == "" || theirs == "" || theirs == 0 ? "-" : sprintf("%.2f", ours / theirs)
        printf "%-38s %10s %10s %8s\n", title, a, b, ratio
    }'
}
model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed -n 1p)
echo "host: ${model:-unknown}, $(nproc) CPUs; guest: Linux $(cat "$assets/kernel-release")"
printf '%-38s %10s %10s %8s\n' "" lkvm QEMU ratio
row "boot to shell, best of $boots (s)" boot_ms 1000 %.2f
row "integer loop (MIPS)" mips_integer 1 %d
row "memory loop (MIPS)" mips_memory 1 %d
row "floating-point loop (MIPS)" mips_floating 1 %d
row "vector loop, LSX (MIPS)" mips_vector 1 %d
row "memory beyond guest RAM, idle (MiB)" beyond_kib 1024 %.1f
row "memory beyond guest RAM, later (MiB)" beyond_after_kib 1024 %.1f
