// SPDX-License-Identifier: GPL-2.0-or-later
// Registers of a device of the board.
#pragma once

#include <cstdint>

namespace lkvm::hv {

/// Words at offsets inside one device's window.
class DeviceRegisters {
public:
    [[nodiscard]] virtual std::uint32_t read(std::uint64_t offset) = 0;
    virtual void write(std::uint64_t offset, std::uint32_t value) = 0;

protected:
    ~DeviceRegisters() = default;  // never deleted through the interface
};

/// Where a device finds what this program has at `pointer`.
using BusAddress = std::uint64_t (*)(const void* pointer);

}  // namespace lkvm::hv
