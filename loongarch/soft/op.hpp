// SPDX-License-Identifier: GPL-2.0-or-later
// One pre-decoded instruction as the interpreter runs it.
#pragma once

#include <cstdint>

namespace lkvm::la {

class Cpu;
struct Op;

// Handlers keep everything in registers and save none: the run loop calls the first, the others are
// reached by tail calls.
#if defined(__x86_64__) && __has_attribute(preserve_none) && !defined(LKVM_NO_PRESERVE_NONE)
#define LKVM_HANDLER __attribute__((preserve_none))
#else
#define LKVM_HANDLER
#endif

/// Executes `op` and continues with the operations after it (tail calls).
using Handler = LKVM_HANDLER void (*)(Cpu& cpu, const Op* op);

/// Writes to GPR 0 go to this slot of the register file instead: the decoder replaces rd.
inline constexpr unsigned gpr_sink = 32;

/// Operands as decoded by isa/: register numbers by field (rd: bits 4:0, rj 9:5, rk 14:10,
/// ra 19:15; FP, vector and condition-flag operands use the same fields), `imm` the first
/// immediate, sign-extended where the format says so and shifted where the manual shows it (branch
/// offsets are in bytes, lu12i.w's is not shifted). A second immediate (bstrpick msb, vstelm
/// index) is in `ra`.
struct Op {
    Handler run = nullptr;
    std::uint8_t rd = 0;
    std::uint8_t rj = 0;
    std::uint8_t rk = 0;
    std::uint8_t ra = 0;
    std::int32_t imm = 0;

    [[nodiscard]] unsigned imm2() const { return ra; }
};

static_assert(sizeof(Op) == 16);

}  // namespace lkvm::la
