// SPDX-License-Identifier: GPL-2.0-or-later
// Text of an instruction, as an assembler takes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lkvm::la {

/// Enough for every text that disassemble() makes.
inline constexpr std::size_t disassembly_size = 80;

/// Writes the text of `word`, which stands at `pc`, into `buffer` and returns what it wrote:
/// mnemonic, blank, operands ("add.w $a0, $a1, $a2"), without aliases. Relative branches show the
/// offset and, as a comment, the target ("b -8 # 0x1c0"); what is no instruction shows as ".word
/// 0x...". A text longer than `buffer` is cut. Any thread.
std::string_view disassemble(std::uint32_t word, std::uint64_t pc, std::span<char> buffer);

}  // namespace lkvm::la
