#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the programs that run as zones: NAME.elf in FOLDER for each NAME.
# usage: build.sh FOLDER NAME...
set -euo pipefail
sources=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
cxx=(clang++-19 --target=loongarch64-unknown-none-elf -march=la464 -mabi=lp64d -ffreestanding
    -mno-lsx -mno-lasx -std=c++20 -O1 -fno-exceptions -fno-rtti -fno-stack-protector
    -mcmodel=medium -Wall -Wextra -Werror)
"${cxx[@]}" -c "$sources/bare_zone.cpp" -o "$out/bare_zone.o"
for name in "$@"; do
    "${cxx[@]}" -c "$sources/$name.cpp" -o "$out/$name.o"
    ld.lld-19 -static -T "$sources/../privileged/program.ld" -o "$out/$name.elf" \
        "$out/bare_zone.o" "$out/$name.o"
done
