#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Compiles a test program for this machine and, static, for the guest.
# usage: build.sh SOURCE OUT-FOLDER SYSROOT; makes OUT-FOLDER/NAME and OUT-FOLDER/NAME.guest
set -euo pipefail
source=$1 out=$2 sysroot=$3
name=$(basename "$source" .cpp)
warnings="-Wall -Wextra -Werror"
# shellcheck disable=SC2086
clang++-19 -std=c++20 -O1 $warnings -pthread "$source" -o "$out/$name"
cxx=$sysroot/usr/include/cxx
# shellcheck disable=SC2086
clang++-19 --target=loongarch64-linux-gnu --sysroot="$sysroot" -std=c++20 -O1 $warnings -pthread \
    -nostdinc++ -isystem "$cxx" -isystem "$cxx/loongarch64-linux-gnu" \
    -fuse-ld=lld-19 -static -B"$sysroot/usr/lib" -L"$sysroot/usr/lib" \
    "$source" -o "$out/$name.guest"
