// SPDX-License-Identifier: GPL-2.0-or-later
// Instruction words from operands, also at compile time: for stubs, boot code and tests.
#pragma once

#include <array>
#include <cstdint>

#include "loongarch/isa/instruction.hpp"

namespace lkvm::la {

/// Operands for encode(), with the conventions of Decoded.
struct EncodeOperands {
    std::uint8_t rd = 0;
    std::uint8_t rj = 0;
    std::uint8_t rk = 0;
    std::uint8_t ra = 0;
    std::int32_t imm = 0;
};

namespace detail {
struct Pattern {
    std::uint32_t match;
    Format format;
};
inline constexpr std::array<Pattern, insn_count> patterns = {{
#define INSN(handler, text, match, format, needs, manual) {match, Format::format},
#include "loongarch/isa/all.def"
#undef INSN
}};

[[nodiscard]] constexpr std::int32_t slot_value(const EncodeOperands& from, Slot slot) {
    switch (slot) {
        case Slot::rd:
            return from.rd;
        case Slot::rj:
            return from.rj;
        case Slot::rk:
            return from.rk;
        case Slot::ra:
            return from.ra;
        case Slot::imm:
            break;
    }
    return from.imm;
}
}  // namespace detail

[[nodiscard]] constexpr Format format_of(Insn insn) {
    return detail::patterns[static_cast<unsigned>(insn)].format;
}

/// Whether every operand that the format has fits its field (and a scaled one is a multiple).
[[nodiscard]] constexpr bool encodable(Insn insn, const EncodeOperands& from) {
    for (const OperandKind kind : operands(format_of(insn))) {
        if (kind == OperandKind::none) break;
        const std::int32_t value = detail::slot_value(from, info(kind).slot);
        if (info(kind).get(info(kind).put(value)) != value) return false;
    }
    return true;
}

/// The instruction word. Bits of an operand that do not fit are dropped; see encodable().
[[nodiscard]] constexpr std::uint32_t encode(Insn insn, const EncodeOperands& from = {}) {
    std::uint32_t word = detail::patterns[static_cast<unsigned>(insn)].match;
    for (const OperandKind kind : operands(format_of(insn))) {
        if (kind == OperandKind::none) break;
        word |= info(kind).put(detail::slot_value(from, info(kind).slot));
    }
    return word;
}

/// The word that decodes to `from`.
[[nodiscard]] constexpr std::uint32_t encode(const Decoded& from) {
    return encode(from.insn, {from.rd, from.rj, from.rk, from.ra, from.imm});
}

}  // namespace lkvm::la
