#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Turns an EFI zboot kernel into its other two forms: the PE Image that it carries, and that
# image's memory as an ELF file at the link address of LoongArch Linux.
# usage: image-forms.sh VMLINUZ OUT.EFI OUT.ELF
set -euo pipefail

die() {
    printf 'lkvm: error: %s\n' "$*" >&2
    exit 1
}
[ $# = 3 ] || die "usage: image-forms.sh VMLINUZ OUT.EFI OUT.ELF"
in=$1 efi=$2 elf=$3

u32() { od -A n -t u4 --endian=little -j "$2" -N 4 "$1" | tr -d ' '; }
u64() { od -A n -t u8 --endian=little -j "$2" -N 8 "$1" | tr -d ' '; }
piece() { dd if="$1" bs=1M iflag=skip_bytes,count_bytes skip="$2" count="$3" status=none; }
text() { piece "$@" | tr -d '\0'; }

if [ "$(text "$in" 4 4)" = zimg ]; then
    offset=$(u32 "$in" 8) size=$(u32 "$in" 12)
    # The name of the method is followed by other fields after its NUL.
    method=$(piece "$in" 24 16 | tr '\0' '\n' | sed -n 1p)
    case $method in
    zstd) unpack="zstd -dcq" ;;
    gzip) unpack="gzip -dc" ;;
    xz | xzkern) unpack="xz -dc" ;;
    lzma) unpack="xz -dc --format=lzma" ;;
    lz4) unpack="lz4 -dcq" ;;
    *) die "$in: unknown zboot compression '$method'" ;;
    esac
    piece "$in" "$offset" "$size" | $unpack >"$efi" ||
        die "$in: the kernel inside cannot be unpacked"
else
    cp "$in" "$efi"
fi
[ "$(text "$efi" 0 2)" = MZ ] && [ "$(u32 "$efi" 56)" = $((0x818223cd)) ] ||
    die "$in: not a LoongArch kernel image"

# The low 48 bits: older kernels hold virtual addresses in these fields.
mask=$(((1 << 48) - 1))
entry=$(($(u64 "$efi" 8) & mask)) memory=$(u64 "$efi" 16) load=$(($(u64 "$efi" 24) & mask))
file=$(stat -c %s "$efi")
[ "$memory" -ge "$file" ] || memory=$file
cached=$((0x9000000000000000))
align=$((0x10000))

bytes() { # bytes COUNT VALUE: little-endian
    local i value=$2
    for ((i = 0; i < $1; i++)); do
        # shellcheck disable=SC2059
        printf "\\x$(printf %x $((value & 255)))"
        value=$((value >> 8))
    done
}
{
    printf '\x7fELF\x02\x01\x01'
    bytes 9 0
    bytes 2 2 # ET_EXEC
    bytes 2 258 # EM_LOONGARCH
    bytes 4 1
    bytes 8 $((entry | cached))
    bytes 8 64 # program headers
    bytes 8 0
    bytes 4 $((0x43)) # lp64d, object ABI v1
    bytes 2 64
    bytes 2 56
    bytes 2 1
    bytes 2 0
    bytes 2 0
    bytes 2 0
    bytes 4 1 # PT_LOAD
    bytes 4 7 # RWX
    bytes 8 $align
    bytes 8 $((load | cached))
    bytes 8 $((load | cached))
    bytes 8 "$file"
    bytes 8 "$memory"
    bytes 8 $align
} >"$elf"
truncate -s $align "$elf"
cat "$efi" >>"$elf"
