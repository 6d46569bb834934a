// SPDX-License-Identifier: GPL-2.0-or-later
// A small assembler over the instruction table, for guest programs written in tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "loongarch/isa/encode.hpp"

namespace lkvm::test {

/// General registers by their ABI names. r21 is what Program::stop() overwrites.
namespace reg {
// clang-format off
inline constexpr std::uint8_t zero = 0, ra = 1, tp = 2, sp = 3,
    a0 = 4, a1 = 5, a2 = 6, a3 = 7, a4 = 8, a5 = 9, a6 = 10, a7 = 11,
    t0 = 12, t1 = 13, t2 = 14, t3 = 15, t4 = 16, t5 = 17, t6 = 18, t7 = 19, t8 = 20,
    r21 = 21, fp = 22,
    s0 = 23, s1 = 24, s2 = 25, s3 = 26, s4 = 27, s5 = 28, s6 = 29, s7 = 30, s8 = 31;
// clang-format on
}  // namespace reg

/// Collects instruction words for a fixed address. Calls can be chained:
///
///     Program code{base};
///     const auto loop = code.bound();
///     code.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = -1}).branch(Insn::bnez, {.rj = a0}, loop);
class Program {
public:
    /// Where a branch goes. Made by label() or bound(), valid for this program.
    struct Label {
        std::size_t number = 0;
    };

    explicit Program(std::uint64_t base)
        : base_(base) {}

    Program& op(la::Insn insn, la::EncodeOperands operands = {}) {
        EXPECT_TRUE(la::encodable(insn, operands)) << la::info(insn).text;
        return word(la::encode(insn, operands));
    }
    Program& word(std::uint32_t value) {
        words_.push_back(value);
        return *this;
    }
    Program& nop(unsigned count = 1) {
        for (unsigned i = 0; i < count; ++i) op(la::Insn::andi);
        return *this;
    }
    /// Loads a constant in one to four instructions.
    Program& li(std::uint8_t rd, std::uint64_t value) {
        const auto part = [&](unsigned lsb, unsigned width) {
            const std::uint64_t field = (value >> lsb) & ((std::uint64_t{1} << width) - 1);
            const std::uint64_t top = std::uint64_t{1} << (width - 1);
            return static_cast<std::int32_t>(static_cast<std::int64_t>((field ^ top) - top));
        };
        const auto extended = [&](unsigned bits) {
            const unsigned unused = 64 - bits;
            return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << unused) >> unused);
        };
        const auto low = static_cast<std::int32_t>(value & 0xfff);
        if (value < 0x1000) return op(la::Insn::ori, {.rd = rd, .imm = low});
        op(la::Insn::lu12i_w, {.rd = rd, .imm = part(12, 20)});
        if (low != 0) op(la::Insn::ori, {.rd = rd, .rj = rd, .imm = low});
        if (extended(32) == value) return *this;
        op(la::Insn::lu32i_d, {.rd = rd, .imm = part(32, 20)});
        if (extended(52) == value) return *this;
        return op(la::Insn::lu52i_d, {.rd = rd, .rj = rd, .imm = part(52, 12)});
    }
    /// csr = value, through `scratch`.
    Program& set_csr(unsigned csr, std::uint64_t value, std::uint8_t scratch = reg::t8) {
        return li(scratch, value).csrwr(scratch, csr);
    }
    Program& csrrd(std::uint8_t rd, unsigned csr) {
        return op(la::Insn::csrrd, {.rd = rd, .imm = static_cast<std::int32_t>(csr)});
    }
    Program& csrwr(std::uint8_t rd, unsigned csr) {
        return op(la::Insn::csrwr, {.rd = rd, .imm = static_cast<std::int32_t>(csr)});
    }
    Program& csrxchg(std::uint8_t rd, std::uint8_t rj, unsigned csr) {
        return op(la::Insn::csrxchg, {.rd = rd, .rj = rj, .imm = static_cast<std::int32_t>(csr)});
    }
    /// Stores to `stop_address` (see SoftMachine), which ends run(), and waits there.
    Program& stop(std::uint64_t stop_address) {
        li(reg::r21, stop_address);
        op(la::Insn::st_w, {.rd = reg::zero, .rj = reg::r21});
        return op(la::Insn::b, {.imm = 0});
    }

    /// Waits until `count` vCPUs have come here; `counter` is a zeroed double word, used once.
    /// Overwrites r21, t7 and t8.
    Program& meet(std::uint64_t counter, std::uint64_t count, std::uint64_t yield_address) {
        using la::Insn;
        li(reg::r21, counter).li(reg::t8, 1);
        op(Insn::amadd_db_d, {.rd = reg::zero, .rj = reg::r21, .rk = reg::t8});
        li(reg::t8, count);
        const Label wait = bound();
        li(reg::t7, yield_address).op(Insn::ld_w, {.rd = reg::t7, .rj = reg::t7});
        op(Insn::ld_d, {.rd = reg::t7, .rj = reg::r21});
        return branch(Insn::bltu, {.rd = reg::t8, .rj = reg::t7}, wait);
    }

    [[nodiscard]] Label label() {
        labels_.push_back(unbound);
        return {labels_.size() - 1};
    }
    /// The label stands for the next instruction.
    Program& bind(Label label) {
        labels_[label.number] = here();
        for (const Fixup& fixup : fixups_) {
            if (fixup.label == label.number) patch(fixup);
        }
        return *this;
    }
    [[nodiscard]] Label bound() {
        const Label made = label();
        bind(made);
        return made;
    }
    Program& branch(la::Insn insn, la::EncodeOperands operands, Label to) {
        fixups_.push_back({words_.size(), insn, operands, to.number});
        word(0);
        if (labels_[to.number] != unbound) patch(fixups_.back());
        return *this;
    }
    Program& b(Label to) { return branch(la::Insn::b, {}, to); }

    /// Fills with nop up to `address`.
    Program& pad_to(std::uint64_t address) {
        while (here() < address) nop();
        return *this;
    }

    [[nodiscard]] std::uint64_t base() const { return base_; }
    [[nodiscard]] std::uint64_t here() const { return base_ + words_.size() * 4; }
    [[nodiscard]] std::uint64_t address(Label label) const { return labels_[label.number]; }
    [[nodiscard]] const std::vector<std::uint32_t>& words() const { return words_; }

private:
    static constexpr std::uint64_t unbound = UINT64_MAX;

    struct Fixup {
        std::size_t at;
        la::Insn insn;
        la::EncodeOperands operands;
        std::size_t label;
    };
    void patch(const Fixup& fixup) {
        la::EncodeOperands operands = fixup.operands;
        operands.imm = static_cast<std::int32_t>(labels_[fixup.label] - (base_ + fixup.at * 4));
        EXPECT_TRUE(la::encodable(fixup.insn, operands)) << la::info(fixup.insn).text;
        words_[fixup.at] = la::encode(fixup.insn, operands);
    }

    std::uint64_t base_;
    std::vector<std::uint32_t> words_;
    std::vector<std::uint64_t> labels_;
    std::vector<Fixup> fixups_;
};

}  // namespace lkvm::test
