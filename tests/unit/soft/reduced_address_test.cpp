// SPDX-License-Identifier: GPL-2.0-or-later
// Virtual addresses that RVACFG makes shorter. LA Vol.1 §5.2.3.
#include "loongarch/soft/cpu_config.hpp"

#include <cstdint>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace reg;

class ReducedAddress : public CpuTest {
protected:
    void load(std::uint64_t address) {
        cpu.gpr[a0] = address;
        execute(Insn::ld_d, {.rd = a1, .rj = a0});
    }
};

TEST_F(ReducedAddress, CpucfgSaysThatEightBitsMayGo) {
    const la::CpuConfig config = la::CpuConfig::full();
    EXPECT_EQ(config.word[3] >> 12 & 1, 1u);
    EXPECT_EQ((config.word[3] >> 13 & 0xf) + 1, csr::rvacfg::max);
}

TEST_F(ReducedAddress, HoldsFourBits) {
    EXPECT_EQ(csrrd(csr::RVACFG), 0u);
    csrwr(csr::RVACFG, ~std::uint64_t{0xf} | 8);
    EXPECT_EQ(csrrd(csr::RVACFG), 8u);
}

TEST_F(ReducedAddress, LegalAddressesAreSignExtensionsOfWhatIsLeft) {
    map();
    for (unsigned reduced = 0; reduced <= csr::rvacfg::max; ++reduced) {
        SCOPED_TRACE(reduced);
        cpu.write_csr(csr::RVACFG, reduced);
        const std::uint64_t half = std::uint64_t{1} << (la::virtual_bits - reduced - 1);
        for (const std::uint64_t legal : {half - 8, std::uint64_t{0} - half}) {
            load(legal);
            EXPECT_TRUE(raised_refill());
            return_to(0);
        }
        for (const std::uint64_t illegal : {half, std::uint64_t{0} - half - 8}) {
            load(illegal);
            EXPECT_TRUE(raised(Exception::ADEM));
            EXPECT_EQ(cpu.csr(csr::BADV), illegal);
            return_to(0);
        }
    }
}

TEST_F(ReducedAddress, MoreThanEightCountsAsEight) {
    map();
    cpu.write_csr(csr::RVACFG, 15);
    load((std::uint64_t{1} << 39) - 8);
    EXPECT_TRUE(raised_refill());
    return_to(0);
    load(std::uint64_t{1} << 39);
    EXPECT_TRUE(raised(Exception::ADEM));
}

TEST_F(ReducedAddress, WhatWasReachedBeforeIsForgotten) {
    map();
    constexpr std::uint64_t address = std::uint64_t{1} << 40;
    map_pair(address, data | user_page, data | user_page);
    load(address);
    EXPECT_TRUE(went_on());
    cpu.write_csr(csr::RVACFG, 8);
    load(address);
    EXPECT_TRUE(raised(Exception::ADEM));
    return_to(0);
    cpu.write_csr(csr::RVACFG, 0);
    load(address);
    EXPECT_TRUE(went_on());
}

TEST_F(ReducedAddress, WindowsAreNotConcerned) {
    map();
    cpu.write_csr(csr::RVACFG, 8);
    load(window | data);
    EXPECT_TRUE(went_on());
}

}  // namespace
}  // namespace lkvm::test
