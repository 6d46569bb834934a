// SPDX-License-Identifier: GPL-2.0-or-later
// Power-off and reset registers.
#include "loongarch/platform/power.hpp"

#include "loongarch/platform/fdt_writer.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

using namespace power;

std::uint64_t PowerDevice::read(std::uint64_t /*offset*/, unsigned /*size*/) {
    return 0;
}

void PowerDevice::write(std::uint64_t offset, unsigned /*size*/, std::uint64_t value) {
    const auto byte = static_cast<std::uint8_t>(value);
    if (offset == sleep_offset && byte == sleep_off) sink_.power_off();
    if (offset == reset_offset && byte == reset_value) sink_.reset();
}

void PowerDevice::add_node(FdtWriter& fdt) {
    fdt.begin_node("ged", memory_map::power_base);
    fdt.string("compatible", "syscon");
    fdt.reg(memory_map::power_base, memory_map::power_size);
    fdt.cells("reg-shift", {0});
    fdt.cells("reg-io-width", {1});
    fdt.cells("phandle", {phandles::power});
    fdt.end_node();

    fdt.begin_node("poweroff");
    fdt.string("compatible", "syscon-poweroff");
    fdt.cells("regmap", {phandles::power});
    fdt.cells("offset", {sleep_offset});
    fdt.cells("value", {sleep_off});
    fdt.end_node();

    fdt.begin_node("reboot");
    fdt.string("compatible", "syscon-reboot");
    fdt.cells("regmap", {phandles::power});
    fdt.cells("offset", {reset_offset});
    fdt.cells("value", {reset_value});
    fdt.end_node();
}

}  // namespace lkvm::la
