#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Reads the include lines of all sources: each folder includes only what style §1 and §2 allow.
cd "$(dirname "$0")/../.."
. tests/lint/common.sh

mapfile -t files < <(project_files | grep -E '\.(cpp|hpp|h|c|def)$' |
    grep -E '^(include|loongarch|virtio|vmm|baremetal)/')
while read -r line; do
    fault "$line"
done < <(
    awk '
    BEGIN {
        split("cstdint cstddef span array bit type_traits concepts limits utility atomic optional " \
              "tuple variant new compare string_view initializer_list " \
              "cstring", names, " ")
        for (i in names) std[names[i]] = 1
        # cstring: for memcpy and its three siblings; the symbol check finds anything else.
        # What a layer may name in quotes; "core" layers also have a fixed
        # list of standard headers.
        core_la = "^loongarch/(isa|csr|mmu|boot|platform)/"
        quoted["include"] = "^$"
        quoted["core"] = core_la
        quoted["soft"] = "^loongarch/"
        quoted["virtio"] = "^virtio/"
        quoted["vmm"] = "^(vmm|loongarch|virtio)/"
        quoted["baremetal"] = "^(baremetal|virtio)/|" core_la
        fixed["include"] = fixed["core"] = fixed["virtio"] = fixed["baremetal"] = 1
    }
    FNR == 1 {
        if (FILENAME ~ /^include\//) layer = "include"
        else if (FILENAME ~ core_la) layer = "core"
        else if (FILENAME ~ /^loongarch\/(soft|jit)\//) layer = "soft"
        else if (FILENAME ~ /^(virtio|vmm|baremetal)\//) layer = substr(FILENAME, 1, index(FILENAME, "/") - 1)
        else layer = ""
        if (layer == "") print FILENAME ": belongs to no layer of style §1"
    }
    layer != "" && /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, part, "\"")
        if (part[2] !~ quoted[layer]) print FILENAME ":" FNR ": " layer " may not include \"" part[2] "\""
    }
    layer != "" && /^[ \t]*#[ \t]*include[ \t]*</ {
        name = $0
        sub(/^[^<]*</, "", name)
        sub(/>.*/, "", name)
        if (name ~ /^lkvm\//) next
        if (!(layer in fixed) || (name in std)) next
        if (name == "libfdt.h" && FILENAME ~ /^(loongarch\/(boot|platform)|baremetal)\//) next
        print FILENAME ":" FNR ": <" name "> is not among the headers of the core"
    }' "${files[@]}"
)
finish
