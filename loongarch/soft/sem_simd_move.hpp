// SPDX-License-Identifier: GPL-2.0-or-later
// LSX and LASX: moves between general and vector registers, replication, constants, and the LASX
// permutations across all 256 bits. LA Vol.2.
#pragma once

#include "loongarch/csr/exception.hpp"
#include "loongarch/soft/simd_lanes.hpp"

namespace lkvm::la::sem {

namespace simd {

template<class Form, class T>
void fill(Cpu& cpu, const Op& op, T value) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        Block<T> result;
        result.fill(value);
        write<T>(cpu, op.rd, block, result);
    });
}

template<class Form, class T>
void replicate_gpr(Cpu& cpu, const Op& op) {
    fill<Form, T>(cpu, op, static_cast<T>(cpu.gpr[op.rj]));
}

/// Every lane of a block of rd becomes lane `index`, modulo their number, of that block of rj.
template<class Form, class T>
void replicate_lane(Cpu& cpu, const Op& op, std::uint64_t index) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        Block<T> result;
        result.fill(read<T>(cpu, op.rj, block)[index % block_lanes<T>]);
        write<T>(cpu, op.rd, block, result);
    });
}

template<class Form, class T>
void replicate_lane_gpr(Cpu& cpu, const Op& op) {
    replicate_lane<Form, T>(cpu, op, cpu.gpr[op.rk]);
}

template<class Form, class T>
void replicate_lane_imm(Cpu& cpu, const Op& op) {
    replicate_lane<Form, T>(cpu, op, static_cast<unsigned>(op.imm));
}

template<class T>
void replicate_lane0(Cpu& cpu, const Op& op) {
    fill<Lasx, T>(cpu, op, cpu.vr[op.rj].lane<T>(0));
}

template<class T>
void insert_gpr(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].set_lane(static_cast<unsigned>(op.imm), static_cast<T>(cpu.gpr[op.rj]));
}

/// Sign- or zero-extended as T says.
template<class T>
void pick_to_gpr(Cpu& cpu, const Op& op) {
    cpu.gpr[op.rd] =
        static_cast<std::uint64_t>(cpu.vr[op.rj].lane<T>(static_cast<unsigned>(op.imm)));
}

/// Lane `imm` of rd becomes lane 0 of rj.
template<class T>
void insert_lane0(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].set_lane(static_cast<unsigned>(op.imm), cpu.vr[op.rj].lane<T>(0));
}

/// Lane 0 of rd becomes lane `imm` of rj, the others 0.
template<class T>
void pick_lane(Cpu& cpu, const Op& op) {
    const T value = cpu.vr[op.rj].lane<T>(static_cast<unsigned>(op.imm));
    cpu.vr[op.rd] = VectorRegister{};
    cpu.vr[op.rd].set_lane(0, value);
}

/// Copies of a 16- or 32-bit pattern side by side in 64 bits.
[[nodiscard]] constexpr std::uint64_t twice(std::uint64_t half) {
    return half | half << 32;
}
[[nodiscard]] constexpr std::uint64_t four_times(std::uint64_t part) {
    return twice(part | part << 16);
}
[[nodiscard]] constexpr std::uint64_t eight_times(std::uint64_t byte) {
    return byte * 0x0101010101010101u;
}

/// A byte of 0xff for each set bit of `bits`.
[[nodiscard]] constexpr std::uint64_t bytes_of_bits(unsigned bits) {
    std::uint64_t result = 0;
    for (unsigned i = 0; i < 8; ++i) {
        if ((bits >> i & 1) != 0) result |= std::uint64_t{0xff} << (8 * i);
    }
    return result;
}

/// A floating-point number from 8 bits: sign, three of exponent, four of fraction. The first bit
/// of the exponent is stored inverted and repeated below itself until the field is full.
[[nodiscard]] constexpr std::uint64_t single_of_bits(std::uint64_t bits) {
    const std::uint64_t repeated = (bits >> 6 & 1) != 0 ? 0x1f : 0x20;
    return (bits >> 7) << 31 | repeated << 25 | (bits & 0x3f) << 19;
}
[[nodiscard]] constexpr std::uint64_t double_of_bits(std::uint64_t bits) {
    const std::uint64_t repeated = (bits >> 6 & 1) != 0 ? 0xff : 0x100;
    return (bits >> 7) << 63 | repeated << 54 | (bits & 0x3f) << 48;
}

struct Pattern {
    bool defined;
    std::uint64_t value;
};

