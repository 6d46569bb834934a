# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A tree of files made of Debian packages without running their scripts. To be sourced after
# packages.sh.
#
#   tree_packages UNWANTED                the names in PACKAGES_NAMES but for those; goes there again
#   tree_unpack ROOT [TAR-OPTION...]      PACKAGES_FILES below ROOT, /usr merged, no documentation
#   tree_links DIR NAME=TARGET...         links that are not there yet

tree_packages() {
    local name wanted=()
    for name in "${PACKAGES_NAMES[@]}"; do
        case " ${1//$'\n'/ } " in
        *" $name "*) ;;
        *) wanted+=("$name") ;;
        esac
    done
    PACKAGES_NAMES=("${wanted[@]}")
}

tree_unpack() {
    local root=$1 dir deb
    shift
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
    for dir in bin sbin lib lib64; do
        ln -s usr/$dir "$root/$dir"
    done
    for deb in "${PACKAGES_FILES[@]}"; do
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink \
            --no-same-owner --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
            --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' \
            --exclude='./usr/share/lintian/*' --exclude='./usr/share/bug/*' --exclude='./boot' \
            --exclude='*/__pycache__' --exclude='*/gconv/*' "$@"
    done
}

tree_links() {
    local dir=$1 pair
    shift
    for pair in "$@"; do
        [ -e "$dir/${pair%%=*}" ] || ln -sf "${pair#*=}" "$dir/${pair%%=*}"
    done
}
