#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sources are as clang-format 19 leaves them ('make format').
cd "$(dirname "$0")/../.."
. tests/lint/common.sh
while read -r file; do
    fault "$file: not formatted"
done < <(project_files | grep -E '\.(cpp|hpp)$' |
    xargs -r -P "$(nproc)" -n 16 clang-format-19 --dry-run -Werror 2>&1 |
    sed -nE 's/^([^:]+):[0-9]+:[0-9]+: error.*/\1/p' | sort -u)
finish
