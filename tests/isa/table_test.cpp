// SPDX-License-Identifier: GPL-2.0-or-later
// Properties of the instruction table: no overlaps, and that decoding and encoding agree.
#include "loongarch/isa/instruction.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>
#include <string>

#include "loongarch/isa/encode.hpp"
#include "tests/isa/support.hpp"

namespace lkvm::test {
namespace {

using la::Decoded;
using la::Insn;

static_assert(la::encode(Insn::add_w, {.rd = 4, .rj = 5, .rk = 6}) == 0x001018a4);
static_assert(la::encode(Insn::b, {.imm = -4}) == 0x53ffffff);
static_assert(!la::encodable(Insn::addi_d, {.imm = 2048}));

TEST(InstructionTable, HasEveryMatchInsideItsMask) {
    for (const Insn insn : all_insns()) {
        EXPECT_EQ(la::info(insn).match & ~la::info(insn).mask, 0u) << la::info(insn).text;
    }
}

TEST(InstructionTable, HasNoOverlapsExceptNamedOnes) {
    for (const Insn a : all_insns()) {
        for (const Insn b : all_insns()) {
            if (a >= b) continue;
            const auto& one = la::info(a);
            const auto& other = la::info(b);
            if (((one.match ^ other.match) & one.mask & other.mask) != 0) continue;
            EXPECT_EQ(one.inside, b) << one.text << " overlaps " << other.text;
            EXPECT_EQ(other.match & one.mask & other.mask, one.match & other.mask);
            EXPECT_EQ(one.mask | other.mask, one.mask)
                << one.text << " is no part of " << other.text;
        }
    }
}

TEST(InstructionTable, HasEachNameOnce) {
    std::set<std::string> names;
    for (const Insn insn : all_insns()) {
        EXPECT_TRUE(names.insert(la::info(insn).text).second) << la::info(insn).text;
    }
    EXPECT_EQ(names.size(), std::size_t{la::insn_count});
}

TEST(InstructionTable, UsesDisjointBitsForTheOperandsOfAFormat) {
    for (const Insn insn : all_insns()) {
        std::uint32_t seen = 0;
        unsigned slots = 0;
        for (const la::OperandKind kind : la::operands(la::info(insn).format)) {
            if (kind == la::OperandKind::none) continue;
            EXPECT_EQ(seen & la::info(kind).bits(), 0u) << la::info(insn).text;
            seen |= la::info(kind).bits();
            const unsigned slot = 1u << static_cast<unsigned>(la::info(kind).slot);
            EXPECT_EQ(slots & slot, 0u) << la::info(insn).text;
            slots |= slot;
        }
    }
}

TEST(Decode, GivesBackWhatWasEncoded) {
    std::mt19937 random(test_seed());
    for (const Insn insn : all_insns()) {
        for (int i = 0; i < 200; ++i) {
            const std::uint32_t word = random_word(insn, random);
            Decoded decoded;
            ASSERT_TRUE(la::decode(word, decoded)) << la::info(insn).text;
            if (decoded.insn != insn) {
                ASSERT_EQ(la::info(decoded.insn).inside, insn) << la::info(insn).text;
            }
            ASSERT_EQ(la::encode(decoded), word) << la::info(insn).text;
            ASSERT_TRUE(la::encodable(
                decoded.insn, {decoded.rd, decoded.rj, decoded.rk, decoded.ra, decoded.imm}));
        }
    }
}

TEST(Decode, AgreesWithALinearSearchOnRandomWords) {
    std::mt19937 random(test_seed());
    int found = 0;
    for (int i = 0; i < 200'000; ++i) {
        // Half of the words come from near the table, as most random ones are branches.
        auto word = static_cast<std::uint32_t>(random());
        if ((i & 1) != 0) {
            word = random_word(static_cast<Insn>(random() % la::insn_count), random) ^
                   (1u << (random() % 32));
        }
        Insn expected = Insn::count;
        for (const Insn insn : all_insns()) {
            if ((word & la::info(insn).mask) == la::info(insn).match) {
                expected = insn;
                break;
            }
        }
        Decoded decoded;
        const bool known = la::decode(word, decoded);
        ASSERT_EQ(known, expected != Insn::count) << std::hex << word;
        if (!known) continue;
        ++found;
        ASSERT_EQ(decoded.insn, expected) << std::hex << word;
        ASSERT_EQ(la::encode(decoded), word);
    }
    EXPECT_GT(found, 1000);
}

TEST(Decode, FollowsTheOperandConventions) {
    const auto decoded = [](std::uint32_t word) {
        Decoded out;
        EXPECT_TRUE(la::decode(word, out)) << std::hex << word;
        return out;
    };
    // Words as llvm-mc-19 assembles the text in the comment.
    // clang-format off
    EXPECT_EQ(decoded(0x002c98a4), (Decoded{Insn::alsl_d, 4, 5, 6, 0, 2}));      // alsl.d $a0, $a1, $a2, 2
    EXPECT_EQ(decoded(0x006790a4), (Decoded{Insn::bstrpick_w, 4, 5, 0, 7, 4}));  // bstrpick.w $a0, $a1, 7, 4
    EXPECT_EQ(decoded(0x312418a4), (Decoded{Insn::vstelm_w, 4, 5, 0, 1, 24}));   // vstelm.w $vr4, $a1, 24, 1
    EXPECT_EQ(decoded(0x06200c85), (Decoded{Insn::cacop, 0, 4, 0, 5, -2045}));   // cacop 5, $a0, -2045
    EXPECT_EQ(decoded(0x064998a2), (Decoded{Insn::invtlb, 0, 5, 6, 0, 2}));      // invtlb 2, $a1, $a2
    EXPECT_EQ(decoded(0x04000404), (Decoded{Insn::csrrd, 4, 0, 0, 0, 1}));       // csrrd $a0, 1
    EXPECT_EQ(decoded(0x04000424), (Decoded{Insn::csrwr, 4, 0, 0, 0, 1}));       // csrwr $a0, 1
    EXPECT_EQ(decoded(0x040004a4), (Decoded{Insn::csrxchg, 4, 5, 0, 0, 1}));     // csrxchg $a0, $a1, 1
    EXPECT_EQ(decoded(0x0114c082), (Decoded{Insn::movgr2fcsr, 0, 4, 0, 0, 2}));  // movgr2fcsr $fcsr2, $a0
    EXPECT_EQ(decoded(0x20ffffa4), (Decoded{Insn::ll_w, 4, 29, 0, 0, -4}));      // ll.w $a0, $s6, -4
    EXPECT_EQ(decoded(0x53fffbff), (Decoded{Insn::b, 0, 0, 0, 0, -8}));          // b -8
    EXPECT_EQ(decoded(0x4bfff85f), (Decoded{Insn::bceqz, 0, 2, 0, 0, -8}));      // bceqz $fcc2, -8
    EXPECT_EQ(decoded(0x000e98a4), (Decoded{Insn::bytepick_d, 4, 5, 6, 0, 5}));  // bytepick.d $a0, $a1, $a2, 5
    EXPECT_EQ(decoded(0x2afffca3), (Decoded{Insn::preld, 0, 5, 0, 3, -1}));      // preld 3, $a1, -1
    EXPECT_EQ(decoded(0x0d018820), (Decoded{Insn::fsel, 0, 1, 2, 3, 0}));        // fsel $fa0, $fa1, $fa2, $fcc3
    // clang-format on
}

}  // namespace
}  // namespace lkvm::test
