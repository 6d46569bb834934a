#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packs the test and rescue initrd: the files of cmake/initrd, busybox, kernel modules with their
# dependencies, and the guest scripts of tests/guest/scripts.
# usage: make-initrd.sh OUT KERNEL-RELEASE BUSYBOX.deb MODULES.deb MODULE...
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
die() {
    printf 'lkvm: error: %s\n' "$*" >&2
    exit 1
}
[ $# -ge 5 ] || die "usage: make-initrd.sh OUT KERNEL-RELEASE BUSYBOX.deb MODULES.deb MODULE..."
out=$1 release=$2 busybox_deb=$3 modules_deb=$4
shift 4

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,run,mnt,etc,root,usr,lib/modules/"$release",lib/tests}

dpkg-deb --fsys-tarfile "$busybox_deb" | tar -x -C "$work" --wildcards '*bin/busybox'
cp "$(find "$work" -path "$root" -prune -o -type f -name busybox -print)" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
for link in bin/sh sbin/init sbin/modprobe; do
    ln -s /bin/busybox "$root/$link"
done
ln -s ../bin "$root/usr/bin"
ln -s ../sbin "$root/usr/sbin"
cp "$here/initrd/init" "$root/init"
cp "$here"/initrd/etc/* "$root/etc/"
chmod 755 "$root/init" "$root/etc/session" "$root/etc/udhcpc.script"
for script in "$here"/../tests/guest/scripts/*.sh; do
    [ ! -e "$script" ] || install -m 755 "$script" "$root/lib/tests/"
done

# Modules: unpacked (decompression costs the guest more than the copy), with the two tables that
# modprobe wants. The packages do not ship them.
dpkg-deb --fsys-tarfile "$modules_deb" | tar -x -C "$work" --wildcards "*/modules/$release/kernel/*"
tree=$(find "$work" -path "$root" -prune -o -type d -path "*/modules/$release" -print | sed -n 1p)
[ -n "$tree" ] || die "no modules of $release in $(basename "$modules_deb")"
declare -A files
while read -r path; do
    name=${path##*/}
    files[${name%%.ko*}]=$path
done < <(cd "$tree" && find kernel -name '*.ko*')

unpack() {
    case $1 in
    *.xz) xz -dc "$1" ;;
    *.zst) zstd -dcq "$1" ;;
    *.gz) gzip -dc "$1" ;;
    *) cat "$1" ;;
    esac
}
key() { tr '\0' '\n' <"$1" | sed -n "s/^$2=//p" || true; }
find_file() { # a dependency may spell - as _
    local name=$1
    [ -n "${files[$name]:-}" ] || name=${name//_/-}
    printf '%s' "${files[$name]:-}"
}

dir=$root/lib/modules/$release
declare -A direct
add() {
    local path needed needed_path
    path=$(find_file "$1")
    [ -n "$path" ] || return 1
    local ko=${path%%.ko*}.ko
    [ -z "${direct[$ko]+set}" ] || return 0
    mkdir -p "$dir/${ko%/*}"
    unpack "$tree/$path" >"$dir/$ko"
    direct[$ko]=
    for needed in $(key "$dir/$ko" depends | tr ',' ' '); do
        add "$needed" || die "module $1 needs $needed, which the package does not have"
        needed_path=$(find_file "$needed")
        direct[$ko]+=" ${needed_path%%.ko*}.ko"
    done
}
for module in "$@"; do
    add "$module" || printf 'lkvm: module %s is built in or absent, left out\n' "$module" >&2
done

# All dependencies of a module, nearest first, each once.
closure() {
    local next
    for next in ${direct[$1]}; do
        printf '%s\n' "$next"
        closure "$next"
    done
}
for ko in "${!direct[@]}"; do
    # modprobe loads from the end of the line: keep the last mention of each.
    printf '%s: %s\n' "$ko" "$(closure "$ko" | tac | awk '!seen[$0]++' | tac | tr '\n' ' ')"
    name=${ko##*/}
    for alias in $(key "$dir/$ko" alias); do
        alias=${alias//-/_}
        printf 'alias %s %s\n' "$alias" "${name%.ko}" >>"$dir/modules.alias"
    done
done | sed 's/ *$//' | sort >"$dir/modules.dep"
: >"$dir/modules.symbols"

find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet --reproducible) >"$out"
