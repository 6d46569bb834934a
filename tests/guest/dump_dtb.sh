#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --dump-dtb writes a tree that dtc takes without a warning and that lists the banks, for each of
# the bank layouts of memory_banks.exp.
set -uo pipefail
. "$(dirname "$0")/common.sh"

dump() { # dump BANKS OPTION...: BANKS is "base:size base:size" in hex, as the tree has them
    local banks=$1 status dtb=$scratch/guest.dtb
    shift
    rm -f "$dtb"
    timeout 120 "$lkvm" run -k "$kernel" -i "$initrd" "$@" --dump-dtb "$dtb" --no-reboot \
        -p 'lkvm.run=true' >"$scratch/console" 2>&1 </dev/null
    status=$?
    [ $status -eq 0 ] || fault "$*: exit code $status"
    if ! dtc -I dtb -O dts -o "$scratch/guest.dts" "$dtb" 2>"$scratch/warnings"; then
        fault "$*: dtc refuses the tree: $(cat "$scratch/warnings")"
    fi
    [ ! -s "$scratch/warnings" ] || fault "$*: $(cat "$scratch/warnings")"
    # Compiling what was printed checks it a second time, with the checks for sources.
    dtc -I dts -O dtb -o /dev/null "$scratch/guest.dts" 2>"$scratch/warnings"
    [ ! -s "$scratch/warnings" ] || fault "$* (again): $(cat "$scratch/warnings")"
    local found
    # Cells of <base size> pairs, two each, joined to hex numbers.
    found=$(awk '/^\tmemory@/ { inside = 1 } inside && /reg = </ {
                     gsub(/.*<|>.*|0x/, ""); n = split($0, c, " ")
                     for (i = 1; i <= n; i++) while (length(c[i]) < 8) c[i] = "0" c[i]
                     for (i = 1; i + 3 <= n; i += 4)
                         printf "%s%s:%s%s ", c[i], c[i + 1], c[i + 2], c[i + 3]
                 } /^\t};/ { inside = 0 }' "$scratch/guest.dts")
    [ "$(normal "$found")" = "$(normal "$banks")" ] || fault "$*: the tree has '$found', wanted '$banks'"
}
normal() { # hex numbers without leading zeros, banks sorted by base
    tr ' ' '\n' <<<"$1" | awk -F: 'NF == 2 { sub(/^0+/, "", $1); sub(/^0+/, "", $2); print $1 ":" $2 }' | sort
}

dump "90000000:20000000" -m 512@0x90000000
dump "90000000:20000000" -m 512 -c 2
dump "90000000:20000000"
dump "90000000:10000000 100000000:40000000" -m 1G@0x100000000 -m 256@0x90000000
dump "0:8000000 90000000:20000000" -m 128@0 -m 512@0x90000000 -c 4
finish
