#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Small bare-metal programs (tests/guest/privileged) run on lkvm and on QEMU's system emulator and
# print what privileged instructions do. The lines must be the same, but for those listed in
# privileged/differences.txt; what is listed must differ exactly as it says there.
# usage: privileged.sh [PROGRAM...]      (with UPDATE=1 it prints the differences as a list)
set -uo pipefail
. "$(dirname "$0")/common.sh"
sources=$(cd "$(dirname "$0")" && pwd)/privileged
qemu=$assets/qemu-system/qemu-system-loongarch64
# The list is about this version; others have other faults.
qemu_version=10.0
if [ ! -x "$qemu" ]; then
    echo "skipped: no $qemu ('make qemu-system' fetches it)"
    exit 77
fi
if ! "$qemu" --version | grep -q "version ${qemu_version//./\\.}\."; then
    echo "skipped: $("$qemu" --version | head -1); the list of differences is for $qemu_version"
    exit 77
fi
programs=(${*:-csr exceptions iocsr timer tlb})
files=("${programs[@]/#/$sources/}")
files=("${files[@]/%/.cpp}")

if ! "$sources/../bare/build.sh" "$scratch" "${files[@]}"; then
    fault "the programs do not compile"
    finish
fi

# lines FILE: the results, without the prompts and errors around them.
lines() { tr -d '\r' <"$1" | grep -a '^= '; }

for program in "${programs[@]}"; do
    elf=$scratch/$program.elf
    timeout -k 5 60 "$lkvm" run -k "$elf" -m 512@0x90000000 -c 2 --no-reboot --loglevel error \
        >"$scratch/lkvm" 2>&1 </dev/null
    status=$?
    [ $status -eq 0 ] || fault "$program: lkvm ended with $status: $(tail -3 "$scratch/lkvm")"
    # It ignores a polite signal when a vCPU loops inside it.
    timeout -k 5 60 "$qemu" -M virt -m 1G -smp 2 -nic none -display none -monitor none -serial stdio \
        -no-reboot -kernel "$elf" >"$scratch/qemu" 2>&1 </dev/null
    status=$?
    [ $status -eq 0 ] || fault "$program: QEMU ended with $status: $(tail -3 "$scratch/qemu")"
    lines "$scratch/lkvm" >"$scratch/lkvm.lines"
    lines "$scratch/qemu" >"$scratch/qemu.lines"
    count=$(wc -l <"$scratch/lkvm.lines")
    if [ "$count" -lt 30 ] || [ "$count" -ne "$(wc -l <"$scratch/qemu.lines")" ]; then
        fault "$program: $count lines from lkvm, $(wc -l <"$scratch/qemu.lines") from QEMU"
        continue
    fi
    # Pairs that differ, in the form of the list.
    paste -d '\n' "$scratch/qemu.lines" "$scratch/lkvm.lines" |
        awk 'NR % 2 { qemu = $0; next } qemu != $0 { sub(/^= /, "", qemu); sub(/^= /, ""); print "qemu: " qemu "\nlkvm: " $0 }' \
            >"$scratch/found"
    if [ -n "${UPDATE:-}" ]; then
        printf '[%s]\n' "$program"
        cat "$scratch/found"
        continue
    fi
    awk -v wanted="[$program]" '/^\[/ { inside = $0 == wanted } inside && /^(qemu|lkvm): /' \
        "$sources/differences.txt" >"$scratch/listed"
    paste -d '|' - - <"$scratch/found" | sort >"$scratch/found.pairs"
    paste -d '|' - - <"$scratch/listed" | sort >"$scratch/listed.pairs"
    while IFS='|' read -r expected actual; do
        fault "$program: a difference that is not listed"$'\n'"  $expected"$'\n'"  $actual"
    done < <(comm -23 "$scratch/found.pairs" "$scratch/listed.pairs")
    while IFS='|' read -r expected actual; do
        fault "$program: listed, but not found"$'\n'"  $expected"$'\n'"  $actual"
    done < <(comm -13 "$scratch/found.pairs" "$scratch/listed.pairs")
    echo "$program: $count lines, $(wc -l <"$scratch/found.pairs") of them differ as listed"
done
finish