// clang-format off
/// The 64 bits that vldi with this 13-bit immediate repeats; undefined for modes 29 to 31.
[[nodiscard]] constexpr Pattern vldi_pattern(unsigned immediate) {
    const std::uint64_t byte = immediate & 0xff;
    const unsigned mode = immediate >> 8 & 0x1f;
    if (mode < 0x10) {
        // Bits 9:0 sign-extended, the width of lanes by bits 11:10.
        const auto extended = static_cast<std::uint64_t>(
            static_cast<std::int64_t>(std::uint64_t{immediate} << 54) >> 54);
        switch (mode >> 2) {
            case 0: return {true, eight_times(byte)};
            case 1: return {true, four_times(extended & 0xffff)};
            case 2: return {true, twice(extended & 0xffffffff)};
            default: return {true, extended};
        }
    }
    switch (mode) {
        case 0x10: return {true, twice(byte)};
        case 0x11: return {true, twice(byte << 8)};
        case 0x12: return {true, twice(byte << 16)};
        case 0x13: return {true, twice(byte << 24)};
        case 0x14: return {true, four_times(byte)};
        case 0x15: return {true, four_times(byte << 8)};
        case 0x16: return {true, twice(byte << 8 | 0xff)};
        case 0x17: return {true, twice(byte << 16 | 0xffff)};
        case 0x18: return {true, eight_times(byte)};
        case 0x19: return {true, bytes_of_bits(immediate & 0xff)};
        case 0x1a: return {true, twice(single_of_bits(byte))};
        case 0x1b: return {true, single_of_bits(byte)};
        case 0x1c: return {true, double_of_bits(byte)};
        default: return {false, 0};
    }
}
// clang-format on

template<class Form>
[[nodiscard]] bool load_constant(Cpu& cpu, const Op& op) {
    const Pattern pattern = vldi_pattern(static_cast<unsigned>(op.imm) & 0x1fff);
    if (!pattern.defined) return cpu.raise(Exception::INE);
    fill<Form, std::uint64_t>(cpu, op, pattern.value);
    return true;
}

}  // namespace simd

LKVM_SIMD(replgr2vr_b, clear, replicate_gpr, std::uint8_t);
LKVM_SIMD(replgr2vr_h, clear, replicate_gpr, std::uint16_t);
LKVM_SIMD(replgr2vr_w, clear, replicate_gpr, std::uint32_t);
LKVM_SIMD(replgr2vr_d, clear, replicate_gpr, std::uint64_t);
LKVM_SIMD(replve_b, keep, replicate_lane_gpr, std::uint8_t);
LKVM_SIMD(replve_h, keep, replicate_lane_gpr, std::uint16_t);
LKVM_SIMD(replve_w, keep, replicate_lane_gpr, std::uint32_t);
LKVM_SIMD(replve_d, keep, replicate_lane_gpr, std::uint64_t);

// The rest has no twin of the same name.
#define LKVM_SIMD_ONE(NAME, ...)               \
    inline void NAME(Cpu& cpu, const Op& op) { \
        simd::__VA_ARGS__(cpu, op);            \
    }                                          \
    static_assert(true)

LKVM_SIMD_ONE(vreplvei_b, replicate_lane_imm<simd::Lsx<simd::Upper::clear>, std::uint8_t>);
LKVM_SIMD_ONE(vreplvei_h, replicate_lane_imm<simd::Lsx<simd::Upper::clear>, std::uint16_t>);
LKVM_SIMD_ONE(vreplvei_w, replicate_lane_imm<simd::Lsx<simd::Upper::clear>, std::uint32_t>);
LKVM_SIMD_ONE(vreplvei_d, replicate_lane_imm<simd::Lsx<simd::Upper::clear>, std::uint64_t>);
LKVM_SIMD_ONE(xvrepl128vei_b, replicate_lane_imm<simd::Lasx, std::uint8_t>);
LKVM_SIMD_ONE(xvrepl128vei_h, replicate_lane_imm<simd::Lasx, std::uint16_t>);
LKVM_SIMD_ONE(xvrepl128vei_w, replicate_lane_imm<simd::Lasx, std::uint32_t>);
LKVM_SIMD_ONE(xvrepl128vei_d, replicate_lane_imm<simd::Lasx, std::uint64_t>);
LKVM_SIMD_ONE(xvreplve0_b, replicate_lane0<std::uint8_t>);
LKVM_SIMD_ONE(xvreplve0_h, replicate_lane0<std::uint16_t>);
LKVM_SIMD_ONE(xvreplve0_w, replicate_lane0<std::uint32_t>);
LKVM_SIMD_ONE(xvreplve0_d, replicate_lane0<std::uint64_t>);
LKVM_SIMD_ONE(xvreplve0_q, replicate_lane0<simd::UInt128>);

