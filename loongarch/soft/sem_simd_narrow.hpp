// SPDX-License-Identifier: GPL-2.0-or-later
// LSX and LASX: shifts right into lanes of half the width, and saturation. LA Vol.2.
#pragma once

#include "loongarch/soft/sem_simd_shift.hpp"
#include "loongarch/soft/simd_lanes.hpp"

namespace lkvm::la::sem {

namespace simd {

struct Truncate {
    template<class Narrow, class T>
    static Narrow to(T value) {
        return static_cast<Narrow>(value);
    }
};

struct Saturate {
    template<class Narrow, class T>
    static Narrow to(T value) {
        constexpr T highest = static_cast<T>(max_of<Narrow>);
        if constexpr (is_signed<T>) {
            constexpr T lowest = static_cast<T>(min_of<Narrow>);
            value = value < lowest ? lowest : value;
        }
        return static_cast<Narrow>(value > highest ? highest : value);
    }
};

/// Low half of each block of rd: rj[i] shifted right by rk[i]. The high half becomes 0.
template<class Form, class T, class Narrow, class Shift, class Fit>
void narrow(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<T>(cpu, op.rj, block);
        const auto b = read<T>(cpu, op.rk, block);
        Block<Narrow> result{};
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < a.size(); ++i) {
            result[i] = Fit::template to<Narrow>(Shift{}(a[i], b[i]));
        }
        write<Narrow>(cpu, op.rd, block, result);
    });
}

/// Low half of each block of rd: rj[i], high half: the old rd[i], all shifted right by the
/// immediate.
template<class Form, class T, class Narrow, class Shift, class Fit>
void narrow_imm(Cpu& cpu, const Op& op) {
    const T by = static_cast<T>(op.imm);
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto low = read<T>(cpu, op.rj, block);
        const auto high = read<T>(cpu, op.rd, block);
        Block<Narrow> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < low.size(); ++i) {
            result[i] = Fit::template to<Narrow>(Shift{}(low[i], by));
        }
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < high.size(); ++i) {
            result[high.size() + i] = Fit::template to<Narrow>(Shift{}(high[i], by));
        }
        write<Narrow>(cpu, op.rd, block, result);
    });
}

/// Signed lanes to immediate + 1 bits with sign, unsigned ones to immediate + 1 bits.
struct SaturateBits {
    template<class T>
    T operator()(T a, T immediate) const {
        const unsigned lost = bits_of<T> - 1 - distance(immediate);
        const T highest = static_cast<T>(max_of<T> >> lost);
        if constexpr (is_signed<T>) {
            const T lowest = static_cast<T>(min_of<T> >> lost);
            a = a < lowest ? lowest : a;
        }
        return a > highest ? highest : a;
    }
};

}  // namespace simd

