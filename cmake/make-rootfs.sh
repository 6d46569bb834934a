#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian root file system for loong64 from packages, as a disk image: shell, C and C++ compilers,
# file system and I/O tools, and busybox as init. For disk tests and to look around:
#   lkvm run -k vmlinuz -i initrd.img -d rootfs.img -p root=/dev/vda
# No package script is run: what those would make and programs here need is made below.
# usage: make-rootfs.sh [OUTPUT-FOLDER]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/../build/assets}
. "$here/packages.sh"
. "$here/debian-tree.sh"

packages="base-files bash coreutils dash diffutils e2fsprogs findutils fio g++ gcc grep gzip
    iproute2 iperf3 libc6-dev login-defs mawk ncurses-base ncurses-bin passwd procps
    rng-tools-debian sed tar util-linux wget"
# Needed by nothing that runs here.
unwanted="debconf media-types netbase readline-common gcc-14-doc python3 python3-minimal
    systemd dbus adduser"
free_megabytes=512

mkdir -p "$out"
out=$(cd "$out" && pwd)
exec 8>"$out/.rootfs.lock"
flock 8
stamp=$(cat "$here/make-rootfs.sh" "$here/debian-tree.sh" | sha256sum)
if [ -s "$out/rootfs.img" ] && [ "$(cat "$out/.rootfs.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

need_tools tar mkfs.ext4
# shellcheck disable=SC2086
packages_open userland loong64 ${LKVM_SUITES:-sid forky}
present=()
for package in $packages; do
    [ -z "$(packages_uri "$package")" ] || present+=("$package")
done
packages_closure "${present[@]}" busybox-static
tree_packages "$unwanted"
packages_fetch "${PACKAGES_NAMES[@]}"

say "unpacking ${#PACKAGES_NAMES[@]} packages"
work=$(mktemp -d "$out/.rootfs-XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
tree_unpack "$root" --exclude='*.a.debug'
mkdir -p "$root"/{dev,proc,sys,tmp,run,root,mnt,etc,var/tmp,var/log}
chmod 1777 "$root/tmp" "$root/var/tmp"
[ -e "$root/var/run" ] || ln -s ../run "$root/var/run"

# What package scripts make.
tree_links "$root/usr/bin" sh=dash awk=mawk cc=gcc c++=g++
cat >"$root/etc/passwd" <<PASSWD
root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
PASSWD
cat >"$root/etc/group" <<GROUP
root:x:0:
tty:x:5:
disk:x:6:
nogroup:x:65534:
GROUP
echo lkvm >"$root/etc/hostname"
echo "127.0.0.1 localhost lkvm" >"$root/etc/hosts"
echo "nameserver 10.0.2.3" >"$root/etc/resolv.conf"
echo "/dev/vda / ext4 defaults 0 1" >"$root/etc/fstab"
[ -e "$root/etc/profile" ] || echo "export PATH=/usr/sbin:/usr/bin" >"$root/etc/profile"

# Start and stop: busybox' init, and from busybox what was not unpacked.
for applet in mount umount modprobe cttyhack setsid dmesg ps free usleep hostname ip vi less clear \
    mountpoint poweroff reboot halt ping udhcpc nc cttyhack; do
    [ -e "$root/usr/bin/$applet" ] || [ -e "$root/usr/sbin/$applet" ] ||
        ln -s busybox "$root/usr/bin/$applet"
done
ln -sf ../bin/busybox "$root/usr/sbin/init"
cat >"$root/etc/inittab" <<INITTAB
# SPDX-License-Identifier: GPL-2.0-or-later
::sysinit:/etc/start
::respawn:/usr/bin/cttyhack /bin/bash -l
::shutdown:/usr/bin/umount -a -r
INITTAB
cat >"$root/etc/start" <<'START'
#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Before the login shell.
mountpoint -q /proc || mount -t proc none /proc
mountpoint -q /sys || mount -t sysfs none /sys
mountpoint -q /dev || mount -t devtmpfs none /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts none /dev/pts 2>/dev/null
mount -t tmpfs none /dev/shm
mount -t tmpfs none /run
# On a read-only disk what must be written lives in memory.
mount -o remount,rw / 2>/dev/null
if ! touch /tmp/.writable 2>/dev/null; then
    for dir in /tmp /root /var/tmp /mnt; do
        mount -t tmpfs none $dir
    done
fi
hostname -F /etc/hostname
START
chmod 755 "$root/etc/start"
find "$root" -type d -exec chmod u+rwx {} +

size=$(($(du -sm --apparent-size "$root" | cut -f1) * 5 / 4 + free_megabytes))
say "making rootfs.img ($size MB)"
truncate -s "${size}M" "$work/rootfs.img"
mkfs.ext4 -q -F -L lkvm-root -E root_owner=0:0 -d "$root" "$work/rootfs.img"
mv "$work/rootfs.img" "$out/"
printf '%s\n' "$stamp" >"$out/.rootfs.stamp"
say "root file system is in $out"
