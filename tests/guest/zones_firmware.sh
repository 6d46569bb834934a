#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The bare-metal image as EFI application: real firmware (EDK II) on stock QEMU starts it, and it
# says in one line what this CPU lacks and returns to firmware. Linux's boot protocol enters the same
# file through `lkvm run -k`, here without --lvz.
. "$(dirname "$0")/common.sh"
build=${LKVM_SCRATCH:-$build}
image=$build/baremetal/lkvm-zones.efi
qemu=$assets/qemu-system/qemu-system-loongarch64
firmware=$assets/firmware/code.fd
for file in "$image" "$qemu" "$firmware"; do
    if [ ! -e "$file" ]; then
        echo "skipped: no $file (make baremetal qemu-system firmware)"
        exit 77
    fi
done
line='this CPU has no virtualization extension (LVZ)'

# run_until TEXT FILE COMMAND...: runs until FILE has TEXT, or for two minutes.
run_until() {
    local text=$1 file=$2 tries=0
    shift 2
    "$@" >"$file" 2>&1 </dev/null &
    local pid=$!
    while ! grep -qaF "$text" "$file" && kill -0 $pid 2>/dev/null && [ $tries -lt 600 ]; do
        sleep 0.2
        tries=$((tries + 1))
    done
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    grep -qaF "$text" "$file"
}

mkdir -p "$scratch/disk/EFI/BOOT"
cp "$image" "$scratch/disk/EFI/BOOT/BOOTLOONGARCH64.EFI"
# What firmware says after it came back proves that the application returned.
if ! run_until ': Unsupported' "$scratch/qemu" "$qemu" -M virt -cpu la464 -m 1G -nic none \
    -display none -monitor none -serial stdio -bios "$firmware" \
    -drive "if=none,id=disk,format=raw,file=fat:rw:$scratch/disk" \
    -device virtio-blk-pci,drive=disk; then
    fault "firmware did not start the image and get it back: $(tail -c 2000 "$scratch/qemu")"
fi
grep -qa '^lkvm-zones [0-9]' "$scratch/qemu" || fault "no banner under firmware"
[ "$(grep -caF "$line" "$scratch/qemu")" = 1 ] || fault "not one line about LVZ under firmware"

if ! run_until "$line" "$scratch/lkvm" "$lkvm" run --accel soft -k "$image" -m 512@0x90000000; then
    fault "Linux's boot protocol: $(tail -c 2000 "$scratch/lkvm")"
fi
grep -qa 'lkvm-zones [0-9]' "$scratch/lkvm" || fault "no banner by Linux's boot protocol"
finish
