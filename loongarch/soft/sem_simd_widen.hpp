// SPDX-License-Identifier: GPL-2.0-or-later
// LSX and LASX: integer operations whose results are twice as wide as their operands. LA Vol.2.
#pragma once

#include "loongarch/soft/sem_simd_arithmetic.hpp"
#include "loongarch/soft/simd_lanes.hpp"

namespace lkvm::la::sem {

namespace simd {

/// The even (0) or odd (1) lane of type T within a pair of them, extended. Taken from the pair as
/// one integer, because loops with a stride do not become vector code.
template<class T, unsigned odd>
[[nodiscard]] inline UnsignedWide<T> half(UnsignedWide<T> pair) {
    using Pair = UnsignedWide<T>;
    if constexpr (odd == 1) return static_cast<Pair>(static_cast<Wide<T>>(pair) >> bits_of<T>);
    return static_cast<Pair>(static_cast<T>(pair));
}

/// rd[i] = F(rj[2i + first], rk[2i + second]) modulo the double width, both operands extended by
/// the signedness of their own type.
template<class Form, class A, class B, unsigned first, unsigned second, class F>
void widen(Cpu& cpu, const Op& op) {
    using Result = UnsignedWide<A>;
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<Result>(cpu, op.rj, block);
        const auto b = read<Result>(cpu, op.rk, block);
        Block<Result> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) {
            result[i] = F{}(half<A, first>(a[i]), half<B, second>(b[i]));
        }
        write<Result>(cpu, op.rd, block, result);
    });
}

/// rd[i] += rj[2i + odd] * rk[2i + odd]
template<class Form, class A, class B, unsigned odd>
void widen_accumulate(Cpu& cpu, const Op& op) {
    using Result = UnsignedWide<A>;
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<Result>(cpu, op.rj, block);
        const auto b = read<Result>(cpu, op.rk, block);
        auto result = read<Result>(cpu, op.rd, block);
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) {
            result[i] = MultiplyAdd{}(result[i], half<A, odd>(a[i]), half<B, odd>(b[i]));
        }
        write<Result>(cpu, op.rd, block, result);
    });
}

/// rd[i] = rj[i or i + half] << immediate within each block, extended to double width.
template<class Form, class T, bool high>
void extend_block(Cpu& cpu, const Op& op) {
    using Result = UnsignedWide<T>;
    const auto shift = static_cast<unsigned>(op.imm) % bits_of<T>;
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<T>(cpu, op.rj, block);
        Block<Result> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) {
            const auto wide = static_cast<Result>(a[i + (high ? block_lanes<Result> : 0)]);
            result[i] = static_cast<Result>(static_cast<Modular<Result>>(wide) << shift);
        }
        write<Result>(cpu, op.rd, block, result);
    });
}

/// rd[i] = rj[i] extended to To, over the whole 256 bits.
template<class To, class From>
void extend_all(Cpu& cpu, const Op& op) {
    const auto a = cpu.vr[op.rj].lanes<From, 32 / sizeof(To)>();
    for (unsigned block = 0; block < 2; ++block) {
        Block<To> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) {
            result[i] = static_cast<To>(a[i + block * block_lanes<To>]);
        }
        write<To>(cpu, op.rd, block, result);
    }
}

}  // namespace simd