LKVM_SIMD_ONE(vinsgr2vr_b, insert_gpr<std::uint8_t>);
LKVM_SIMD_ONE(vinsgr2vr_h, insert_gpr<std::uint16_t>);
LKVM_SIMD_ONE(vinsgr2vr_w, insert_gpr<std::uint32_t>);
LKVM_SIMD_ONE(vinsgr2vr_d, insert_gpr<std::uint64_t>);
LKVM_SIMD_ONE(xvinsgr2vr_w, insert_gpr<std::uint32_t>);
LKVM_SIMD_ONE(xvinsgr2vr_d, insert_gpr<std::uint64_t>);
LKVM_SIMD_ONE(vpickve2gr_b, pick_to_gpr<std::int8_t>);
LKVM_SIMD_ONE(vpickve2gr_h, pick_to_gpr<std::int16_t>);
LKVM_SIMD_ONE(vpickve2gr_w, pick_to_gpr<std::int32_t>);
LKVM_SIMD_ONE(vpickve2gr_d, pick_to_gpr<std::int64_t>);
LKVM_SIMD_ONE(vpickve2gr_bu, pick_to_gpr<std::uint8_t>);
LKVM_SIMD_ONE(vpickve2gr_hu, pick_to_gpr<std::uint16_t>);
LKVM_SIMD_ONE(vpickve2gr_wu, pick_to_gpr<std::uint32_t>);
LKVM_SIMD_ONE(vpickve2gr_du, pick_to_gpr<std::uint64_t>);
LKVM_SIMD_ONE(xvpickve2gr_w, pick_to_gpr<std::int32_t>);
LKVM_SIMD_ONE(xvpickve2gr_d, pick_to_gpr<std::int64_t>);
LKVM_SIMD_ONE(xvpickve2gr_wu, pick_to_gpr<std::uint32_t>);
LKVM_SIMD_ONE(xvpickve2gr_du, pick_to_gpr<std::uint64_t>);
LKVM_SIMD_ONE(xvinsve0_w, insert_lane0<std::uint32_t>);
LKVM_SIMD_ONE(xvinsve0_d, insert_lane0<std::uint64_t>);
LKVM_SIMD_ONE(xvpickve_w, pick_lane<std::uint32_t>);
LKVM_SIMD_ONE(xvpickve_d, pick_lane<std::uint64_t>);

#undef LKVM_SIMD_ONE

inline bool vldi(Cpu& cpu, const Op& op) {
    return simd::load_constant<simd::Lsx<simd::Upper::clear>>(cpu, op);
}
inline bool xvldi(Cpu& cpu, const Op& op) {
    return simd::load_constant<simd::Lasx>(cpu, op);
}

/// Words of rj chosen by the low three bits of the words of rk.
inline void xvperm_w(Cpu& cpu, const Op& op) {
    const auto a = cpu.vr[op.rj].lanes<std::uint32_t, 8>();
    auto result = cpu.vr[op.rk].lanes<std::uint32_t, 8>();
    for (auto& lane : result) lane = a[lane % 8];
    cpu.vr[op.rd].set_lanes(result);
}

/// Doublewords of rj chosen by pairs of immediate bits.
inline void xvpermi_d(Cpu& cpu, const Op& op) {
    const auto a = cpu.vr[op.rj].d;
    for (unsigned i = 0; i < 4; ++i) {
        cpu.vr[op.rd].d[i] = a[(static_cast<unsigned>(op.imm) >> (2 * i)) & 3];
    }
}

/// Blocks of rj (0, 1) and the old rd (2, 3) chosen by immediate bits 1:0 and 5:4.
inline void xvpermi_q(Cpu& cpu, const Op& op) {
    const std::array<simd::Block<std::uint64_t>, 4> from{
        simd::read<std::uint64_t>(cpu, op.rj, 0), simd::read<std::uint64_t>(cpu, op.rj, 1),
        simd::read<std::uint64_t>(cpu, op.rd, 0), simd::read<std::uint64_t>(cpu, op.rd, 1)};
    const auto immediate = static_cast<unsigned>(op.imm);
    simd::write<std::uint64_t>(cpu, op.rd, 0, from[immediate & 3]);
    simd::write<std::uint64_t>(cpu, op.rd, 1, from[immediate >> 4 & 3]);
}

}  // namespace lkvm::la::sem
