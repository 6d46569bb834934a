#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what building, testing and running need, and only what is missing. Debian 12 and 13.
# usage: install-deps.sh [--check] [PACKAGE...]
#   --check: only names what is missing; PACKAGE: one that is wanted too
set -euo pipefail

packages=(
    clang-19 lld-19 llvm-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev g++
    cmake ninja-build ccache device-tree-compiler
    libfdt-dev libzstd-dev zlib1g-dev liblzma-dev liblz4-dev libcli11-dev
    libslirp-dev liburing-dev libgtest-dev libgmock-dev libbenchmark-dev
    cpio e2fsprogs zstd gzip xz-utils lz4 expect fio iproute2 iperf3 git ca-certificates
    debian-archive-keyring
)

only_check=0
if [ "${1:-}" = --check ]; then
    only_check=1
    shift
fi
packages+=("$@")

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "lkvm: this is not a Debian system: install these yourself: ${packages[*]}" >&2
    exit 0
fi
mapfile -t missing < <(
    dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' "${packages[@]}" 2>/dev/null |
        awk '/^ii / { print $2 }' | sort |
        comm -13 - <(printf '%s\n' "${packages[@]}" | sort)
)
[ ${#missing[@]} -gt 0 ] || exit 0
echo "lkvm: missing packages: ${missing[*]}" >&2
[ $only_check -eq 0 ] || exit 1

root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "lkvm: error: run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    root=(sudo)
fi
echo "lkvm: installing them with apt" >&2
# A stale package list is the usual reason for a failing install, so it is refreshed first; an
# unreachable third-party source must not end it. Networks have hiccups, mirrors change while one
# looks, and other programs hold apt's locks for a while: then once more.
for pause in 10 30 60 ""; do
    "${root[@]}" apt-get -q update >&2 || echo "lkvm: warning: package lists are not complete" >&2
    if "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install "${missing[@]}" >&2; then
        exit 0
    fi
    [ -n "$pause" ] || break
    echo "lkvm: warning: packages could not be installed, trying again in $pause s" >&2
    sleep "$pause"
done
echo "lkvm: error: packages could not be installed: ${missing[*]}" >&2
exit 1
