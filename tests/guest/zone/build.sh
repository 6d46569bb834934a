#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Compiles the zones without an operating system, with what the programs of tests/guest/privileged
# share.
# usage: build.sh OUT-FOLDER; makes OUT-FOLDER/NAME.elf
set -euo pipefail
[ $# -eq 1 ] || {
    echo "usage: build.sh OUT-FOLDER" >&2
    exit 1
}
out=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
common=$here/../privileged
target=(--target=loongarch64-unknown-none-elf -march=la464 -mabi=lp64d -ffreestanding)
cxx=(clang++-19 "${target[@]}" -mno-lsx -mno-lasx -std=c++20 -O1 -fno-exceptions -fno-rtti
    -fno-stack-protector -mcmodel=medium -Wall -Wextra -Werror)
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang++-19 "${target[@]}" -mlsx -mlasx -c "$common/runtime.S" -o "$work/runtime.o"
"${cxx[@]}" -c "$common/bare.cpp" -o "$work/bare.o"
for source in "$here"/*.cpp; do
    name=$(basename "$source" .cpp)
    "${cxx[@]}" -Wno-register -c "$source" -o "$work/$name.o"
    ld.lld-19 -static -T "$common/program.ld" -o "$out/$name.elf" "$work"/{runtime,bare,"$name"}.o
done
