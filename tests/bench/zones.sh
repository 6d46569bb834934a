#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Part of `make bench`: what the bare-metal hypervisor costs, on lkvm's software CPU. A zone leaves
# the guest for one reason after the other (bench/zones/meter.cpp) and prints what each time cost.
set -euo pipefail
. "$(dirname "$0")/common.sh"

image=$build/baremetal/lkvm-zones
if [ ! -e "$image.efi" ]; then
    note "no $image.efi (make baremetal)"
    exit 1
fi
# run NAME MEMORY CPUS ZONE...: the meter's lines go to NAME.
run() {
    local name=$1 memory=$2 cpus=$3 status=0
    shift 3
    "$build/lkvm" pack -o "$work/$name.img" "$@" >&2
    tests/bench/zones/run.exp "$build/lkvm" run --accel soft --lvz -k "$image.efi" \
        -i "$work/$name.img" -m "$memory@0x90000000" -c "$cpus" >"$work/$name" || status=$?
    [ "$status" = 0 ] || exit 1
}
meter=(--zone meter --control --rng --nodefaults -k "$build/baremetal/meter.elf" -m 16@0x90000000
    -m 24@0xa0000000 -c 2)
sleeper=(-k "$build/baremetal/sleeper.elf" --nodefaults -m 16@0x90000000 -c 1)
note "one zone"
run one 256 2 "${meter[@]}"
# The first zone has the CPU that looks after the console.
note "four zones"
run four 256 5 --zone first "${sleeper[@]}" "${meter[@]}" --zone sleeper --no-autostart "${sleeper[@]}" \
    --zone last "${sleeper[@]}"
note "a Debian zone"
run debian 768 4 "${meter[@]}" --zone debian --no-autostart -k "$assets/vmlinuz" \
    -i "$assets/initrd.img" -m 512@0x90000000 -c 2

# line TITLE FORMAT DIVISOR VALUE [AIM]
line() {
    local title=$1 format=$2 divisor=$3 value=$4 aim=${5:-}
    awk -v title="$title" -v format="$format" -v value="$value" -v divisor="$divisor" \
        -v aim="$aim" 'BEGIN {
        printf "%-42s%11s%11s\n", title, value == "" ? "-" : sprintf(format, value / divisor), aim
    }'
}
cost() { line "$1" %d 1 "$(value "$work/four" "$2")" "${3:-}"; }
# Both add the image, with its data and stacks, to what was taken from the board's memory.
read -r start size < <(llvm-readelf-19 -lW "$image.elf" | awk '$1 == "LOAD" { print $3, $6 }')
resident=$((start + size))
used() { echo $(($(value "$work/$1" pool_used) + resident)); }

printf '\n%-42s%11s%11s\n' "Zones, hypervisor instructions" lkvm aim
cost "exit: cpucfg" cpucfg "<= 400"
cost "exit: CSR that guests do not have" csr "<= 400"
cost "exit: IOCSR read" iocsr_read "<= 400"
cost "exit: IOCSR write" iocsr_write "<= 400"
cost "exit: register of the UART" mmio_uart "<= 400"
cost "exit: register of the PCH-PIC" mmio_pic "<= 400"
cost "exit: register of a virtio device" mmio_virtio "<= 400"
cost "exit: virtio kick, nothing to do" kick_nothing
cost "exit: virtio kick, 64 random bytes" kick_rng
cost "exit: hypercall (version)" hypercall
cost "exit: idle, to sleep and back" idle_wake
cost "exit: IPI to another vCPU, sender" ipi_send
cost "stage-2 refill" stage2
cost "device line to handler, same vCPU" line_device
cost "doorbell to handler, other vCPU (IPI)" ipi_receive
cost "longest with interrupts off" longest_stretch
printf '\n%-42s%11s%11s\n' "Zones" lkvm aim
line "zone start to first console byte (ms)" %.2f 1000 "$(value "$work/four" start_us)"
line "Debian zone, to first console byte (ms)" %.0f 1000 "$(value "$work/debian" debian_start_us)"
line "Debian zone, to shell (ms)" %.0f 1000 "$(value "$work/debian" debian_shell_us)"
line "image file (KiB)" %d 1024 "$(stat -c %s "$image.efi")" "<= 256"
line "memory beyond the zones', 1 zone (KiB)" %d 1024 "$(used one)"
line "memory beyond the zones', 4 zones (KiB)" %d 1024 "$(used four)" "<= 4096"
