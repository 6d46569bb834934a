// SPDX-License-Identifier: GPL-2.0-or-later
// Integer vector instructions by hand-checked values, where the rules are easy to get wrong.
#include "loongarch/soft/sem_simd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <span>

#include <gtest/gtest.h>
#include <lkvm/clock.hpp>
#include <lkvm/iocsr.hpp>
#include <lkvm/mmio_bus.hpp>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/cpu_config.hpp"
#include "loongarch/soft/system.hpp"

namespace lkvm::test {
namespace {

using la::Cpu;
using la::Op;
namespace sem = la::sem;

class StillClock final : public Clock {
public:
    std::uint64_t monotonic_ns() override { return 0; }
    std::uint64_t wall_ns() override { return 0; }
};

class NoIocsr final : public Iocsr {
public:
    std::uint64_t read(unsigned, std::uint32_t, unsigned) override { return 0; }
    void write(unsigned, std::uint32_t, unsigned, std::uint64_t) override {}
};

/// Bits 127:64 and 63:0, in the order in which one writes them.
struct Block {
    std::uint64_t high;
    std::uint64_t low;
    bool operator==(const Block&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Block& block) {
    return out << std::hex << "0x" << block.high << " 0x" << block.low << std::dec;
}

constexpr std::uint8_t rd = 1;
constexpr std::uint8_t rj = 2;
constexpr std::uint8_t rk = 3;
constexpr std::uint8_t ra = 4;

Op op_with(std::int32_t imm) {
    return {.run = nullptr, .rd = rd, .rj = rj, .rk = rk, .ra = ra, .imm = imm};
}

alignas(4096) std::byte ram[8192];
constexpr std::uint64_t ram_base = 0x80000000;

/// A vCPU fresh from reset, so that addresses are physical.
class Simd : public ::testing::Test {
protected:
    Simd() { system_.add_region(ram_base, ram, true); }

