#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `lkvm run` says about bad options and bad files: one clear line and a documented exit code
# (docs/lkvm.1), within seconds, before any guest runs.
set -uo pipefail
. "$(dirname "$0")/common.sh"

# expect_error CODE TEXT OPTION...: exit code and one line of standard error that has the text.
expect_error() {
    local code=$1 text=$2 status output
    shift 2
    output=$(timeout 20 "$lkvm" run "$@" 2>&1 >"$scratch/stdout" </dev/null)
    status=$?
    [ $status -eq "$code" ] || fault "'run $*': exit code $status, not $code: $output"
    grep -qF -- "$text" <<<"$output" || fault "'run $*': no '$text' in: $output"
    [ "$(grep -c 'error' <<<"$output")" -eq 1 ] || fault "'run $*': not one error line: $output"
    [ ! -s "$scratch/stdout" ] || fault "'run $*': something on standard output"
}
setup=1 usage=2
k=(-k "$kernel" -i "$initrd")

# RAM banks: the messages users of kvmtool know.
expect_error $usage "Base address should be specified for all the banks" "${k[@]}" -m 512@0x90000000 -m 256
expect_error $usage "Base address should be specified for all the banks" "${k[@]}" -m 512 -m 256
expect_error $usage "Memory bank 0xa0000000-0xafffffff overlapping with 0x90000000-0xafffffff" \
    "${k[@]}" -m 512@0x90000000 -m 256@0xa0000000
expect_error $usage "overlapping with" "${k[@]}" -m 256@0xa0000000 -m 512@0x90000000
expect_error $usage "overlapping with" "${k[@]}" -m 256@0x90000000 -m 256@0x90000000
expect_error $usage "wraps around" "${k[@]}" -m 512@0xfffffffff0000000
expect_error $usage "Memory bank outside of the maximum IPA" "${k[@]}" -m 1G@0x1000000000000
expect_error $usage "Memory bank overlapping with the MMIO area" "${k[@]}" -m 512@0x10000000
expect_error $usage "Memory bank overlapping with the MMIO area" "${k[@]}" -m 512@0
expect_error $usage "Memory bank overlapping with the MMIO area" "${k[@]}" -m 16@0x16000000
expect_error $usage "size above 0" "${k[@]}" -m 0
expect_error $usage "size above 0" "${k[@]}" -m 0@0x90000000
expect_error $usage "multiple of 64K" "${k[@]}" -m 512@0x90001000
for bad in 512@ @0x90000000 512@x 5x12 -1 512Q 0x 99999999999999999999 \
    512@0x90000000@0 ""; do
    expect_error $usage "$bad" "${k[@]}" -m "$bad"
done
expect_error $usage "0x" "${k[@]}" -m 100000000P@0x90000000
many=()
for i in 0 1 2 3 4 5 6 7 8; do
    many+=(-m "64@0x$(printf %x $((0x90000000 + i * 0x10000000)))")
done
expect_error $usage "8" "${k[@]}" "${many[@]}"
expect_error $setup "kernel image too big to contain in the first memory bank of the guest" \
    "${k[@]}" -m 16@0x90000000
expect_error $setup "initrd too big to contain in the first memory bank of the guest" \
    "${k[@]}" -m 34@0x90000000

# Files.
echo "this is a text" >"$scratch/text"
head -c 100000 "$kernel" >"$scratch/truncated"
head -c 10 "$kernel" >"$scratch/stub"
: >"$scratch/empty"
# The first bytes of an x86-64 ELF executable.
cp /bin/true "$scratch/x86"
for file in text truncated stub empty x86; do
    expect_error $setup "$scratch/$file" -k "$scratch/$file" -i "$initrd"
done
expect_error $setup "$scratch/missing" -k "$scratch/missing"
expect_error $setup "$scratch/missing" -k "$kernel" -i "$scratch/missing"
expect_error $setup "$scratch" -k "$scratch" -i "$initrd"
truncate -s 600M "$scratch/large"
expect_error $setup "initrd" -k "$kernel" -i "$scratch/large" -m 512@0x90000000
rm -f "$scratch/large"

# Other options.
expect_error $usage "--frobnicate" --frobnicate
expect_error $usage "cpus" "${k[@]}" -c 0
expect_error $usage "cpus" "${k[@]}" -c many
expect_error $usage "console" "${k[@]}" --console teletype
expect_error $usage "accel" "${k[@]}" --accel magic
expect_error $usage "loglevel" "${k[@]}" --loglevel loud
expect_error $usage "kernel"
[ -e /dev/kvm ] && [ "$(uname -m)" = loongarch64 ] || expect_error $setup "kvm" "${k[@]}" --accel kvm

# Success without a guest.
"$lkvm" version | grep -qE '^lkvm [0-9]+\.[0-9]+' || fault "version: $("$lkvm" version 2>&1)"
"$lkvm" help >"$scratch/help" || fault "help: exit code $?"
for command in run version help; do
    grep -qw "$command" "$scratch/help" || fault "help does not name $command"
done
"$lkvm" run --help >"$scratch/help" || fault "run --help: exit code $?"
for option in kernel initrd params mem cpus name console accel dump-dtb loglevel nodefaults no-reboot; do
    grep -q -- "--$option" "$scratch/help" || fault "run --help does not name --$option"
done
"$lkvm" version 2>"$scratch/full" >/dev/full
[ $? -eq $setup ] || fault "version to a full device does not end with $setup"
grep -q 'standard output: No space left' "$scratch/full" || fault "version to a full device: $(cat "$scratch/full")"
# Out of descriptors in the middle of things.
for files in 8 10; do
    said=$(ulimit -n $files && timeout 20 "$lkvm" run "${k[@]}" --loglevel error 2>&1 >/dev/null </dev/null)
    [ $? -eq $setup ] || fault "with $files descriptors: exit code not $setup: $said"
    grep -q 'Too many open files' <<<"$said" || fault "with $files descriptors: $said"
    [ "$(wc -l <<<"$said")" -eq 1 ] || fault "with $files descriptors, not one line: $said"
done
for command in list stat "stop --all" "stop it"; do
    # shellcheck disable=SC2086 # words
    said=$(env -u HOME "$lkvm" $command 2>&1)
    [ $? -eq $setup ] || fault "$command without HOME does not end with $setup"
    grep -q 'HOME is not set' <<<"$said" || fault "$command without HOME: $said"
done
"$lkvm" frobnicate >/dev/null 2>"$scratch/unknown"
[ $? -eq $usage ] || fault "an unknown command does not end with $usage"
grep -q frobnicate "$scratch/unknown" || fault "an unknown command is not named"
finish
