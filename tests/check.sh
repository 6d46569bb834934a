#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make check`: unit and lint tests, the unit tests again with sanitizers, then guests. Everything
# runs even if something failed before; the closing lines of each part stand at the end.
set -uo pipefail
cd "$(dirname "$0")/.."
build=$(cd "${BUILD:-build}" && pwd)
jobs=${JOBS:-$(nproc)}
summary=()
failed=0

part() { # part NAME COMMAND...
    local name=$1 started=$SECONDS log=$build/check-$1.log
    shift
    echo "== $name"
    if "$@" 2>&1 | tee "$log"; then
        summary+=("$name: $(grep -E '^[0-9]+% tests passed|^hostile suite' "$log" || echo ok) ($((SECONDS - started)) s)")
    else
        failed=1
        summary+=("$name: FAILED ($((SECONDS - started)) s)")
        mapfile -t -O ${#summary[@]} summary < <(sed -n '/^[0-9]*% tests passed/,$p' "$log" |
            grep -vE '^$|^(Label|Total)|^test_|^lint|sec\*proc')
    fi
}

run_tests() { # run_tests BUILD-FOLDER JOBS ARGUMENT...
    local folder=$1 count=$2
    shift 2
    ctest --test-dir "$folder" -j "$count" --output-on-failure --no-tests=error --progress "$@"
}

sanitized() {
    cmake -G Ninja -S . -B build-asan -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
        -DCMAKE_BUILD_TYPE=Sanitize -DLKVM_WERROR=ON -DLKVM_ASSETS="$build/assets" \
        -DLKVM_SANITIZE=address,undefined &&
        cmake --build build-asan -j "$jobs" &&
        run_tests build-asan "$jobs" -LE 'lint|guest|long'
}

part unit run_tests "$build" "$jobs" -LE 'guest|long'
part sanitized sanitized
part hostile build-asan/tests/test_virtio --gtest_filter='Guest/Hostile.*' --gtest_brief=1
# A smoke run: a minute for all targets together, the same way each time.
part fuzz env FUZZ_TOTAL=60 FUZZ_SEED=1 BUILD=build-fuzz JOBS="$jobs" tests/fuzz/fuzz.sh
part guest run_tests "$build" 1 -L guest -LE long

echo
echo "== make check"
printf '%s\n' "${summary[@]}"
exit $failed
