// SPDX-License-Identifier: GPL-2.0-or-later
// Recognizing single instructions without the decoder and its tables: for programs that meet only
// few of them.
#pragma once

#include <cstdint>

#include "loongarch/isa/encode.hpp"

namespace lkvm::la {

/// The instruction's opcode, for instructions whose opcode is all bits from `lowest_bit` up. Words
/// with `word >> lowest_bit` equal to it are that instruction (csrxchg includes csrrd and csrwr).
template<Insn insn, unsigned lowest_bit>
inline constexpr std::uint32_t opcode = [] {
    static_assert(mask(format_of(insn)) == ~std::uint32_t{0} << lowest_bit);
    return encode(insn) >> lowest_bit;
}();

/// Register operands by field, as in Decoded.
[[nodiscard]] constexpr unsigned rd_of(std::uint32_t word) {
    return word & 0x1f;
}
[[nodiscard]] constexpr unsigned rj_of(std::uint32_t word) {
    return (word >> 5) & 0x1f;
}

}  // namespace lkvm::la
