#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make bench`: runs the parts, or those named as arguments, and prints their rows as one table.
# A part that fails leaves its rows out, and the status is 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "${BUILD:-build}" && pwd)

parts=("$@")
if [ ${#parts[@]} = 0 ]; then
    for part in cpu rings blk net kvm zones; do
        [ ! -e "tests/bench/$part.sh" ] || parts+=("$part")
    done
fi
table=$(mktemp)
trap 'rm -f "$table"' EXIT
status=0
for part in "${parts[@]}"; do
    if [ ! -e "tests/bench/$part.sh" ]; then
        echo "bench: no part '$part'" >&2
        status=1
        continue
    fi
    started=$SECONDS
    if ! "tests/bench/$part.sh" >>"$table"; then
        echo "bench: part '$part' failed" >&2
        status=1
    fi
    echo "bench: $part took $((SECONDS - started)) s" >&2
done
model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed -n 1p)
echo "host: ${model:-unknown}, $(nproc) CPUs; guest: Linux $(cat "$build/assets/kernel-release")"
cat "$table"
exit $status
