// SPDX-License-Identifier: GPL-2.0-or-later
// Window of the legacy I/O ports 0..0x3fff, behind which there is nothing. Without it Linux's probe
// of the i8042 keyboard controller faults.
#pragma once

#include <cstdint>

#include <lkvm/mmio_device.hpp>

namespace lkvm::la {

class FdtWriter;

/// Reads all ones, drops writes. Stateless; any thread.
class LegacyIo final : public MmioDevice {
public:
    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    static void add_node(FdtWriter& fdt);
};

}  // namespace lkvm::la
