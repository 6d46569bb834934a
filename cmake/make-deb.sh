#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the Debian package from the files that git knows, as they are now.
# usage: make-deb.sh FOLDER      the package ends in FOLDER
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
source=$folder/source
rm -rf "$source" "$folder"/lkvm_* "$folder"/lkvm-dbgsym_*
mkdir -p "$source"
git ls-files -z | tar -c --null -T - | tar -x -C "$source"
cd "$source"
echo "lkvm: building the package" >&2
if ! dpkg-buildpackage -b -us -uc >"$folder/build.log" 2>&1; then
    tail -n 30 "$folder/build.log" >&2
    echo "lkvm: error: the package does not build; see $folder/build.log" >&2
    exit 1
fi
cd ..
rm -rf "$source"
ls "$folder"/lkvm_*.deb
