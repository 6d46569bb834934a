#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's bash, coreutils, perl, python3, openssl and compressors do the same work in the guest
# (two CPUs) and under user-mode QEMU; every result must be the same text. The work is
# tests/guest/userland/workload.sh.
# SCALE divides the amount of work; 1 is that of check-long.
# usage: [SCALE=N] userland.sh [PART...]
set -uo pipefail
. "$(dirname "$0")/common.sh"
export SCALE=${SCALE:-10}
work=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/userland
userland=$assets/userland
qemu=$assets/bin/qemu-loongarch64
for file in "$userland.img" "$userland/usr/bin/python3" "$qemu"; do
    if [ ! -e "$file" ]; then
        echo "skipped: no $file ('make userland' makes it)"
        exit 77
    fi
done

# The guest finds the workload in a second archive behind the first.
mkdir -p "$scratch/more/workload"
cp "$work"/* "$scratch/more/workload/"
{
    cat "$userland.img"
    (cd "$scratch/more" && find . | cpio -o -H newc -R 0:0 --quiet)
} >"$scratch/initrd.img"
# Most of the work has one thread, so both do it at once.
started=$SECONDS
{
    ROOT=$userland RUN="$qemu -cpu max -L $userland" bash "$work/workload.sh" "$@" \
        >"$scratch/expected" 2>"$scratch/errors" </dev/null
    echo "qemu-loongarch64: $((SECONDS - started)) s"
} &
timeout "${LIMIT:-800}" "$lkvm" run -k "$kernel" -i "$scratch/initrd.img" -m 1G@0x90000000 -c 2 --no-reboot \
    -p "quiet lkvm.run=\"SCALE=$SCALE bash /workload/workload.sh $*\"" >"$scratch/console" 2>&1 </dev/null
status=$?
echo "guest: $((SECONDS - started)) s"
[ $status -eq 0 ] || fault "lkvm: exit code $status"
wait

tr -d '\r' <"$scratch/console" | grep -a '^=' >"$scratch/actual"
if ! diff -u --label qemu-loongarch64 --label guest "$scratch/expected" "$scratch/actual"; then
    fault "results differ"
    echo "---- console"
    grep -av '^=' "$scratch/console" | tail -40
fi
! grep -aE 'Oops|BUG:|Call Trace|soft lockup|rcu.*stall|Segmentation fault|Illegal instruction' \
    "$scratch/console" || fault "complaints on the console"
tail -1 "$scratch/expected" | grep -qx '== end' || fault "qemu-loongarch64 did not end: $(tail -5 "$scratch/errors")"
! grep -a WRONG "$scratch/actual" || fault "known answers"
# So that a test that compares nothing does not pass.
parts=${*:-archive python perl openssl shell}
[ $# -gt 0 ] || [ "$(grep -c '^= ' "$scratch/actual")" -gt 280 ] || fault "too few results"
echo "$(grep -c '^= ' "$scratch/actual") results are equal ($parts)"
finish
