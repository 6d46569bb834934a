// SPDX-License-Identifier: GPL-2.0-or-later
// Floating point of the software CPU: corner cases by hand, and the integer arithmetic against the
// host's FP unit in every rounding mode. LA Vol.1 §3.1.1.3, §3.1.3.
#include "loongarch/soft/fp_soft.hpp"

#include <array>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include <gtest/gtest.h>
#include <lkvm/clock.hpp>
#include <lkvm/iocsr.hpp>
#include <lkvm/mmio_bus.hpp>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/cpu_config.hpp"
#include "loongarch/soft/fp_state.hpp"
#include "loongarch/soft/sem_fp_arith.hpp"
#include "loongarch/soft/sem_fp_compare.hpp"
#include "loongarch/soft/sem_fp_convert.hpp"
#include "loongarch/soft/sem_fp_move.hpp"
#include "loongarch/soft/sem_vfp_arith.hpp"
#include "loongarch/soft/sem_vfp_compare.hpp"
#include "loongarch/soft/sem_vfp_convert.hpp"
#include "loongarch/soft/system.hpp"

namespace lkvm::test {
namespace {

using la::Cpu;
using la::Exception;
using la::Op;
namespace fp = la::fp;
namespace sem = la::sem;

constexpr std::uint64_t d_one = 0x3ff0000000000000;
constexpr std::uint64_t d_two = 0x4000000000000000;
constexpr std::uint64_t d_tenth = 0x3fb999999999999a;
constexpr std::uint64_t d_max = 0x7fefffffffffffff;
constexpr std::uint64_t d_infinity = 0x7ff0000000000000;
constexpr std::uint64_t d_nan = 0x7ff8000000000000;
constexpr std::uint64_t d_minus = 0x8000000000000000;
constexpr std::uint64_t d_smallest_normal = 0x0010000000000000;

constexpr std::uint32_t inexact_seen = fp::inexact << fp::fcsr::flags_shift;

constexpr std::uint32_t cause(std::uint32_t bits) {
    return bits << fp::fcsr::cause_shift;
}
constexpr std::uint32_t flags(std::uint32_t bits) {
    return bits << fp::fcsr::flags_shift;
}
constexpr std::uint32_t mode(fp::Rounding rounding) {
    return static_cast<std::uint32_t>(rounding) << fp::fcsr::rounding_shift;
}

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

class Fp : public ::testing::Test {
protected:
    using Semantics = bool (*)(Cpu&, const Op&);

