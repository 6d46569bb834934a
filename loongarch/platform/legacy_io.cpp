// SPDX-License-Identifier: GPL-2.0-or-later
// Window of the legacy I/O ports.
#include "loongarch/platform/legacy_io.hpp"

#include "loongarch/platform/fdt_writer.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "loongarch/platform/register_bytes.hpp"

namespace lkvm::la {

std::uint64_t LegacyIo::read(std::uint64_t /*offset*/, unsigned size) {
    return size_mask(size);
}

void LegacyIo::write(std::uint64_t /*offset*/, unsigned /*size*/, std::uint64_t /*value*/) {}

void LegacyIo::add_node(FdtWriter& fdt) {
    constexpr Gpa base = memory_map::legacy_io_base;
    constexpr std::uint32_t io_space = 1;  // first child cell: 1 means I/O ports
    fdt.begin_node("isa", base);           // Linux looks for this name
    fdt.string("compatible", "isa");
    fdt.cells("#address-cells", {2});
    fdt.cells("#size-cells", {1});
    fdt.cells("ranges", {io_space, 0, static_cast<std::uint32_t>(base.value >> 32),
                         static_cast<std::uint32_t>(base.value),
                         static_cast<std::uint32_t>(memory_map::legacy_io_size)});
    fdt.end_node();
}

}  // namespace lkvm::la
