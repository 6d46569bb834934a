// SPDX-License-Identifier: GPL-2.0-or-later
// Contract of a device that answers in a guest-physical (or IOCSR) address window.
#pragma once

#include <cstdint>

namespace lkvm {

/// Registers of one device. Offsets are relative to the device's window and, with the size,
/// inside it; sizes are 1, 2, 4 or 8 bytes. Called by any vCPU thread: the device does its own
/// locking. Offsets, sizes and values come from the guest: any of them gets a defined answer.
class MmioDevice {
public:
    /// Little-endian value of `size` bytes at `offset`, zero-extended. Unknown offsets read 0.
    virtual std::uint64_t read(std::uint64_t offset, unsigned size) = 0;
    /// Stores the low `size` bytes of `value`. Unknown offsets are ignored.
    virtual void write(std::uint64_t offset, unsigned size, std::uint64_t value) = 0;

protected:
    ~MmioDevice() = default;  // never deleted through the interface, so no operator delete
};

}  // namespace lkvm
