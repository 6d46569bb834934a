// SPDX-License-Identifier: GPL-2.0-or-later
// Instruction formats: which bits of a word are operands, and in which order they are written.
#pragma once

#include <array>
#include <cstdint>

namespace lkvm::la {

/// A kind of operand: which register file or immediate, in which bits. Listed in operands.def.
enum class OperandKind : std::uint8_t {
    none,
#define OPERAND(name, ...) name,
#include "loongarch/isa/operands.def"
#undef OPERAND
};

/// What an operand stands for. `offset` is a branch offset in bytes.
enum class OperandClass : std::uint8_t { none, gpr, fpr, vr, xr, fcc, fcsr, number, offset };

/// The member of Decoded that holds an operand.
enum class Slot : std::uint8_t { rd, rj, rk, ra, imm };

/// Place and meaning of an operand's bits; see operands.def.
struct OperandInfo {
    OperandClass kind;
    Slot slot;
    std::uint8_t lsb;
    std::uint8_t width;
    std::uint8_t high;
    bool sign;
    std::uint8_t shift;
    std::uint8_t bias;

    /// The bits of an instruction word that this operand occupies.
    [[nodiscard]] constexpr std::uint32_t bits() const {
        return (((1u << width) - 1) << lsb) | ((1u << high) - 1);
    }
    /// The operand's value in `word`. Not for kind none, which has no bits.
    [[nodiscard]] constexpr std::int32_t get(std::uint32_t word) const {
        const std::uint32_t low = (word >> lsb) & ((1u << width) - 1);
        const std::uint32_t field = low | ((word & ((1u << high) - 1)) << width);
        const std::uint32_t top = 1u << (width + high - 1);
        const std::uint32_t value = sign ? (field ^ top) - top : field;
        return static_cast<std::int32_t>((value << shift) + bias);
    }
    /// The bits of a word that make the operand `value`; get() of them gives it back if it fits.
    [[nodiscard]] constexpr std::uint32_t put(std::int32_t value) const {
        const std::uint32_t field = (static_cast<std::uint32_t>(value) - bias) >> shift;
        return ((field & ((1u << width) - 1)) << lsb) | ((field >> width) & ((1u << high) - 1));
    }
};

inline constexpr std::array operand_table = {
    OperandInfo{OperandClass::none, Slot::rd, 0, 0, 0, false, 0, 0},
#define OPERAND(name, class_, slot, lsb, width, high, sign, shift, bias) \
    OperandInfo{OperandClass::class_, Slot::slot, lsb, width, high, sign, shift, bias},
#include "loongarch/isa/operands.def"
#undef OPERAND
};

[[nodiscard]] constexpr const OperandInfo& info(OperandKind kind) {
    return operand_table[static_cast<unsigned>(kind)];
}

/// A format is a list of operands. Listed in formats.def.
enum class Format : std::uint8_t {
#define FORMAT(name, ...) name,
#include "loongarch/isa/formats.def"
#undef FORMAT
};

/// The operands of a format in the order in which the manual writes them; unused places are none.
using Operands = std::array<OperandKind, 4>;

namespace detail {
using enum OperandKind;
inline constexpr std::array format_table = {
#define FORMAT(name, ...) Operands{__VA_ARGS__},
#include "loongarch/isa/formats.def"
#undef FORMAT
};
}  // namespace detail

[[nodiscard]] constexpr const Operands& operands(Format format) {
    return detail::format_table[static_cast<unsigned>(format)];
}

/// The bits that are no operand: what `match` fixes.
[[nodiscard]] constexpr std::uint32_t mask(Format format) {
    std::uint32_t fixed = 0xffffffffu;
    for (const OperandKind kind : operands(format)) {
        if (kind != OperandKind::none) fixed &= ~info(kind).bits();
    }
    return fixed;
}

/// Whether bits 4:0 name a general register that the instruction reads (stores, compare-and-branch,
/// csrwr, bstrins...).
[[nodiscard]] constexpr bool reads_gpr_rd(Format format) {
    for (const OperandKind kind : operands(format)) {
        if (kind == OperandKind::gs || kind == OperandKind::gm) return true;
    }
    return false;
}

/// Whether bits 4:0 name a general register that the instruction writes.
[[nodiscard]] constexpr bool writes_gpr_rd(Format format) {
    for (const OperandKind kind : operands(format)) {
        if (kind == OperandKind::gd || kind == OperandKind::gm) return true;
    }
    return false;
}

/// Whether it is a branch's: one of the operands is where it goes.
[[nodiscard]] constexpr bool is_branch(Format format) {
    for (const OperandKind kind : operands(format)) {
        if (info(kind).kind == OperandClass::offset) return true;
    }
    return false;
}

}  // namespace lkvm::la
