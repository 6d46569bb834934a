// SPDX-License-Identifier: GPL-2.0-or-later
// Processor state before and after one case of the oracle, as the image loads and stores it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lkvm::test::oracle {

using Vector = std::array<std::uint64_t, 4>;

/// One case's state. The image loads it, runs the case and stores it back in place.
struct CaseBlock {
    std::array<std::uint64_t, 32> gpr{};
    std::array<Vector, 32> vr{};
    std::array<std::uint8_t, 8> fcc{};
    std::uint32_t fcsr = 0;
    std::uint32_t unused = 0;
    /// 0, or what the case raised: a signal number under QEMU, fault_flag plus ESTAT[30:16] on the
    /// software CPU.
    std::uint64_t fault = 0;
    std::uint64_t fault_pc = 0;
    std::array<std::uint64_t, 4> scratch{};
    /// What loads and stores of the case may reach.
    std::array<std::uint8_t, 256> memory{};
};

static_assert(sizeof(CaseBlock) == 1600);
static_assert(offsetof(CaseBlock, memory) % 64 == 0 && sizeof(CaseBlock) % 64 == 0);

inline constexpr std::uint64_t fault_flag = 0x10000;

/// Where things lie, the same under QEMU and on the software CPU.
inline constexpr std::uint64_t code_base = 0x9000'0000;
inline constexpr std::uint64_t handler_base = code_base + 0x4000;
inline constexpr std::uint64_t refill_base = handler_base + 0x1000;
inline constexpr std::uint64_t body_base = code_base + 0x10000;
inline constexpr std::uint64_t body_stride = 64;
inline constexpr std::uint64_t data_base = 0xa000'0000;
/// The data segment begins with a page for the driver.
inline constexpr std::uint64_t block_base = data_base + 0x10000;
inline constexpr std::uint64_t stop_device = 0x1000'0000;

/// The register that holds the block's address while a case runs: no case may write it.
inline constexpr std::uint8_t context_register = 21;
/// The register that holds the body's address when a case begins.
inline constexpr std::uint8_t body_register = 20;

}  // namespace lkvm::test::oracle
