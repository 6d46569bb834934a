// SPDX-License-Identifier: GPL-2.0-or-later
// Architectural state of one software vCPU and what instruction semantics may ask of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "loongarch/csr/exception.hpp"
#include "loongarch/soft/op.hpp"
#include "loongarch/soft/vector_register.hpp"

namespace lkvm::la {

/// One vCPU. Everything here belongs to the vCPU's own thread unless a member says otherwise.
class Cpu {
public:
    /// General registers; slot gpr_sink swallows writes to register 0.
    std::array<std::uint64_t, 33> gpr{};
    std::array<VectorRegister, 32> vr{};
    /// Condition flags, each 0 or 1.
    std::array<std::uint8_t, 8> fcc{};
    std::uint32_t fcsr = 0;

    /// Notes that the current instruction raises `exception` and returns false, for handlers that
    /// say `return cpu.raise(...)`. No register may have been written before.
    bool raise(Exception exception);
    /// The same with a bad virtual address (BADV).
    bool raise(Exception exception, std::uint64_t bad_address);

    /// Guest-virtual memory accesses at the current privilege level, any alignment. False: the
    /// handler must return false at once without touching registers (an exception is noted, or,
    /// for stores that were done, the block must be left).
    template<class T>
    [[nodiscard]] bool load(std::uint64_t address, T& value);
    template<class T>
    [[nodiscard]] bool store(std::uint64_t address, T value);
    /// `size` is 16 or 32. A store writes all or nothing.
    [[nodiscard]] bool load_vector(std::uint64_t address, std::byte* to, unsigned size);
    [[nodiscard]] bool store_vector(std::uint64_t address, const std::byte* from, unsigned size);
};

}  // namespace lkvm::la
