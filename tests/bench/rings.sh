#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Part of `make bench`: how many chains per second the device code alone gets through.
set -euo pipefail
. "$(dirname "$0")/common.sh"

note "rings"
"$build/tests/bench_rings" --benchmark_min_time=0.2 --benchmark_format=csv 2>/dev/null |
    awk -F, '{ gsub(/"/, "") } $1 ~ "/manual_time" { print $1, $7 }' >"$work/rings"

line() { row "$1" %.1f 1000000 "$(value "$work/rings" "$2/manual_time")"; }
heading "Rings, batches of 64, device side" lkvm
line "split, 1 descriptor (M/s)" ring/split_1
line "packed, 1 descriptor (M/s)" ring/packed_1
line "split, 3 descriptors (M/s)" ring/split_3
line "packed, 3 descriptors (M/s)" ring/packed_3
line "blk, 4 KiB read from memory, split (M/s)" blk_read/split
line "blk, 4 KiB read from memory, packed (M/s)" blk_read/packed
