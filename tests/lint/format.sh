#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sources are as clang-format 19 leaves them ('make format').
cd "$(dirname "$0")/../.."
. tests/lint/common.sh
# Each batch prints names only, so that lines of parallel batches do not mix.
export faulty='s/^([^:]+):[0-9]+:[0-9]+: error.*/\1/p'
while read -r file; do
    fault "$file: not formatted"
done < <(project_files | grep -E '\.(cpp|hpp)$' |
    xargs -r -P "$(nproc)" -n 8 sh -c \
        'clang-format-19 --dry-run -Werror "$@" 2>&1 | sed -nE "$faulty" | sort -u' sh | sort)
finish
