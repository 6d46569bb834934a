#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every file has its license line, no source grows past 800 lines (style §10), headers say
# "#pragma once", and no file has tabs or trailing blanks where the formatter would not look.
cd "$(dirname "$0")/../.."
. tests/lint/common.sh

# Formats without comments, or the license itself.
no_license='^(LICENSE|cmake/initrd/etc/(passwd|group)|debian/(changelog|source/format))$|\.(bin|dtb|img|png)$|^tests/fuzz/seeds/'
# Tables may be long (style §10).
tables='\.def$|_table\.(cpp|hpp)$|\.(txt|tsv|csv)$'

while read -r file; do
    if ! [[ $file =~ $no_license ]]; then
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' ||
            fault "$file: no SPDX line in the first three"
    fi
    case $file in
    *.hpp)
        grep -q '^#pragma once$' "$file" || fault "$file: no #pragma once" ;;&
    *.cpp | *.hpp | *.sh | *.cmake)
        lines=$(wc -l <"$file")
        if [ "$lines" -gt 800 ] && ! [[ $file =~ $tables ]]; then
            fault "$file: $lines lines"
        fi ;;&
    *.cpp | *.hpp | *.def | *.sh | *.cmake | *.txt | *.md | Makefile)
        grep -nE '[[:blank:]]$' "$file" >/dev/null && fault "$file: trailing blanks" ;;
    esac
done < <(project_files)
finish