    /// Runs f0 = instruction(f1, f2, f3); false if it raised an exception.
    bool run(Semantics instruction, std::uint64_t j, std::uint64_t k = 0, std::uint64_t a = 0) {
        cpu.vr[1].d[0] = j;
        cpu.vr[2].d[0] = k;
        cpu.vr[3].d[0] = a;
        return instruction(cpu, operands);
    }
    [[nodiscard]] std::uint64_t result() const { return cpu.vr[0].d[0]; }
    [[nodiscard]] std::uint32_t fcsr() { return fp::read_fcsr(cpu); }
    void set_fcsr(std::uint32_t value) { fp::write_fcsr(cpu, value); }

private:
    StillClock clock_;
    NoIocsr iocsr_;
    MmioBus bus_;
    alignas(16) std::array<std::byte, 1 << 12> code_{};
    la::System system_{bus_, iocsr_, clock_};

protected:
    Cpu cpu{system_, 0, la::CpuConfig::full(), code_};
    Op operands{.run = nullptr, .rd = 0, .rj = 1, .rk = 2, .ra = 3, .imm = 0};
};

TEST_F(Fp, RaisesInexactOnceAndForEveryInstruction) {
    EXPECT_TRUE(run(sem::fadd_d, d_one, d_tenth));
    EXPECT_EQ(result(), 0x3ff199999999999au);
    EXPECT_EQ(fcsr(), cause(fp::inexact) | flags(fp::inexact));
    EXPECT_TRUE(run(sem::fadd_d, d_one, d_two));
    EXPECT_EQ(fcsr(), flags(fp::inexact)) << "Cause is the last instruction's";
    EXPECT_TRUE(run(sem::fadd_d, d_one, d_tenth));
    EXPECT_EQ(fcsr(), cause(fp::inexact) | flags(fp::inexact)) << "also on the fast path";
}

TEST_F(Fp, FindsCauseAfterMovesHaveChangedTheOperands) {
    set_fcsr(inexact_seen);
    EXPECT_TRUE(run(sem::fdiv_d, d_one, d_two));
    cpu.vr[1].d[0] = d_tenth;
    sem::fmov_d(cpu, operands);
    sem::fneg_d(cpu, operands);
    EXPECT_EQ(fcsr(), inexact_seen);
    EXPECT_TRUE(run(sem::fdiv_d, d_one, 0x4008000000000000));
    cpu.vr[1].d[0] = d_two;
    cpu.vr[2].d[0] = d_two;
    sem::fabs_d(cpu, operands);
    EXPECT_EQ(fcsr(), cause(fp::inexact) | inexact_seen);
}

TEST_F(Fp, PropagatesFirstSignalingNanElseFirstQuietOne) {
    EXPECT_TRUE(run(sem::fadd_d, d_nan | 1, d_infinity | 2));
    EXPECT_EQ(result(), d_nan | 2);
    EXPECT_EQ(fcsr(), cause(fp::invalid) | flags(fp::invalid));
    set_fcsr(0);
    EXPECT_TRUE(run(sem::fsub_d, d_nan | 1, d_minus | d_nan | 2));
    EXPECT_EQ(result(), d_nan | 1);
    EXPECT_EQ(fcsr(), 0u);
    EXPECT_TRUE(run(sem::fsub_d, d_one, d_minus | d_nan | 2));
    EXPECT_EQ(result(), d_minus | d_nan | 2) << "a subtracted NaN keeps its sign";
}

TEST_F(Fp, PrefersTheAddendsNanInMultiplyAdd) {
    EXPECT_TRUE(run(sem::fmadd_d, d_nan | 1, d_nan | 2, d_nan | 3));
    EXPECT_EQ(result(), d_nan | 3);
    EXPECT_TRUE(run(sem::fnmadd_d, d_infinity, 0, d_nan | 3));
    EXPECT_EQ(result(), d_nan | 3) << "not negated";
    EXPECT_EQ(fcsr(), cause(fp::invalid) | flags(fp::invalid)) << "infinity times zero";
}

TEST_F(Fp, GivesTheDefaultNanForInvalidOperations) {
    EXPECT_TRUE(run(sem::fsub_d, d_infinity, d_infinity));
    EXPECT_EQ(result(), d_nan);
    EXPECT_TRUE(run(sem::fmul_s, 0x7f800000, 0x80000000));
    EXPECT_EQ(result(), 0xffffffff7fc00000u);
    EXPECT_TRUE(run(sem::fsqrt_d, d_minus | d_one));
    EXPECT_EQ(result(), d_nan);
    EXPECT_TRUE(run(sem::fsqrt_d, d_minus));
    EXPECT_EQ(result(), d_minus);
}

TEST_F(Fp, DividesByZeroToInfinity) {
    EXPECT_TRUE(run(sem::fdiv_d, d_minus | d_one, 0));
    EXPECT_EQ(result(), d_minus | d_infinity);
    EXPECT_EQ(fcsr(), cause(fp::divide_by_zero) | flags(fp::divide_by_zero));
    EXPECT_TRUE(run(sem::frecip_s, 0x80000000));
    EXPECT_EQ(result(), 0xffffffffff800000u);
    EXPECT_TRUE(run(sem::flogb_d, 0));
    EXPECT_EQ(result(), d_minus | d_infinity);
}

TEST_F(Fp, OverflowsByRoundingMode) {
    struct {
        fp::Rounding rounding;
        std::uint64_t positive, negative;
    } const rows[] = {
        {fp::Rounding::nearest_even, d_infinity, d_minus | d_infinity},
        {fp::Rounding::toward_zero, d_max, d_minus | d_max},
        {fp::Rounding::up, d_infinity, d_minus | d_max},
        {fp::Rounding::down, d_max, d_minus | d_infinity},
    };
    constexpr std::uint32_t raised = fp::overflow | fp::inexact;
    for (const auto& row : rows) {
        set_fcsr(mode(row.rounding));
        EXPECT_TRUE(run(sem::fmul_d, d_max, d_two));
        EXPECT_EQ(result(), row.positive);
        EXPECT_EQ(fcsr(), mode(row.rounding) | cause(raised) | flags(raised));
        EXPECT_TRUE(run(sem::fmul_d, d_minus | d_max, d_two));
        EXPECT_EQ(result(), row.negative);
    }
}

TEST_F(Fp, DetectsTininessAfterRounding) {
    // (1 - 2^-53) * 2^-1022 rounds to the smallest normal number either way; only with the
    // precision of a normal number does it stay below.
    constexpr std::uint64_t below_one = 0x3fefffffffffffff;
    EXPECT_TRUE(run(sem::fmul_d, d_smallest_normal, below_one));
    EXPECT_EQ(result(), d_smallest_normal);
    EXPECT_EQ(fcsr(), cause(fp::underflow | fp::inexact) | flags(fp::underflow | fp::inexact));
    // (2 - 2^-52)(1 + 2^-52) 2^-1023 would round up to 2^-1022 even then.
    set_fcsr(0);
    EXPECT_TRUE(run(sem::fmul_d, 0x000fffffffffffff, 0x3ff0000000000001));
    EXPECT_EQ(result(), d_smallest_normal);
    EXPECT_EQ(fcsr(), cause(fp::inexact) | flags(fp::inexact));
    // An exact tiny result is no underflow.
    set_fcsr(0);
    EXPECT_TRUE(run(sem::fmul_d, d_smallest_normal, 0x3fe0000000000000));
    EXPECT_EQ(result(), d_smallest_normal / 2);
    EXPECT_EQ(fcsr(), 0u);
}

TEST_F(Fp, TrapsEnabledExceptionsWithoutTouchingTheDestination) {
    constexpr std::uint32_t enabled = fp::divide_by_zero | inexact_seen;
    set_fcsr(enabled);
    cpu.vr[0].d[0] = 0x1234;
    EXPECT_FALSE(run(sem::fdiv_d, d_one, 0));
    EXPECT_EQ(cpu.raised, Exception::FPE);
    EXPECT_EQ(result(), 0x1234u);
    EXPECT_EQ(fcsr(), enabled | cause(fp::divide_by_zero)) << "Flags stay";
    cpu.vr[1].d = {d_one, d_one, 0, 0};
    cpu.vr[2].d = {d_one, 0, 0, 0};
    EXPECT_FALSE(sem::vfdiv_d(cpu, operands));
    EXPECT_EQ(cpu.raised, Exception::VFPE);
    EXPECT_EQ(result(), 0x1234u);
    EXPECT_TRUE(run(sem::fadd_d, d_one, d_tenth)) << "inexact is not enabled";
    EXPECT_EQ(fcsr(), enabled | cause(fp::inexact));
}

TEST_F(Fp, RoundsBeforeItNegates) {
    set_fcsr(mode(fp::Rounding::up));
    EXPECT_TRUE(run(sem::fnmadd_d, d_one, d_one, d_tenth));
    const std::uint64_t up = result();
    EXPECT_TRUE(run(sem::fmadd_d, d_one, d_one, d_tenth));
    EXPECT_EQ(up, result() | d_minus);
}

TEST_F(Fp, ComparesQuietlyOrNot) {
    EXPECT_TRUE(run(sem::fcmp_clt_d, d_one, d_nan));
    EXPECT_EQ(cpu.fcc[0], 0);
    EXPECT_EQ(fcsr(), 0u);
    EXPECT_TRUE(run(sem::fcmp_cult_d, d_one, d_nan));
    EXPECT_EQ(cpu.fcc[0], 1);
    EXPECT_TRUE(run(sem::fcmp_sle_d, d_one, d_nan));
    EXPECT_EQ(cpu.fcc[0], 0);
    EXPECT_EQ(fcsr(), cause(fp::invalid) | flags(fp::invalid));
    EXPECT_TRUE(run(sem::fcmp_ceq_d, 0, d_minus));
    EXPECT_EQ(cpu.fcc[0], 1) << "zeros are equal whatever their sign";
    EXPECT_EQ(fcsr(), flags(fp::invalid));
}

TEST_F(Fp, PicksExtremaBySignOfZeroAndAvoidsQuietNans) {
    EXPECT_TRUE(run(sem::fmax_d, d_minus, 0));
    EXPECT_EQ(result(), 0u);
    EXPECT_TRUE(run(sem::fmin_d, 0, d_minus));
    EXPECT_EQ(result(), d_minus);
    EXPECT_TRUE(run(sem::fmaxa_d, d_minus | d_two, d_one));
    EXPECT_EQ(result(), d_minus | d_two);
    EXPECT_TRUE(run(sem::fmin_d, d_nan, d_one));
    EXPECT_EQ(result(), d_one);
    EXPECT_EQ(fcsr(), 0u);
    EXPECT_TRUE(run(sem::fmin_d, d_infinity | 1, d_one));
    EXPECT_EQ(result(), d_nan | 1);
    EXPECT_EQ(fcsr(), cause(fp::invalid) | flags(fp::invalid));
}

TEST_F(Fp, SaturatesConversionsToIntegers) {
    EXPECT_TRUE(run(sem::ftint_w_d, 0xc1e0000000000000));
    EXPECT_EQ(result(), 0xffffffff80000000u);
    EXPECT_EQ(fcsr(), 0u) << "-2^31 fits";
    EXPECT_TRUE(run(sem::ftint_w_d, 0x41dfffffffe00000));
    EXPECT_EQ(result(), 0x7fffffffu) << "rounds to 2^31, which does not";
    EXPECT_EQ(fcsr(), cause(fp::invalid) | flags(fp::invalid));
    EXPECT_TRUE(run(sem::ftintrz_l_d, d_minus | d_infinity));
    EXPECT_EQ(result(), 0x8000000000000000u);
    EXPECT_TRUE(run(sem::ftintrz_l_d, d_nan));
    EXPECT_EQ(result(), 0u);
    set_fcsr(0);
    EXPECT_TRUE(run(sem::ftintrp_l_d, 0xbfe0000000000000));
    EXPECT_EQ(result(), 0u);
    EXPECT_EQ(fcsr(), cause(fp::inexact) | flags(fp::inexact));
}

TEST_F(Fp, ShowsPartsOfFcsrThroughItsViews) {
    set_fcsr(0x1f1f031f);
    operands.rd = 4;
    const std::uint64_t expected[] = {0x1f1f031f, 0x1f, 0x1f1f0000, 0x300};
    for (int view = 0; view < 4; ++view) {
        operands.imm = view;
        sem::movfcsr2gr(cpu, operands);
        EXPECT_EQ(cpu.gpr[4], expected[view]);
    }
    operands.rj = 5;
    operands.imm = 3;
    cpu.gpr[5] = 0;
    sem::movgr2fcsr(cpu, operands);
    EXPECT_EQ(fcsr(), 0x1f1f001fu);
}

TEST_F(Fp, CollectsExceptionsOfAllLanes) {
    cpu.vr[0].d = {7, 7, 7, 7};
    cpu.vr[1].d = {d_one, d_one, 0, 0};
    cpu.vr[2].d = {0, 0x4008000000000000, 0, 0};
    EXPECT_TRUE(sem::vfdiv_d(cpu, operands));
    EXPECT_EQ(cpu.vr[0].d, (std::array<std::uint64_t, 4>{d_infinity, 0x3fd5555555555555, 7, 7}));
    constexpr std::uint32_t raised = fp::divide_by_zero | fp::inexact;
    EXPECT_EQ(fcsr(), cause(raised) | flags(raised));
    // The fast path notes the operands of a whole register.
    cpu.vr[2].d = {d_one, 0x4008000000000000, 0, 0};
    EXPECT_TRUE(sem::vfdiv_d(cpu, operands));
    EXPECT_EQ(fcsr(), cause(fp::inexact) | flags(raised));
}

TEST_F(Fp, NarrowsTwoRegistersIntoOne) {
    cpu.vr[0].d = {7, 7, 7, 7};
    cpu.vr[1].d = {d_two, d_tenth, 0, 0};
    cpu.vr[2].d = {d_one, d_minus, 0, 0};
    operands.rd = operands.rj;
    EXPECT_TRUE(sem::vfcvt_s_d(cpu, operands));
    const std::array<std::uint64_t, 4> expected{0x800000003f800000, 0x3dcccccd40000000, 0, 0};
    EXPECT_EQ(cpu.vr[1].d, expected);
    EXPECT_TRUE(sem::vfcvth_d_s(cpu, operands));
    EXPECT_EQ(cpu.vr[1].d[0], d_two);
}

// --- The integer path against the host ----------------------------------------------------------

/// A number from a mix of ordinary, extreme, tiny and special ones.
std::uint64_t some_number(std::mt19937_64& random) {
    const std::uint64_t bits = random();
    const std::uint64_t fraction = bits & 0x800fffffffffffff;
    switch (random() % 6) {
        case 0:
            return fraction | (0x3f0 + random() % 32) << 52;
        case 1:
            return fraction | (random() % 64) << 52;
        case 2:
            return fraction | (0x7c0 + random() % 64) << 52;
        case 3:
            return (bits & 0xffff800000000000 & ~(0x3ULL << 61)) | 0x3000000000000000;
        case 4:
            return fraction;
        default:
            return bits;
    }
}

std::uint32_t host_flags() {
    const int raised = std::fetestexcept(FE_ALL_EXCEPT);
    std::uint32_t result = 0;
    if ((raised & FE_INEXACT) != 0) result |= fp::inexact;
    if ((raised & FE_UNDERFLOW) != 0) result |= fp::underflow;
    if ((raised & FE_OVERFLOW) != 0) result |= fp::overflow;
    if ((raised & FE_DIVBYZERO) != 0) result |= fp::divide_by_zero;
    if ((raised & FE_INVALID) != 0) result |= fp::invalid;
    return result;
}

/// Runs `host(x, y, z)` in mode `rounding` and checks `soft` against it, flags where the host
/// detects tininess as LoongArch does. NaNs follow other rules there.
template<class Soft, class HostOperation>
void compare_with_host(Soft soft, HostOperation host) {
    constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};
    std::mt19937_64 random(20);
    for (int i = 0; i < 200000; ++i) {
        const std::uint64_t a = some_number(random);
        const std::uint64_t b =
            i % 5 == 0 ? a ^ (random() & d_minus) ^ (random() & 3) : some_number(random);
        const std::uint64_t c = some_number(random);
        const auto rounding = static_cast<fp::Rounding>(i % 4);
        // Volatile, so that the operation stays between the changes of mode.
        volatile double x = std::bit_cast<double>(a);
        volatile double y = std::bit_cast<double>(b);
        volatile double z = std::bit_cast<double>(c);
        std::fesetround(modes[i % 4]);
        std::feclearexcept(FE_ALL_EXCEPT);
        volatile double r = host(x, y, z);
        const std::uint32_t expected_flags = host_flags();
        std::fesetround(FE_TONEAREST);
        const auto expected = std::bit_cast<std::uint64_t>(double{r});
        fp::Environment env{rounding, 0};
        const std::uint64_t actual = soft(env, a, b, c);
        if (fp::Format<std::uint64_t>::is_nan(expected)) {
            ASSERT_TRUE(fp::Format<std::uint64_t>::is_nan(actual));
        } else {
            ASSERT_EQ(actual, expected)
                << std::hex << a << ' ' << b << ' ' << c << " mode " << i % 4;
        }
#if defined(__x86_64__)
        ASSERT_EQ(env.flags, expected_flags) << std::hex << a << ' ' << b << ' ' << c;
#endif
    }
}

using Env = fp::Environment;
using D = std::uint64_t;

TEST(FpSoft, AddsAsTheHostDoes) {
    compare_with_host([](Env& env, D a, D b, D) { return fp::add(env, a, b); },
                      [](double a, double b, double) { return a + b; });
}

TEST(FpSoft, MultipliesAsTheHostDoes) {
    compare_with_host([](Env& env, D a, D b, D) { return fp::mul(env, a, b); },
                      [](double a, double b, double) { return a * b; });
}

TEST(FpSoft, DividesAsTheHostDoes) {
    compare_with_host([](Env& env, D a, D b, D) { return fp::div(env, a, b); },
                      [](double a, double b, double) { return a / b; });
}

TEST(FpSoft, TakesSquareRootsAsTheHostDoes) {
    compare_with_host([](Env& env, D a, D, D) { return fp::sqrt(env, a); },
                      [](double a, double, double) { return std::sqrt(a); });
}

TEST(FpSoft, NarrowsAsTheHostDoes) {
    compare_with_host(
        [](Env& env, D a, D, D) {
            return fp::convert<std::uint64_t>(env, fp::convert<std::uint32_t>(env, a));
        },
        [](double a, double, double) { return static_cast<double>(static_cast<float>(a)); });
}

TEST(FpSoft, MultipliesAndAddsAsTheHostDoes) {
    if (!fp::host_has_fma) GTEST_SKIP() << "no fused multiply-add in hardware";
    compare_with_host(
        [](Env& env, D a, D b, D c) {
            const std::uint64_t result = fp::fused(env, fp::Fused::madd, a, b, c);
            // x86 does not raise invalid for infinity times zero plus a quiet NaN.
            if (fp::Format<D>::is_nan(c) && !fp::Format<D>::is_signaling(a) &&
                !fp::Format<D>::is_signaling(b) && !fp::Format<D>::is_signaling(c)) {
                env.flags = 0;
            }
            return result;
        },
        [](double a, double b, double c) { return fp::host_fma(a, b, c); });
}

}  // namespace
}  // namespace lkvm::test
