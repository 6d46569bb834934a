#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the fuzz targets with sanitizers and runs each for FUZZ_SECONDS (60), or all together for
# FUZZ_TOTAL. Inputs are kept in $BUILD/corpus, so that the next run goes on from there. FUZZ_SEED
# is where the random numbers begin (0: anywhere). Arguments: names of targets (all).
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build-fuzz}
seconds=${FUZZ_SECONDS:-60}
total=${FUZZ_TOTAL:-}
jobs=${JOBS:-2}

cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
    -DCMAKE_BUILD_TYPE=Sanitize -DLKVM_SANITIZE=address,undefined -DLKVM_FUZZ=ON \
    -DLKVM_TESTS=OFF >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
rm -f "$build.log"

if [ $# -eq 0 ]; then
    for source in tests/fuzz/*_fuzz.cpp; do set -- "$@" "$(basename "$source" .cpp)"; done
fi
[ -z "$total" ] || seconds=$((total / $#))
# Targets that work on files have them in memory.
[ -n "${TMPDIR:-}" ] || ! [ -w /dev/shm ] || export TMPDIR=/dev/shm
ninja -C "$build" -j "$jobs" "$@" fuzz_seeds
"$build/tests/fuzz/fuzz_seeds" "$build/corpus"
for target in "$@"; do
    echo "$target for $seconds s"
    mkdir -p "$build/corpus/$target" "$build/crashes"
    log="$build/$target.log"
    if ! "$build/tests/fuzz/$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 \
        -seed="${FUZZ_SEED:-0}" -max_len=65536 -artifact_prefix="$build/crashes/$target-" -print_final_stats=1 \
        "$build/corpus/$target" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "$target failed; the input is in $build/crashes" >&2
        exit 1
    fi
    grep -E 'number_of_executed_units|new_units_added' "$log" | sed 's/^/    /'
done
