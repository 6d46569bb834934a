// SPDX-License-Identifier: GPL-2.0-or-later
// Power-off and reset registers, at the place of QEMU's ACPI GED block. Linux drives them with
// syscon-poweroff and syscon-reboot.
#pragma once

#include <cstdint>

#include <lkvm/mmio_device.hpp>
#include <lkvm/power_sink.hpp>

namespace lkvm::la {

class FdtWriter;

/// Registers and the values that do something. ACPI 6.5 §4.8.3.7.
namespace power {
inline constexpr std::uint32_t sleep_offset = 0;
inline constexpr std::uint32_t sleep_status_offset = 1;
inline constexpr std::uint32_t reset_offset = 2;
inline constexpr std::uint8_t sleep_type_off = 5;
inline constexpr std::uint32_t sleep_off = 0x20 | sleep_type_off << 2;  // SLP_EN
inline constexpr std::uint32_t reset_value = 0x42;
}  // namespace power

/// Three byte registers that read 0. Stateless; any thread.
class PowerDevice final : public MmioDevice {
public:
    explicit PowerDevice(PowerSink& sink)
        : sink_(sink) {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    static void add_node(FdtWriter& fdt);

private:
    PowerSink& sink_;
};

}  // namespace lkvm::la
