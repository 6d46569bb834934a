#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A fixed workload for a Debian userland: lines "= NAME VALUE" that depend on the processor only.
# In the guest the programs run as they are; elsewhere ROOT is the unpacked userland and RUN the
# user-mode emulator that each program is started with (so no program here starts another one).
# SCALE, 1 unless given, divides the amount of work.
# usage: [SCALE=N] [ROOT=FOLDER RUN="EMULATOR ..."] workload.sh [PART...]
set -u
here=$(cd "$(dirname "$0")" && pwd)
ROOT=${ROOT:-}
RUN=${RUN:-}
export SCALE=${SCALE:-1}
export LC_ALL=C PYTHONUTF8=1 OPENSSL_CONF=/dev/null
perl_library() {
    local base tree=$ROOT/usr multiarch=lib/loongarch64-linux-gnu
    for base in "$tree"/share/perl/5.*.* "$tree/$multiarch"/perl/5.*.* "$tree/$multiarch/perl-base"; do
        printf '%s:' "$base"
    done
}
PERL5LIB=$(perl_library)
export PERL5LIB

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

tool() { # tool NAME ARGUMENT...
    local name=$1
    shift
    # shellcheck disable=SC2086
    $RUN "$ROOT/usr/bin/$name" "$@"
}
show() { printf '= %s\n' "$*"; }
# show_sum NAME: digest of what comes in
show_sum() {
    local sum
    sum=$(tool sha256sum)
    show "$1 ${sum%% *}"
}

part_archive() {
    local library name method packages="json re email"
    [ "$SCALE" != 1 ] || packages+=" encodings importlib asyncio"
    library=$(echo "$ROOT"/usr/lib/python3.[0-9]*)
    # shellcheck disable=SC2086
    tool tar -c --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a=r \
        -C "$library" $packages >archive.tar
    show_sum archive <archive.tar
    # Two threads each; their output depends on neither order nor time.
    tool xz -c -T2 --block-size=$((1024 / SCALE))KiB -6 archive.tar >archive.tar.xz
    tool zstd -q -T2 -12 archive.tar -o archive.tar.zst
    tool gzip -c -n -9 archive.tar >archive.tar.gz
    tool bzip2 -c archive.tar >archive.tar.bz2
    for name in archive.tar.*; do
        show_sum "$name" <"$name"
        method=${name##*.}
        case $method in
        xz) tool xz -dc -T2 "$name" ;;
        zst) tool zstd -dcq "$name" ;;
        gz) tool gzip -dc "$name" ;;
        bz2) tool bzip2 -dc "$name" ;;
        esac | show_sum "unpacked $method"
    done
    mkdir tree
    tool tar -x -C tree -f archive.tar
    tool find tree -type f -name '*.py' -size +30k | tool sort | show_sum tree
    tool diff -r "$library/email" tree/email && show "same tree"
}

part_python() {
    local section
    for section in functions text integers structures parallel; do
        tool python3 -IB "$here/values.py" "$section" 2>&1
    done
}
part_perl() { tool perl "$here/text.pl" 2>&1; }
part_openssl() { . "$here/crypto.sh"; }
part_shell() {
    . "$here/tools.sh"
    tool bash "$here/shell.sh" 2>&1
}

# All parts at once: every processor has something to do.
parts=${*:-archive python perl openssl shell}
for part in $parts; do
    mkdir "$part"
    (cd "$part" && "part_$part" >../"$part.out") &
done
wait
for part in $parts; do
    printf '== %s\n' "$part"
    cat "$part.out"
done
echo "== end"
