// SPDX-License-Identifier: GPL-2.0-or-later
// The platform as ACPI tables, for firmware that passes on no device tree, and the script by which
// it puts them into memory. ACPI 6.5 §5.2; QEMU's etc/table-loader.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/ram_banks.hpp>
#include <lkvm/result.hpp>

namespace lkvm::la {

/// Says the same as the device tree of the same machine.
class AcpiTables {
public:
    static constexpr const char* tables_file = "etc/acpi/tables";
    static constexpr const char* root_file = "etc/acpi/rsdp";
    static constexpr const char* script_file = "etc/table-loader";

    /// CPUIDs 0..cpu_count-1; `virtio_slots`: bit n, a device answers in slot n. Error: `no_space`.
    [[nodiscard]] Result<> build(unsigned cpu_count, std::uint32_t virtio_slots,
                                 const RamBanks& banks);

    [[nodiscard]] std::span<const std::byte> tables() const { return part(tables_, tables_size_); }
    [[nodiscard]] std::span<const std::byte> root() const { return root_; }
    [[nodiscard]] std::span<const std::byte> script() const { return part(script_, script_size_); }

private:
    static std::span<const std::byte> part(std::span<const std::byte> all, std::size_t size) {
        return all.first(size);
    }

    std::array<std::byte, 0x4000> tables_{};
    std::size_t tables_size_ = 0;
    std::array<std::byte, 36> root_{};
    std::array<std::byte, 16 * 128> script_{};
    std::size_t script_size_ = 0;
};

}  // namespace lkvm::la
