// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/trap/sensitive.hpp"

#include <random>
#include <set>
#include <string_view>

#include <gtest/gtest.h>

#include "baremetal/trap/guest_cpucfg.hpp"
#include "baremetal/trap/mmio_decode.hpp"
#include "loongarch/isa/instruction.hpp"

namespace lkvm::hv {
namespace {

// Words as an assembler writes them, rd = $a0 (4), rj = $a1 (5).
constexpr std::uint32_t operands = 5 << 5 | 4;

TEST(Sensitive, KnowsWhatEndsAGuest) {
    EXPECT_EQ(decode_sensitive(0x00006c00 | operands).kind, SensitiveKind::cpucfg);
    EXPECT_EQ(decode_sensitive(0x06488000).kind, SensitiveKind::idle);
    EXPECT_EQ(decode_sensitive(0x06000000).kind, SensitiveKind::cacop);
    for (unsigned size = 0; size < 4; ++size) {
        const Sensitive read = decode_sensitive(0x06480000 | size << 10 | operands);
        EXPECT_EQ(read.kind, SensitiveKind::iocsr_read);
        EXPECT_EQ(read.size, 1u << size);
        EXPECT_EQ(read.rd, 4u);
        EXPECT_EQ(read.rj, 5u);
        EXPECT_EQ(decode_sensitive(0x06481000 | size << 10).kind, SensitiveKind::iocsr_write);
    }
}

TEST(Sensitive, TellsRootsRegistersFromThoseThatAreNotThere) {
    const auto csr = [](unsigned number) { return decode_sensitive(0x04000000 | number << 10); };
    for (const unsigned number : {0x15u, 0x16u, 0x50u, 0x51u, 0x52u, 0x53u}) {
        EXPECT_EQ(csr(number).kind, SensitiveKind::root_csr) << number;
    }
    for (const unsigned number : {0x80u, 0x90u, 0x300u, 0x500u, 0x3fffu}) {
        EXPECT_EQ(csr(number).kind, SensitiveKind::csr) << number;
    }
}

TEST(Sensitive, RefusesWhatNeverEndsAGuest) {
    for (const std::uint32_t word : {0u, 0xffffffffu, 0x002b0000u, 0x06483800u, 0x05000000u}) {
        EXPECT_EQ(decode_sensitive(word).kind, SensitiveKind::unknown) << std::hex << word;
    }
}

TEST(Sensitive, NamesOnlyRegistersThatExist) {
    std::mt19937 random{3};
    for (int i = 0; i < 1'000'000; ++i) {
        const auto word = static_cast<std::uint32_t>(random());
        const Sensitive what = decode_sensitive(word);
        ASSERT_TRUE(what.rd < 32 && what.rj < 32);
        MmioAccess access;
        if (!decode_mmio(word, access)) continue;
        ASSERT_LT(access.rd, 32u);
        ASSERT_TRUE(access.size == 1 || access.size == 2 || access.size == 4 || access.size == 8);
    }
}

TEST(MmioDecode, KnowsSizeDirectionAndSign) {
    struct Case {
        std::uint32_t word;
        unsigned size;
        bool store;
        bool sign;
    };
    // ld.b ld.w ld.d ld.bu ld.wu, st.b st.d, ldx.h, stx.w, ldptr.w, stptr.d
    for (const Case& c : {Case{0x28000000, 1, false, true},
                          {0x28800000, 4, false, true},
                          {0x28c00000, 8, false, false},
                          {0x2a000000, 1, false, false},
                          {0x2a800000, 4, false, false},
                          {0x29000000, 1, true, false},
                          {0x29c00000, 8, true, false},
                          {0x38040000, 2, false, true},
                          {0x38180000, 4, true, false},
                          {0x24000000, 4, false, true},
                          {0x27000000, 8, true, false}}) {
        MmioAccess access;
        ASSERT_TRUE(decode_mmio(c.word | operands, access)) << std::hex << c.word;
        EXPECT_EQ(access.size, c.size) << std::hex << c.word;
        EXPECT_EQ(access.store, c.store) << std::hex << c.word;
        EXPECT_EQ(access.sign, c.sign) << std::hex << c.word;
        EXPECT_EQ(access.rd, 4u);
    }
}

TEST(MmioDecode, RefusesOtherWaysToMemory) {
    // ll.w, sc.d, fld.d, vst, amadd.w, ldgt.b, preld
    for (const std::uint32_t word : {0x20000000u, 0x23000000u, 0x2b800000u, 0x2c400000u,
                                     0x38610000u, 0x38780000u, 0x2ac00000u}) {
        MmioAccess access;
        EXPECT_FALSE(decode_mmio(word, access)) << std::hex << word;
    }
}

// They look at opcodes themselves; the decoder's tables say what they must find.
TEST(ExitDecoders, AgreeWithTheDecoderOnEveryInstruction) {
    const std::set<std::string_view> memory{
        "ld.b",  "ld.h",  "ld.w",  "ld.d",  "ld.bu",   "ld.hu",   "ld.wu",   "st.b",   "st.h",
        "st.w",  "st.d",  "ldx.b", "ldx.h", "ldx.w",   "ldx.d",   "ldx.bu",  "ldx.hu", "ldx.wu",
        "stx.b", "stx.h", "stx.w", "stx.d", "ldptr.w", "ldptr.d", "stptr.w", "stptr.d"};
    const std::set<std::string_view> sensitive{
        "cpucfg",    "csrrd",     "csrwr",     "csrxchg",   "cacop",     "iocsrrd.b", "iocsrrd.h",
        "iocsrrd.w", "iocsrrd.d", "iocsrwr.b", "iocsrwr.h", "iocsrwr.w", "iocsrwr.d", "idle"};
    std::mt19937 random{5};
    for (unsigned i = 0; i < la::insn_count; ++i) {
        const la::InsnInfo& line = la::info(static_cast<la::Insn>(i));
        for (int round = 0; round < 100; ++round) {
            const std::uint32_t word =
                line.match | (static_cast<std::uint32_t>(random()) & ~line.mask);
            la::Decoded decoded;
            ASSERT_TRUE(la::decode(word, decoded));
            const std::string_view text = la::info(decoded.insn).text;
            MmioAccess access;
            ASSERT_EQ(decode_mmio(word, access), memory.contains(text)) << text;
            const Sensitive what = decode_sensitive(word);
            ASSERT_EQ(what.kind != SensitiveKind::unknown, sensitive.contains(text)) << text;
            if (memory.contains(text)) {
                ASSERT_EQ(access.rd, decoded.rd) << text;
            }
            if (text.starts_with("iocsr")) {
                ASSERT_EQ(what.rj, decoded.rj) << text;
            }
        }
    }
}

TEST(GuestCpucfg, HidesWhatGuestsDoNotGet) {
    constexpr std::uint32_t all = 0xffffffff;
    EXPECT_EQ(guest_cpucfg(0, 0x14c010), 0x14c010u);
    EXPECT_EQ(guest_cpucfg(2, all) & 1u << 10, 0u);  // virtualization
    EXPECT_EQ(guest_cpucfg(2, all) & 1u << 24, 0u);  // page-table walker
    EXPECT_EQ(guest_cpucfg(6, all), 0u);
    EXPECT_EQ(guest_cpucfg(21, all), 0u);
    EXPECT_EQ(guest_cpucfg(0x40000000, all), 0u);
}

}  // namespace
}  // namespace lkvm::hv
