// SPDX-License-Identifier: GPL-2.0-or-later
// IOCSR registers outside the interrupt chips. Loongson 3A5000 manual §4.
#include "loongarch/platform/irqchip/iocsr_misc.hpp"

#include <string_view>

#include "loongarch/platform/register_bytes.hpp"

namespace lkvm::la {

namespace {

constexpr std::uint32_t version_address = 0x0;
constexpr std::uint32_t features_address = 0x8;
constexpr std::uint32_t vendor_address = 0x10;
constexpr std::uint32_t cpu_name_address = 0x20;
constexpr std::uint32_t misc_func_address = 0x420;

constexpr std::uint64_t version_value = 0x11;
constexpr std::uint64_t feature_eiointc = 1 << 3;
constexpr std::uint64_t feature_ipi = 1 << 4;
constexpr std::uint64_t feature_virtual = 1 << 11;

/// Up to eight characters as a register shows them.
constexpr std::uint64_t text(std::string_view name) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        value |= std::uint64_t{static_cast<std::uint8_t>(name[i])} << (8 * i);
    }
    return value;
}

}  // namespace

void IocsrMisc::reset() {
    const SpinGuard guard(lock_);
    misc_func_ = 0;
}

std::uint64_t IocsrMisc::read(unsigned /*cpu*/, std::uint32_t address, unsigned size) {
    if (!is_natural_access(address, size)) return 0;
    switch (address & ~std::uint32_t{7}) {
        case version_address:
            return read_lanes(version_value, address, size);
        case features_address: {
            const bool is_virtual = surroundings_ == Surroundings::virtual_;
            return read_lanes(feature_eiointc | feature_ipi | (is_virtual ? feature_virtual : 0),
                              address, size);
        }
        case vendor_address:
            return read_lanes(text("Loongson"), address, size);
        case cpu_name_address:
            return read_lanes(text("3A5000"), address, size);
        case misc_func_address: {
            const SpinGuard guard(lock_);
            return read_lanes(misc_func_, address, size);
        }
        default:
            return 0;
    }
}

void IocsrMisc::write(unsigned /*cpu*/, std::uint32_t address, unsigned size, std::uint64_t value) {
    if (!is_natural_access(address, size)) return;
    if ((address & ~std::uint32_t{7}) != misc_func_address) return;
    const SpinGuard guard(lock_);
    misc_func_ = write_lanes(misc_func_, address, size, value);
}

}  // namespace lkvm::la
