# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by the lint tests; they run from the repository's root.
set -euo pipefail
failures=0
fault() {
    printf '%s\n' "$*"
    failures=$((failures + 1))
}
finish() {
    if [ $failures -gt 0 ]; then
        printf '%s: %d fault(s)\n' "${0##*/}" $failures
        exit 1
    fi
}
# Files of the project: what git tracks or would track, or all but the build in an unpacked archive
# and in a clone that git does not trust, being somebody else's.
project_files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        # New files, too, but not what programs leave in a home directory that is here.
        git ls-files --cached --others --exclude-standard --exclude='.*' | while read -r file; do
            [ ! -f "$file" ] || printf '%s\n' "$file"
        done
    else
        find . \( -path './build*' -o -path ./.git \) -prune -o -type f -print | sed 's#^\./##'
    fi
}