// NAME with the suffixes of one signedness; PARITY is the odd or even lanes of both operands.
#define LKVM_SIMD_WIDEN_PAIR(NAME, SUFFIX, UPPER, A, B, F)           \
    LKVM_SIMD(NAME##ev_##SUFFIX, UPPER, widen, A, B, 0, 0, simd::F); \
    LKVM_SIMD(NAME##od_##SUFFIX, UPPER, widen, A, B, 1, 1, simd::F)
#define LKVM_SIMD_WIDEN(NAME, F)                                              \
    LKVM_SIMD_WIDEN_PAIR(NAME, h_b, clear, std::int8_t, std::int8_t, F);      \
    LKVM_SIMD_WIDEN_PAIR(NAME, w_h, clear, std::int16_t, std::int16_t, F);    \
    LKVM_SIMD_WIDEN_PAIR(NAME, d_w, clear, std::int32_t, std::int32_t, F);    \
    LKVM_SIMD_WIDEN_PAIR(NAME, q_d, keep, std::int64_t, std::int64_t, F);     \
    LKVM_SIMD_WIDEN_PAIR(NAME, h_bu, clear, std::uint8_t, std::uint8_t, F);   \
    LKVM_SIMD_WIDEN_PAIR(NAME, w_hu, clear, std::uint16_t, std::uint16_t, F); \
    LKVM_SIMD_WIDEN_PAIR(NAME, d_wu, clear, std::uint32_t, std::uint32_t, F); \
    LKVM_SIMD_WIDEN_PAIR(NAME, q_du, keep, std::uint64_t, std::uint64_t, F)
// The first operand unsigned, the second signed.
#define LKVM_SIMD_WIDEN_MIXED(NAME, F)                                         \
    LKVM_SIMD_WIDEN_PAIR(NAME, h_bu_b, clear, std::uint8_t, std::int8_t, F);   \
    LKVM_SIMD_WIDEN_PAIR(NAME, w_hu_h, clear, std::uint16_t, std::int16_t, F); \
    LKVM_SIMD_WIDEN_PAIR(NAME, d_wu_w, clear, std::uint32_t, std::int32_t, F); \
    LKVM_SIMD_WIDEN_PAIR(NAME, q_du_d, keep, std::uint64_t, std::int64_t, F)

LKVM_SIMD_WIDEN(addw, Add);
LKVM_SIMD_WIDEN_MIXED(addw, Add);
LKVM_SIMD_WIDEN(subw, Subtract);
LKVM_SIMD_WIDEN(mulw, Multiply);
LKVM_SIMD_WIDEN_MIXED(mulw, Multiply);

#undef LKVM_SIMD_WIDEN_MIXED
#undef LKVM_SIMD_WIDEN
#undef LKVM_SIMD_WIDEN_PAIR

#define LKVM_SIMD_MADD(SUFFIX, UPPER, A, B)                        \
    LKVM_SIMD(maddwev_##SUFFIX, UPPER, widen_accumulate, A, B, 0); \
    LKVM_SIMD(maddwod_##SUFFIX, UPPER, widen_accumulate, A, B, 1)

LKVM_SIMD_MADD(h_b, clear, std::int8_t, std::int8_t);
LKVM_SIMD_MADD(w_h, clear, std::int16_t, std::int16_t);
LKVM_SIMD_MADD(d_w, clear, std::int32_t, std::int32_t);
LKVM_SIMD_MADD(q_d, keep, std::int64_t, std::int64_t);
LKVM_SIMD_MADD(h_bu, clear, std::uint8_t, std::uint8_t);
LKVM_SIMD_MADD(w_hu, clear, std::uint16_t, std::uint16_t);
LKVM_SIMD_MADD(d_wu, clear, std::uint32_t, std::uint32_t);
LKVM_SIMD_MADD(q_du, keep, std::uint64_t, std::uint64_t);
LKVM_SIMD_MADD(h_bu_b, clear, std::uint8_t, std::int8_t);
LKVM_SIMD_MADD(w_hu_h, clear, std::uint16_t, std::int16_t);
LKVM_SIMD_MADD(d_wu_w, clear, std::uint32_t, std::int32_t);
LKVM_SIMD_MADD(q_du_d, keep, std::uint64_t, std::int64_t);

#undef LKVM_SIMD_MADD

// Horizontal: the odd lanes of rj with the even lanes of rk.
#define LKVM_SIMD_HORIZONTAL(SUFFIX, T)                            \
    LKVM_SIMD(haddw_##SUFFIX, keep, widen, T, T, 1, 0, simd::Add); \
    LKVM_SIMD(hsubw_##SUFFIX, keep, widen, T, T, 1, 0, simd::Subtract)

LKVM_SIMD_HORIZONTAL(h_b, std::int8_t);
LKVM_SIMD_HORIZONTAL(w_h, std::int16_t);
LKVM_SIMD_HORIZONTAL(d_w, std::int32_t);
LKVM_SIMD_HORIZONTAL(q_d, std::int64_t);
LKVM_SIMD_HORIZONTAL(hu_bu, std::uint8_t);
LKVM_SIMD_HORIZONTAL(wu_hu, std::uint16_t);
LKVM_SIMD_HORIZONTAL(du_wu, std::uint32_t);
LKVM_SIMD_HORIZONTAL(qu_du, std::uint64_t);

#undef LKVM_SIMD_HORIZONTAL

LKVM_SIMD(sllwil_h_b, clear, extend_block, std::int8_t, false);
LKVM_SIMD(sllwil_w_h, clear, extend_block, std::int16_t, false);
LKVM_SIMD(sllwil_d_w, clear, extend_block, std::int32_t, false);
LKVM_SIMD(sllwil_hu_bu, clear, extend_block, std::uint8_t, false);
LKVM_SIMD(sllwil_wu_hu, clear, extend_block, std::uint16_t, false);
LKVM_SIMD(sllwil_du_wu, clear, extend_block, std::uint32_t, false);

// These have no immediate: Op::imm is 0, so nothing is shifted.
LKVM_SIMD(extl_q_d, keep, extend_block, std::int64_t, false);
LKVM_SIMD(extl_qu_du, keep, extend_block, std::uint64_t, false);
LKVM_SIMD(exth_h_b, keep, extend_block, std::int8_t, true);
LKVM_SIMD(exth_w_h, keep, extend_block, std::int16_t, true);
LKVM_SIMD(exth_d_w, keep, extend_block, std::int32_t, true);
LKVM_SIMD(exth_q_d, keep, extend_block, std::int64_t, true);
LKVM_SIMD(exth_hu_bu, keep, extend_block, std::uint8_t, true);
LKVM_SIMD(exth_wu_hu, keep, extend_block, std::uint16_t, true);
LKVM_SIMD(exth_du_wu, keep, extend_block, std::uint32_t, true);
LKVM_SIMD(exth_qu_du, keep, extend_block, std::uint64_t, true);

#define LKVM_SIMD_EXTEND(SUFFIX, TO, FROM)                 \
    inline void vext2xv_##SUFFIX(Cpu& cpu, const Op& op) { \
        simd::extend_all<TO, FROM>(cpu, op);               \
    }                                                      \
    static_assert(true)

LKVM_SIMD_EXTEND(h_b, std::int16_t, std::int8_t);
LKVM_SIMD_EXTEND(w_b, std::int32_t, std::int8_t);
LKVM_SIMD_EXTEND(d_b, std::int64_t, std::int8_t);
LKVM_SIMD_EXTEND(w_h, std::int32_t, std::int16_t);
LKVM_SIMD_EXTEND(d_h, std::int64_t, std::int16_t);
LKVM_SIMD_EXTEND(d_w, std::int64_t, std::int32_t);
LKVM_SIMD_EXTEND(hu_bu, std::uint16_t, std::uint8_t);
LKVM_SIMD_EXTEND(wu_bu, std::uint32_t, std::uint8_t);
LKVM_SIMD_EXTEND(du_bu, std::uint64_t, std::uint8_t);
LKVM_SIMD_EXTEND(wu_hu, std::uint32_t, std::uint16_t);
LKVM_SIMD_EXTEND(du_hu, std::uint64_t, std::uint16_t);
LKVM_SIMD_EXTEND(du_wu, std::uint64_t, std::uint32_t);

#undef LKVM_SIMD_EXTEND

}  // namespace lkvm::la::sem
