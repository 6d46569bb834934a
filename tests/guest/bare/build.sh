#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Compiles bare-metal programs with what they share (the files beside this one): OUT/NAME.elf for each
# NAME.cpp, which may have a NAME.S beside it.
# usage: build.sh OUT NAME.cpp...
set -euo pipefail
[ $# -ge 2 ] || {
    echo "usage: build.sh OUT NAME.cpp..." >&2
    exit 1
}
out=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=(--target=loongarch64-unknown-none-elf -march=la464 -mabi=lp64d -ffreestanding -I "$here/..")
cxx=(clang++-19 "${target[@]}" -mno-lsx -mno-lasx -std=c++20 -O1 -fno-exceptions -fno-rtti
    -fno-stack-protector -ffunction-sections -mcmodel=medium -Wall -Wextra -Werror)
asm=(clang++-19 "${target[@]}" -mlsx -mlasx)
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
common=()
for source in "$here"/*.cpp; do
    common+=("$work/common-$(basename "$source" .cpp).o")
    "${cxx[@]}" -c "$source" -o "${common[-1]}"
done
"${asm[@]}" -c "$here/runtime.S" -o "$work/runtime.o"
for source in "$@"; do
    name=$(basename "$source" .cpp)
    own=("$work/$name.o")
    "${cxx[@]}" -c "$source" -o "${own[0]}"
    if [ -e "${source%.cpp}.S" ]; then
        own+=("$work/$name-assembly.o")
        "${asm[@]}" -c "${source%.cpp}.S" -o "${own[1]}"
    fi
    ld.lld-19 -static --gc-sections -T "$here/program.ld" -o "$out/$name.elf" \
        "$work/runtime.o" "${common[@]}" "${own[@]}"
done
