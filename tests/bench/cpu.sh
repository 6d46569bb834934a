#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Part of `make bench`: boot-to-shell time, million guest instructions per second, and memory beyond
# the guest's RAM, of lkvm's software CPU and of QEMU's TCG on the same guest.
set -euo pipefail
. "$(dirname "$0")/common.sh"
boots=${BENCH_BOOTS:-3}

# The loops go into the guest as a second archive behind the initrd.
mkdir -p "$work/root/lib/tests"
clang++-19 --target=loongarch64-linux-gnu -std=c++20 -O2 -mlsx -ffreestanding -fno-exceptions \
    -fno-rtti -fno-stack-protector -nostdlib -static -fuse-ld=lld-19 \
    -o "$work/root/lib/tests/loops" tests/bench/loops.cpp
(cd "$work/root" && printf 'lib/tests/loops\n' | cpio -o -H newc --quiet) >"$work/loops.cpio"
cat "$assets/initrd.img" "$work/loops.cpio" >"$work/initrd.img"

note "boot and loops in lkvm, $boots boots"
tests/bench/cpu.exp "$boots" "$build/lkvm" run -k "$assets/vmlinuz" -i "$work/initrd.img" \
    -m 512@0x90000000 --accel soft >"$work/lkvm"
if [ -x "$qemu" ]; then
    note "boot and loops in QEMU TCG, $boots boots"
    tests/bench/cpu.exp "$boots" "$qemu" -M virt -cpu la464 -accel tcg -m 512 -nic none \
        -vga none -display none -monitor none -serial stdio -no-reboot \
        -kernel "$assets/vmlinux.elf" -initrd "$work/initrd.img" \
        -append "console=ttyS0 initcall_blacklist=i8042_init" >"$work/qemu" ||
        note "QEMU did not finish"
fi

line() { row "$1" "$2" "$3" "$(least "$work/lkvm" "$4")" "$(least "$work/qemu" "$4")"; }
heading "CPU, 1 vCPU, 512 MiB" lkvm QEMU
line "boot to shell, best of $boots (s)" %.2f 1000 boot_ms
line "integer loop (MIPS)" %d 1 mips_integer
line "memory loop (MIPS)" %d 1 mips_memory
line "floating-point loop (MIPS)" %d 1 mips_floating
line "vector loop, LSX (MIPS)" %d 1 mips_vector
line "beyond guest RAM and code, idle (MiB)" %.1f 1024 beyond_kib
line "translated code, idle (MiB)" %.1f 1024 code_kib
line "beyond guest RAM and code, later (MiB)" %.1f 1024 beyond_kib_after
line "translated code, later (MiB)" %.1f 1024 code_kib_after
