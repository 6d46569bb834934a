// SPDX-License-Identifier: GPL-2.0-or-later
// Power-off and reset registers, at the place of QEMU's ACPI GED block. Linux drives them with
// syscon-poweroff and syscon-reboot.
#pragma once

#include <cstdint>

#include <lkvm/mmio_device.hpp>
#include <lkvm/power_sink.hpp>

namespace lkvm::la {

class FdtWriter;

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
