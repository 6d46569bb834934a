#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Part of `make bench`: fio in the guest on a disk, and on the host on the same file. Everything
# stays in the host's page cache: what is measured is the way to it.
set -euo pipefail
. "$(dirname "$0")/common.sh"
disk=$work/disk.img
fallocate -l 256M "$disk"

jobs="randread:4k:32 randwrite:4k:32 read:1M:4 write:1M:4"
fio_command() { # fio_command JOB OPTION...: prints "KIB/S IOPS"
    local kind=${1%%:*} size depth field=7
    IFS=: read -r kind size depth <<<"$1"
    shift
    case $kind in *write) field=48 ;; esac
    printf 'fio --name=b --rw=%s --bs=%s --iodepth=%s --size=256m --runtime=3 --time_based' \
        "$kind" "$size" "$depth"
    printf " --randrepeat=0 --minimal %s | awk -F';' 'NF > 50 { print \$%d, \$%d }'" "$*" $field $((field + 1))
}
for job in $jobs; do
    printf '%s %s\n' "$job" \
        "$(fio_command "$job" --filename=/dev/vdb --direct=1 --ioengine=libaio)"
done >"$work/commands"

note "blk on the host"
for job in $jobs; do
    printf '%s %s\n' "$job" "$(cd "$work" && eval "$(fio_command "$job" \
        --filename=disk.img --direct=0 --ioengine=psync)")"
done >"$work/host"
note "blk in lkvm"
lkvm_guest "$work/commands" -n mode=none -d "$disk" >"$work/lkvm"
note "blk in lkvm, packed"
lkvm_guest "$work/commands" -n mode=none -d "$disk,packed" >"$work/packed"
if can_run_qemu; then
    note "blk in QEMU"
    qemu_guest "$work/commands" -nic none \
        -drive "file=$disk,format=raw,if=none,id=disk,aio=io_uring" \
        -device virtio-blk-pci,drive=disk >"$work/qemu" || note "QEMU did not finish"
fi

field() { # field FILE JOB INDEX
    awk -v key="$2" -v which="$3" '$1 == key { print $which; exit }' "$1" 2>/dev/null || true
}
line() { # line TITLE FORMAT DIVISOR JOB INDEX FILE
    row "$1" "$2" "$3" "$(field "$work/$6" "$4" "$5")" "$(field "$work/qemu" "$4" "$5")" \
        "$(field "$work/host" "$4" "$5")"
}
heading "Disk in the host's cache, 2 vCPUs" lkvm QEMU host
for ring in lkvm packed; do
    if [ $ring = lkvm ]; then name=split; else name=$ring; fi
    line "4 KiB random reads, $name (thousand/s)" %.1f 1000 randread:4k:32 3 $ring
    line "4 KiB random writes, $name (thousand/s)" %.1f 1000 randwrite:4k:32 3 $ring
    line "1 MiB reads, $name (MiB/s)" %d 1024 read:1M:4 2 $ring
    line "1 MiB writes, $name (MiB/s)" %d 1024 write:1M:4 2 $ring
done