    void set(unsigned number, Block low, Block high = {0, 0}) {
        cpu.vr[number].d = {low.low, low.high, high.low, high.high};
    }
    [[nodiscard]] Block low(unsigned number) const {
        return {cpu.vr[number].d[1], cpu.vr[number].d[0]};
    }
    [[nodiscard]] Block high(unsigned number) const {
        return {cpu.vr[number].d[3], cpu.vr[number].d[2]};
    }

private:
    StillClock clock_;
    NoIocsr iocsr_;
    MmioBus bus_;
    alignas(16) std::array<std::byte, 1 << 12> code_{};
    la::System system_{bus_, iocsr_, clock_};

protected:
    Cpu cpu{system_, 0, la::CpuConfig::full(), code_};
};

struct Case {
    const char* rule;
    void (*instruction)(Cpu&, const Op&);
    Block d;
    Block j;
    Block k;
    std::int32_t imm;
    Block expected;
};

constexpr Block fives{0x5555555555555555, 0x5555555555555555};
constexpr Block count_j{0x0007000600050004, 0x0003000200010000};
constexpr Block count_k{0x0017001600150014, 0x0013001200110010};

// clang-format off
constexpr Case cases[] = {
    {"the least integer by -1 is itself, anything by 0 is 0", sem::vdiv_b, fives,
     {0x8000000000000000, 0xf90780}, {0xff00000000000000, 0x020200}, 0,
     {0x8000000000000000, 0xfd0300}},
    {"remainders have the sign of the dividend", sem::vmod_b, fives,
     {0x8000000000000000, 0xf90780}, {0xff00000000000000, 0x020200}, 0, {0, 0xff0100}},
    {"averages round down", sem::vavg_b, fives,
     {0, 0xff7f8001}, {0, 0x007f8002}, 0, {0, 0xff7f8001}},
    {"rounded averages round up", sem::vavgr_b, fives,
     {0, 0xff7f8001}, {0, 0x007f8002}, 0, {0, 0x007f8002}},
    {"signed sums saturate at both ends", sem::vsadd_b, fives,
     {0, 0x7f80017f}, {0, 0x01ff01ff}, 0, {0, 0x7f80027e}},
    {"signed differences saturate at both ends", sem::vssub_h, fives,
     {0, 0x7fff800000008000}, {0, 0xffff000180008000}, 0, {0, 0x7fff80007fff0000}},
    {"unsigned differences stop at 0", sem::vssub_bu, fives,
     {0, 0x0080ff}, {0, 0x01017f}, 0, {0, 0x007f80}},
    {"sums of absolute values wrap", sem::vadda_b, fives,
     {0, 0x80ff}, {0, 0x8003}, 0, {0, 0x0004}},
    {"a zero sign source clears the lane", sem::vsigncov_b, fives,
     {0, 0x00ff01}, {0, 0x050580}, 0, {0, 0x00fb80}},
    {"the high half of unsigned products", sem::vmuh_hu, fives,
     {0, 0xffff8000}, {0, 0xffff0002}, 0, {0, 0xfffe0001}},
    {"128-bit sums carry", sem::vadd_q, fives, {0, 0xffffffffffffffff}, {0, 1}, 0, {1, 0}},

    {"products of even signed doublewords", sem::vmulwev_q_d, fives,
     {7, 0xffffffffffffffff}, {7, 2}, 0, {0xffffffffffffffff, 0xfffffffffffffffe}},
    {"products of odd unsigned doublewords", sem::vmulwod_q_du, fives,
     {0xffffffffffffffff, 7}, {0xffffffffffffffff, 7}, 0, {0xfffffffffffffffe, 1}},
    {"mixed forms take rj as unsigned", sem::vmaddwod_h_bu_b, {0, 1},
     {0, 0xff00}, {0, 0xff00}, 0, {0, 0xff02}},
    {"horizontal sums pair odd rj with even rk", sem::vhaddw_h_b, fives,
     {0, 0x7f558055}, {0, 0x557f55ff}, 0, {0, 0x00feff7f}},
    {"widening shifts extend first", sem::vsllwil_h_b, fives,
     {0x5555555555555555, 0x0180}, fives, 3, {0, 0x0008fc00}},

    {"rounding adds the last bit shifted out", sem::vsrlri_b, fives,
     {0, 0xff030201}, {0, 0}, 1, {0, 0x80020101}},
    {"rounding adds nothing for a distance of 0", sem::vsrari_h, fives,
     {0, 0x8001ffff}, {0, 0}, 0, {0, 0x8001ffff}},
    {"byte shifts count modulo 16", sem::vbsll_v, fives,
     {0x0102030405060708, 0x1112131415161718}, {0, 0}, 17,
     {0x0203040506070811, 0x1213141516171800}},
    {"distances count modulo the lane", sem::vsll_b, fives,
     {0, 0x010101}, {0, 0xff0907}, 0, {0, 0x800280}},

    {"narrowing clears the high half", sem::vsrln_b_h, fives,
     {0x1234567800010002, 0xfff0000100200030}, {0x0004000400040004, 0x0004000400140004}, 0,
     {0, 0x23670000ff000203}},
    {"immediate narrowing puts the old rd on top", sem::vssrarni_bu_h, {0, 4},
     {0, 0x80007fffffff00ff}, {0, 0}, 1, {2, 0x00ff0080}},
    {"unsigned sources saturate to signed results", sem::vssrlni_b_h, {0, 0},
     {0, 0x00018000ffff}, {0, 0}, 0, {0, 0x017f7f}},
    {"128-bit sources saturate to 64 bits", sem::vssrani_d_q, {0x7000000000000000, 0},
     {5, 0}, {0, 0}, 60, {0x7fffffffffffffff, 0x50}},
    {"signed saturation keeps imm + 1 bits", sem::vsat_b, fives,
     {0, 0x07f87f80}, {0, 0}, 3, {0, 0x07f807f8}},
    {"unsigned saturation keeps imm + 1 bits", sem::vsat_bu, fives,
     {0, 0x100fff}, {0, 0}, 3, {0, 0x0f0f0f}},

    {"signed comparison", sem::vslt_b, fives, {0, 0x8001}, {0, 0x7f01}, 0, {0, 0xff00}},
    {"unsigned comparison", sem::vslt_bu, fives, {0, 0x8001}, {0, 0x7f02}, 0, {0, 0x00ff}},
    {"immediates are signed", sem::vslti_h, fives,
     {0, 0xfffffffe}, {0, 0}, -1, {0, 0x0000ffff}},

    {"bit numbers count modulo the lane", sem::vbitclr_w, fives,
     {0, 0xffffffff}, {0, 33}, 0, {0, 0xfffffffd}},
    {"andn complements rj", sem::vandn_v, fives, {0, 0xc}, {0, 0xa}, 0, {0, 2}},
    {"orn complements rk", sem::vorn_v, fives,
     {0, 0xc}, {0, 0xa}, 0, {0xffffffffffffffff, 0xfffffffffffffffd}},
    {"bitseli takes rd as the mask", sem::vbitseli_b, {0, 0x0ff0},
     {0, 0x1234}, {0, 0}, 0xaa, {0, 0x1aa4}},
    {"all bits of a zero lead", sem::vclz_b, fives,
     {0, 0xff01}, {0, 0}, 0, {0x0808080808080808, 0x0808080808080007}},
    {"signs of bytes", sem::vmskltz_b, fives,
     {0x8000000000000000, 0x80ff7f01}, {0, 0}, 0, {0, 0x800c}},
    {"bytes that are not zero", sem::vmsknz_b, fives,
     {0x0100000000000000, 0x80010001}, {0, 0}, 0, {0, 0x800d}},
    {"bytes that are not negative", sem::vmskgez_b, fives,
     {0x8080808080808080, 0x80808080807fff00}, {0, 0}, 0, {0, 5}},

    {"odd lanes, rk low", sem::vpickod_h, fives, count_j, count_k, 0,
     {0x0007000500030001, 0x0017001500130011}},
    {"even lanes in turn", sem::vpackev_h, fives, count_j, count_k, 0,
     {0x0006001600040014, 0x0002001200000010}},
    {"low halves in turn", sem::vilvl_h, fives, count_j, count_k, 0,
     {0x0003001300020012, 0x0001001100000010}},
    {"high halves in turn", sem::vilvh_h, fives, count_j, count_k, 0,
     {0x0007001700060016, 0x0005001500040014}},
    {"indices in rd, first rk then rj", sem::vshuf_h, {0, 0x0010000f00080001},
     count_j, count_k, 0, {0x0010001000100010, 0x0010000700000011}},
    {"vshuf4i.d counts rd first", sem::vshuf4i_d, {0xd1, 0xd0}, {0x71, 0x70}, {0, 0}, 0x6,
     {0xd1, 0x70}},
    {"vpermi.w takes its high words from rd", sem::vpermi_w,
     {0x000000d3000000d2, 0x000000d1000000d0}, {0x000000a3000000a2, 0x000000a1000000a0}, {0, 0},
     0x1b, {0x000000d0000000d1, 0x000000a2000000a3}},
    {"extrins to the highest byte", sem::vextrins_b, fives, {0, 0x770000}, {0, 0}, 0xf2,
     {0x7755555555555555, 0x5555555555555555}},
    {"extrins ignores upper index bits", sem::vextrins_d, fives, {1, 2}, {0, 0}, 0xf0,
     {2, 0x5555555555555555}},
    {"first negative lane", sem::vfrstp_b, fives, {0, 0x8000}, {0, 0x12}, 0,
     {0x5555555555555555, 0x5555555555015555}},
    {"no negative lane gives their number", sem::vfrstpi_b, fives, {0, 0}, {0, 0}, 16,
     {0x5555555555555555, 0x5555555555555510}},
};
// clang-format on

TEST_F(Simd, KeepsTheRulesThatAreEasyToGetWrong) {
    for (const Case& c : cases) {
        set(rd, c.d);
        set(rj, c.j);
        set(rk, c.k);
        c.instruction(cpu, op_with(c.imm));
        EXPECT_EQ(low(rd), c.expected) << c.rule;
    }
}

TEST_F(Simd, ShufflesBytesByTheLowFiveIndexBits) {
    set(rj, {0xaf00000000000000, 0xa0});
    set(rk, {0xbf00000000000000, 0xb0});
    set(ra, {0, 0xe01f100f});
    sem::vshuf_b(cpu, op_with(0));
    EXPECT_EQ(low(rd), (Block{0xb0b0b0b0b0b0b0b0, 0xb0b0b0b0b0afa0bf}));
}

TEST_F(Simd, ReadsAllOperandsBeforeItWrites) {
    cpu.vr[rj].d = {0x0102030405060708, 0x1112131415161718, 0, 0};
    sem::vilvl_b(cpu, {.run = nullptr, .rd = rj, .rj = rj, .rk = rj});
    EXPECT_EQ(low(rj), (Block{0x0101020203030404, 0x0505060607070808}));
}

TEST_F(Simd, KeepsLasxBlocksApart) {
    set(rj, {2, 1}, {4, 3});
    set(rk, {6, 5}, {8, 7});
    sem::xvilvh_d(cpu, op_with(0));
    EXPECT_EQ(low(rd), (Block{2, 6}));
    EXPECT_EQ(high(rd), (Block{4, 8}));
}

TEST_F(Simd, CrossesLasxBlocksWhereTheInstructionSaysSo) {
    set(rj, {2, 0xf1}, {4, 3});
    sem::vext2xv_d_b(cpu, op_with(0));
    EXPECT_EQ(low(rd), (Block{0, 0xfffffffffffffff1}));
    EXPECT_EQ(high(rd), (Block{0, 0}));
    sem::xvpermi_d(cpu, op_with(0x1b));
    EXPECT_EQ(low(rd), (Block{3, 4}));
    EXPECT_EQ(high(rd), (Block{0xf1, 2}));
    // Low block: the old high block of rd; high block: that of rj.
    sem::xvpermi_q(cpu, op_with(0x13));
    EXPECT_EQ(low(rd), (Block{0xf1, 2}));
    EXPECT_EQ(high(rd), (Block{4, 3}));
    set(rk, {0x0000000700000006, 0x0000000500000004}, {0x0000000b00000000, 0});
    sem::xvperm_w(cpu, op_with(0));
    EXPECT_EQ(low(rd), (Block{4, 3}));
    EXPECT_EQ(high(rd), (Block{0x00000000000000f1, 0x000000f1000000f1}));
    sem::xvpickve_d(cpu, op_with(3));
    EXPECT_EQ(low(rd), (Block{0, 4}));
    EXPECT_EQ(high(rd), (Block{0, 0}));
    sem::xvreplve0_q(cpu, op_with(0));
    EXPECT_EQ(high(rd), (Block{2, 0xf1}));
}

TEST_F(Simd, MovesLanesToAndFromGeneralRegisters) {
    set(rj, {0, 0x80000000});
    sem::vpickve2gr_w(cpu, op_with(0));
    EXPECT_EQ(cpu.gpr[rd], 0xffffffff80000000);
    sem::vpickve2gr_wu(cpu, op_with(0));
    EXPECT_EQ(cpu.gpr[rd], 0x80000000);
    cpu.gpr[rj] = 0x1234;
    set(rd, {0, 0});
    sem::vinsgr2vr_b(cpu, op_with(9));
    EXPECT_EQ(low(rd), (Block{0x3400, 0}));
    sem::vreplgr2vr_h(cpu, op_with(0));
    EXPECT_EQ(low(rd), (Block{0x1234123412341234, 0x1234123412341234}));
    cpu.gpr[rk] = 0xfffffffffffffff1;
    set(rj, {0, 0x7700});
    sem::vreplve_b(cpu, op_with(0));
    EXPECT_EQ(low(rd), (Block{0x7777777777777777, 0x7777777777777777}));
}

TEST_F(Simd, TestsWholeRegistersAndLanesIntoFlags) {
    set(rj, {0, 0}, {1, 0});
    sem::vseteqz_v(cpu, op_with(0));
    EXPECT_EQ(cpu.fcc[rd], 1);
    sem::xvseteqz_v(cpu, op_with(0));
    EXPECT_EQ(cpu.fcc[rd], 0);
    set(rj, {0x0101010101010101, 0x0101010101010001}, {0, 0});
    sem::vsetanyeqz_b(cpu, op_with(0));
    EXPECT_EQ(cpu.fcc[rd], 1);
    sem::vsetanyeqz_h(cpu, op_with(0));
    EXPECT_EQ(cpu.fcc[rd], 0);
    sem::vsetallnez_h(cpu, op_with(0));
    EXPECT_EQ(cpu.fcc[rd], 1);
    sem::xvsetallnez_h(cpu, op_with(0));
    EXPECT_EQ(cpu.fcc[rd], 0);
}

TEST_F(Simd, BuildsConstantsOfEachMode) {
    // clang-format off
    constexpr struct { std::int32_t imm; std::uint64_t value; } patterns[] = {
        {0x007f, 0x7f7f7f7f7f7f7f7f}, {0x05ff, 0x01ff01ff01ff01ff}, {0x07ff, 0xffffffffffffffff},
        {0x0a00, 0xfffffe00fffffe00}, {0x0dff, 0x00000000000001ff}, {0x0e00, 0xfffffffffffffe00},
        {0x10ab, 0x000000ab000000ab}, {0x11ab, 0x0000ab000000ab00}, {0x12ab, 0x00ab000000ab0000},
        {0x13ab, 0xab000000ab000000}, {0x14ab, 0x00ab00ab00ab00ab}, {0x15ab, 0xab00ab00ab00ab00},
        {0x16ab, 0x0000abff0000abff}, {0x17ab, 0x00abffff00abffff}, {0x18ab, 0xabababababababab},
        {0x1981, 0xff000000000000ff}, {0x1a70, 0x3f8000003f800000}, {0x1b80, 0x00000000c0000000},
        {0x1c70, 0x3ff0000000000000},
    };
    // clang-format on
    for (const auto& pattern : patterns) {
        // The decoder extends the sign of the immediate.
        const std::int32_t imm = pattern.imm < 0x1000 ? pattern.imm : pattern.imm - 0x2000;
        EXPECT_TRUE(sem::xvldi(cpu, op_with(imm)));
        EXPECT_EQ(low(rd), (Block{pattern.value, pattern.value})) << std::hex << pattern.imm;
        EXPECT_EQ(high(rd), low(rd)) << std::hex << pattern.imm;
    }
}

TEST_F(Simd, RaisesOnConstantModesThatDoNotExist) {
    for (const std::int32_t mode : {0x1d, 0x1e, 0x1f}) {
        set(rd, fives);
        EXPECT_FALSE(sem::vldi(cpu, op_with((mode << 8) - 0x2000)));
        EXPECT_EQ(cpu.raised, la::Exception::INE);
        EXPECT_EQ(low(rd), fives);
    }
}

TEST_F(Simd, LoadsAndStoresUnalignedVectorsAndLanes) {
    for (unsigned i = 0; i < 64; ++i) ram[i] = static_cast<std::byte>(i);
    cpu.gpr[rj] = ram_base + 4;
    ASSERT_TRUE(sem::vld(cpu, op_with(-1)));
    EXPECT_EQ(low(rd), (Block{0x1211100f0e0d0c0b, 0x0a09080706050403}));
    cpu.gpr[rk] = 0xffffffffffffffff;
    ASSERT_TRUE(sem::xvldx(cpu, op_with(0)));
    EXPECT_EQ(high(rd), (Block{0x2221201f1e1d1c1b, 0x1a19181716151413}));
    ASSERT_TRUE(sem::xvst(cpu, op_with(61)));
    EXPECT_EQ(ram[64], std::byte{0});
    EXPECT_EQ(ram[65], std::byte{3});
    EXPECT_EQ(ram[96], std::byte{0x22});
    ASSERT_TRUE(sem::vldrepl_h(cpu, op_with(2)));
    EXPECT_EQ(low(rd), (Block{0x0706070607060706, 0x0706070607060706}));
    set(rd, {0x8877665544332211, 0});
    ASSERT_TRUE(sem::vstelm_w(cpu, {.run = nullptr, .rd = rd, .rj = rj, .ra = 3, .imm = -4}));
    std::uint32_t stored = 0;
    std::memcpy(&stored, ram, sizeof(stored));
    EXPECT_EQ(stored, 0x88776655u);
}

TEST_F(Simd, LeavesTheRegisterAloneWhenALoadFaults) {
    // Paged mode without any translation.
    cpu.write_csr(la::csr::crmd::number, la::csr::crmd::PG::mask | 3);
    set(rd, fives, fives);
    cpu.gpr[rj] = 0x4000000000000000;
    EXPECT_FALSE(sem::xvld(cpu, op_with(0)));
    EXPECT_EQ(low(rd), fives);
    EXPECT_EQ(high(rd), fives);
}

}  // namespace
}  // namespace lkvm::test
