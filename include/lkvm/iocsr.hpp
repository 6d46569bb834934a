// SPDX-License-Identifier: GPL-2.0-or-later
// Contract of the IOCSR space, which iocsrrd/iocsrwr reach. LA Vol.1 §4.2.2.
#pragma once

#include <cstdint>

namespace lkvm {

/// The IOCSR space of all vCPUs. `cpu` is the accessing vCPU's index; sizes are 1, 2, 4 or 8.
/// Called by vCPU threads, locks inside. Unknown addresses read 0 and ignore writes.
class Iocsr {
public:
    virtual std::uint64_t read(unsigned cpu, std::uint32_t address, unsigned size) = 0;
    virtual void write(unsigned cpu, std::uint32_t address, unsigned size, std::uint64_t value) = 0;

protected:
    ~Iocsr() = default;  // never deleted through the interface
};

}  // namespace lkvm
