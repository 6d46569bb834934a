// SPDX-License-Identifier: GPL-2.0-or-later
// What is kept of the last floating-point instruction so that FCSR.Cause can be found out later.
#pragma once

#include <cstdint>

#include "loongarch/soft/vector_register.hpp"

namespace lkvm::la {

/// Nobody reads FCSR.Cause after every instruction, so fast paths only note the operands. When
/// `evaluate` is set, Cpu::fcsr is right but for Cause, which is what evaluate returns;
/// fp::sync_fcsr() puts it in.
struct FpPending {
    VectorRegister a;
    VectorRegister b;
    VectorRegister c;
    /// Exception bits (I is bit 0) of the noted instruction in rounding mode nearest-even.
    std::uint32_t (*evaluate)(const FpPending&) = nullptr;
    /// Those bits if the instruction knew them itself.
    std::uint32_t known = 0;
};

}  // namespace lkvm::la
