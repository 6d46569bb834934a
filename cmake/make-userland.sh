#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian userland for loong64 from packages: bash, coreutils, perl, python3, openssl, compressors.
#   userland/     the unpacked tree, for user-mode emulators
#   userland.img  the same as an uncompressed initrd (decompression costs the guest more than the
#                 copy), with busybox and the start files of cmake/initrd; give the guest -m 1G
# No package script is run: what those would make and programs here need is made below.
# usage: make-userland.sh [OUTPUT-FOLDER]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/../build/assets}
. "$here/packages.sh"
. "$here/debian-tree.sh"

packages="base-files bash bc bzip2 coreutils dash diffutils findutils grep gzip mawk openssl perl
    python3 sed tar xz-utils zstd"
# Needed by nothing that runs here.
unwanted="debconf media-types netbase tzdata readline-common"

mkdir -p "$out"
out=$(cd "$out" && pwd)
exec 8>"$out/.userland.lock"
flock 8
stamp=$(find "$here/make-userland.sh" "$here/debian-tree.sh" "$here/initrd" -type f -exec sha256sum {} + |
    cut -d" " -f1 | sort | sha256sum)
if [ -s "$out/userland.img" ] && [ -d "$out/userland" ] &&
    [ "$(cat "$out/.userland.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

need_tools cpio tar
# A list of its own: with two architectures, packages for all of them would count as the other's.
# shellcheck disable=SC2086
packages_open userland loong64 ${LKVM_SUITES:-sid forky}
# shellcheck disable=SC2086
packages_closure $packages busybox-static
tree_packages "$unwanted"
packages_fetch "${PACKAGES_NAMES[@]}"

say "unpacking ${#PACKAGES_NAMES[@]} packages"
work=$(mktemp -d "$out/.userland-XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
tree_unpack "$root" \
    --exclude='./usr/lib/python3*/ensurepip' --exclude='./usr/lib/python3*/idlelib' \
    --exclude='./usr/lib/python3*/pydoc_data' --exclude='./usr/lib/python3*/config-*' \
    --exclude='./usr/share/perl/*/pod' --exclude='*.pod' --exclude='./usr/share/icons' \
    --exclude='./usr/lib/*/libperl.so*[0-9].a'
mkdir -p "$root"/{dev,proc,sys,tmp,run,root,mnt,etc}

# Links that package scripts make.
tree_links "$root/usr/bin" sh=dash awk=mawk
# Absolute links become relative: user-mode emulators follow them outside the tree.
find "$root" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln -sfn "$(realpath -ms --relative-to="$(dirname "$link")" "$root$(readlink "$link")")" "$link"
done

# To start and stop: the files of the other initrd, and from busybox what Debian's tools lack.
cp "$here/initrd/init" "$root/init"
cp "$here"/initrd/etc/* "$root/etc/"
chmod 755 "$root/init" "$root/etc/session" "$root/etc/udhcpc.script"
for applet in mount umount modprobe cttyhack setsid dmesg ps free usleep hostname ip vi less clear; do
    [ -e "$root/usr/bin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
done
ln -sf ../bin/busybox "$root/usr/sbin/init"

find "$root" -type d -exec chmod u+rwx {} +
find "$root" -exec touch -h -d @0 {} +
say "making userland.img ($(du -sm "$root" | cut -f1) MB)"
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet --reproducible) \
    >"$work/userland.img"
rm -rf "$out/userland"
mv "$root" "$out/userland"
mv "$work/userland.img" "$out/"
printf '%s\n' "$stamp" >"$out/.userland.stamp"
say "userland is in $out"