// Register forms: NAME_b_h and so on; T selects signed or unsigned sources.
#define LKVM_SIMD_NARROW(NAME, SIGN, SHIFT)                                         \
    LKVM_SIMD(NAME##_b_h, keep, narrow, std::SIGN##16_t, std::int8_t, simd::SHIFT,  \
              simd::Truncate);                                                      \
    LKVM_SIMD(NAME##_h_w, keep, narrow, std::SIGN##32_t, std::int16_t, simd::SHIFT, \
              simd::Truncate);                                                      \
    LKVM_SIMD(NAME##_w_d, keep, narrow, std::SIGN##64_t, std::int32_t, simd::SHIFT, simd::Truncate)
#define LKVM_SIMD_NARROW_SATURATE(NAME, SIGN, SHIFT)                                  \
    LKVM_SIMD(NAME##_b_h, keep, narrow, std::SIGN##16_t, std::int8_t, simd::SHIFT,    \
              simd::Saturate);                                                        \
    LKVM_SIMD(NAME##_h_w, keep, narrow, std::SIGN##32_t, std::int16_t, simd::SHIFT,   \
              simd::Saturate);                                                        \
    LKVM_SIMD(NAME##_w_d, keep, narrow, std::SIGN##64_t, std::int32_t, simd::SHIFT,   \
              simd::Saturate);                                                        \
    LKVM_SIMD(NAME##_bu_h, keep, narrow, std::SIGN##16_t, std::uint8_t, simd::SHIFT,  \
              simd::Saturate);                                                        \
    LKVM_SIMD(NAME##_hu_w, keep, narrow, std::SIGN##32_t, std::uint16_t, simd::SHIFT, \
              simd::Saturate);                                                        \
    LKVM_SIMD(NAME##_wu_d, keep, narrow, std::SIGN##64_t, std::uint32_t, simd::SHIFT, \
              simd::Saturate)

LKVM_SIMD_NARROW(srln, uint, ShiftRight);
LKVM_SIMD_NARROW(sran, int, ShiftRight);
LKVM_SIMD_NARROW(srlrn, uint, ShiftRightRound);
LKVM_SIMD_NARROW(srarn, int, ShiftRightRound);
LKVM_SIMD_NARROW_SATURATE(ssrln, uint, ShiftRight);
LKVM_SIMD_NARROW_SATURATE(ssran, int, ShiftRight);
LKVM_SIMD_NARROW_SATURATE(ssrlrn, uint, ShiftRightRound);
LKVM_SIMD_NARROW_SATURATE(ssrarn, int, ShiftRightRound);

#undef LKVM_SIMD_NARROW_SATURATE
#undef LKVM_SIMD_NARROW

// Immediate forms, without and with saturation.
#define LKVM_SIMD_NARROW(NAME, SIGN, SHIFT)                                              \
    LKVM_SIMD(NAME##_b_h, clear, narrow_imm, std::SIGN##16_t, std::int8_t, simd::SHIFT,  \
              simd::Truncate);                                                           \
    LKVM_SIMD(NAME##_h_w, clear, narrow_imm, std::SIGN##32_t, std::int16_t, simd::SHIFT, \
              simd::Truncate);                                                           \
    LKVM_SIMD(NAME##_w_d, clear, narrow_imm, std::SIGN##64_t, std::int32_t, simd::SHIFT, \
              simd::Truncate)
#define LKVM_SIMD_NARROW_SATURATE(NAME, SIGN, T128, SHIFT)                                 \
    LKVM_SIMD(NAME##_b_h, clear, narrow_imm, std::SIGN##16_t, std::int8_t, simd::SHIFT,    \
              simd::Saturate);                                                             \
    LKVM_SIMD(NAME##_h_w, clear, narrow_imm, std::SIGN##32_t, std::int16_t, simd::SHIFT,   \
              simd::Saturate);                                                             \
    LKVM_SIMD(NAME##_w_d, clear, narrow_imm, std::SIGN##64_t, std::int32_t, simd::SHIFT,   \
              simd::Saturate);                                                             \
    LKVM_SIMD(NAME##_d_q, keep, narrow_imm, simd::T128, std::int64_t, simd::SHIFT,         \
              simd::Saturate);                                                             \
    LKVM_SIMD(NAME##_bu_h, clear, narrow_imm, std::SIGN##16_t, std::uint8_t, simd::SHIFT,  \
              simd::Saturate);                                                             \
    LKVM_SIMD(NAME##_hu_w, clear, narrow_imm, std::SIGN##32_t, std::uint16_t, simd::SHIFT, \
              simd::Saturate);                                                             \
    LKVM_SIMD(NAME##_wu_d, clear, narrow_imm, std::SIGN##64_t, std::uint32_t, simd::SHIFT, \
              simd::Saturate);                                                             \
    LKVM_SIMD(NAME##_du_q, keep, narrow_imm, simd::T128, std::uint64_t, simd::SHIFT, simd::Saturate)

LKVM_SIMD_NARROW(srlni, uint, ShiftRight);
LKVM_SIMD_NARROW(srani, int, ShiftRight);
LKVM_SIMD_NARROW(srlrni, uint, ShiftRightRound);
LKVM_SIMD_NARROW(srarni, int, ShiftRightRound);
LKVM_SIMD(srlrni_d_q, clear, narrow_imm, simd::UInt128, std::int64_t, simd::ShiftRightRound,
          simd::Truncate);
LKVM_SIMD(srarni_d_q, clear, narrow_imm, simd::Int128, std::int64_t, simd::ShiftRightRound,
          simd::Truncate);
LKVM_SIMD_NARROW_SATURATE(ssrlni, uint, UInt128, ShiftRight);
LKVM_SIMD_NARROW_SATURATE(ssrani, int, Int128, ShiftRight);
LKVM_SIMD_NARROW_SATURATE(ssrlrni, uint, UInt128, ShiftRightRound);
LKVM_SIMD_NARROW_SATURATE(ssrarni, int, Int128, ShiftRightRound);

#undef LKVM_SIMD_NARROW_SATURATE
#undef LKVM_SIMD_NARROW

inline void xvsrlni_d_q(Cpu& cpu, const Op& op) {
    simd::narrow_imm<simd::Lasx, simd::UInt128, std::int64_t, simd::ShiftRight, simd::Truncate>(cpu,
                                                                                                op);
}
inline void xvsrani_d_q(Cpu& cpu, const Op& op) {
    simd::narrow_imm<simd::Lasx, simd::Int128, std::int64_t, simd::ShiftRight, simd::Truncate>(cpu,
                                                                                               op);
}
// QEMU works on all 256 bits here, and so do we (see simd::Upper).
inline void vsrlni_d_q(Cpu& cpu, const Op& op) {
    xvsrlni_d_q(cpu, op);
}
inline void vsrani_d_q(Cpu& cpu, const Op& op) {
    xvsrani_d_q(cpu, op);
}

LKVM_SIMD_SIGNED(sat, clear, binary_imm, SaturateBits);
LKVM_SIMD_UNSIGNED(sat, clear, binary_imm, SaturateBits);

}  // namespace lkvm::la::sem
