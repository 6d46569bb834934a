// SPDX-License-Identifier: GPL-2.0-or-later
// Interrupt inputs of the vCPUs as the interrupt controllers drive them.
#pragma once

namespace lkvm {

/// Interrupt lines of LoongArch vCPUs, numbered as in ESTAT.IS (LA Vol.1 §7.4.5): 2..9 are HWI0..7,
/// 12 is the IPI. Level inputs: a line stays pending until lowered. Any thread; implementations
/// wake an idle vCPU. Out-of-range numbers are ignored.
class CpuInterrupts {
public:
    virtual void set_line(unsigned cpu, unsigned line, bool level) = 0;

protected:
    ~CpuInterrupts() = default;  // never deleted through the interface
};

inline constexpr unsigned hwi0_line = 2;
inline constexpr unsigned timer_line = 11;
inline constexpr unsigned ipi_line = 12;

}  // namespace lkvm
