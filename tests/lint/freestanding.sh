#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the core for the bare machine and looks at the result: nothing but the allowed symbols is
# left undefined, no code runs before main, no floating-point or vector register is used.
# usage: freestanding.sh BUILD-FOLDER
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
. tests/lint/common.sh

sysroot=$build/sysroot-loong64
if [ ! -e "$sysroot/.stamp" ]; then
    echo "skipped: no $sysroot ('make sysroot' makes it)"
    exit 77
fi
out=$build/freestanding
if ! cmake -G Ninja -S . -B "$out" -DCMAKE_BUILD_TYPE=Release -DLKVM_WERROR=ON \
    -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/loong64-elf.cmake" -DLKVM_SYSROOT="$sysroot" \
    >"$build/freestanding.log" 2>&1 ||
    ! cmake --build "$out" >>"$build/freestanding.log" 2>&1; then
    cat "$build/freestanding.log"
    exit 1
fi

# lkvm::panic is the contract of include/lkvm/assert.hpp that each program fulfils.
allowed='memcpy|memmove|memset|memcmp|memchr|strlen|strnlen|strchr|strrchr|__isoc23_strtoul|strtoul'
allowed="$allowed|abort|_ZSt9terminatev|__cxa_pure_virtual|__stack_chk_fail|__stack_chk_guard"
allowed="$allowed|_ZN4lkvm5panicEPKcS1_i"
while read -r symbol; do
    fault "undefined in the core: $(llvm-cxxfilt-19 "$symbol")"
done < <(llvm-nm-19 -u --format=just-symbols "$out/core.o" | grep -vxE "$allowed" || true)

while read -r section; do
    fault "dynamic initializers in the core: $section"
done < <(llvm-readelf-19 -SW "$out/core.o" | grep -oE '\.(init_array|ctors|preinit_array)[^ ]*' || true)
for library in "$out"/*.a; do
    while read -r section; do
        fault "dynamic initializers in ${library##*/}: $section"
    done < <(llvm-readelf-19 -SW "$library" 2>/dev/null |
        grep -oE '\.(init_array|ctors|preinit_array)[^ ]*' | sort -u || true)
done

registers=$(llvm-objdump-19 -d --no-show-raw-insn "$out/core.o" |
    awk '/^[0-9a-f]+ <.*>:$/ { f = $2 }
         /\$(f[ats][0-9]+|vr[0-9]+|xr[0-9]+|fcc[0-7]|fcsr[0-3])/ { print f; n++ }
         END { exit n > 0 }' | sort | uniq -c | sort -rn | head -10) ||
    fault "floating-point or vector registers in the core: $registers"
finish
