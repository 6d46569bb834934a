// SPDX-License-Identifier: GPL-2.0-or-later
// A minimal assembler over the instruction table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loongarch/isa/encode.hpp"

namespace lkvm::test::oracle {

/// Collects instruction words from `base` on.
class Assembler {
public:
    explicit Assembler(std::uint64_t base)
        : base_(base) {}

    void emit(la::Insn insn, la::EncodeOperands operands = {}) {
        words_.push_back(la::encode(insn, operands));
    }
    void word(std::uint32_t value) { words_.push_back(value); }

    /// Puts a constant into a register, always in four instructions.
    void constant(std::uint8_t rd, std::uint64_t value) {
        const auto part = [&](unsigned lsb, unsigned width) {
            const std::uint64_t field = (value >> lsb) & ((std::uint64_t{1} << width) - 1);
            const std::uint64_t top = std::uint64_t{1} << (width - 1);
            return static_cast<std::int32_t>(static_cast<std::int64_t>((field ^ top) - top));
        };
        emit(la::Insn::lu12i_w, {.rd = rd, .imm = part(12, 20)});
        emit(la::Insn::ori, {.rd = rd, .rj = rd, .imm = static_cast<std::int32_t>(value & 0xfff)});
        emit(la::Insn::lu32i_d, {.rd = rd, .imm = part(32, 20)});
        emit(la::Insn::lu52i_d, {.rd = rd, .rj = rd, .imm = part(52, 12)});
    }
    /// An unconditional branch to an address.
    void jump(std::uint64_t target) {
        emit(la::Insn::b, {.imm = static_cast<std::int32_t>(target - here())});
    }
    /// A branch to be completed by land().
    [[nodiscard]] std::size_t branch(la::Insn insn, la::EncodeOperands operands = {}) {
        emit(insn, operands);
        return words_.size() - 1;
    }
    /// Makes the branch at `from` go to the next instruction.
    void land(std::size_t from) {
        la::Decoded decoded;
        if (!la::decode(words_[from], decoded)) return;
        decoded.imm = static_cast<std::int32_t>((words_.size() - from) * 4);
        words_[from] = la::encode(decoded);
    }
    void pad_to(std::uint64_t address) {
        while (here() < address) emit(la::Insn::break_);
    }

    [[nodiscard]] std::uint64_t here() const { return base_ + words_.size() * 4; }
    [[nodiscard]] const std::vector<std::uint32_t>& words() const { return words_; }

private:
    std::uint64_t base_;
    std::vector<std::uint32_t> words_;
};

}  // namespace lkvm::test::oracle
