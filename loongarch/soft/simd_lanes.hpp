// SPDX-License-Identifier: GPL-2.0-or-later
// What LSX and LASX integer semantics are made of: forms, lane types and loop shapes. LA Vol.2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/op.hpp"

namespace lkvm::la::sem::simd {

// 128-bit integers are an extension of both compilers; nothing else is needed from it.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

/// What an LSX instruction does to bits 255:128 of its destination. The architecture leaves that
/// open, so software cannot depend on it; we do as QEMU 11 does (on a host with AVX-512, where
/// its choice depends on the host), because then registers can be compared bit for bit.
enum class Upper : bool { keep, clear };

template<Upper upper>
struct Lsx {
    static constexpr unsigned blocks = 1;
    static constexpr bool clears_upper = upper == Upper::clear;
};

struct Lasx {
    static constexpr unsigned blocks = 2;
    static constexpr bool clears_upper = false;
};

template<std::size_t size>
struct IntegerOfSize;
template<>
struct IntegerOfSize<1> {
    using Signed = std::int8_t;
    using Unsigned = std::uint8_t;
};
template<>
struct IntegerOfSize<2> {
    using Signed = std::int16_t;
    using Unsigned = std::uint16_t;
};
template<>
struct IntegerOfSize<4> {
    using Signed = std::int32_t;
    using Unsigned = std::uint32_t;
};
template<>
struct IntegerOfSize<8> {
    using Signed = std::int64_t;
    using Unsigned = std::uint64_t;
};
template<>
struct IntegerOfSize<16> {
    using Signed = Int128;
    using Unsigned = UInt128;
};

template<class T>
using UnsignedOf = typename IntegerOfSize<sizeof(T)>::Unsigned;
template<class T>
using SignedOf = typename IntegerOfSize<sizeof(T)>::Signed;

template<class T>
inline constexpr bool is_signed = static_cast<T>(-1) < static_cast<T>(0);

/// The type of double width and the same signedness; exists up to 64 bits.
template<class T, bool is_signed_type = is_signed<T>>
struct WideType {
    using Type = typename IntegerOfSize<sizeof(T) * 2>::Unsigned;
};
template<class T>
struct WideType<T, true> {
    using Type = typename IntegerOfSize<sizeof(T) * 2>::Signed;
};
template<class T>
using Wide = typename WideType<T>::Type;
template<class T>
using UnsignedWide = UnsignedOf<Wide<T>>;

/// Type for arithmetic modulo 2^n on lanes of T: never promoted to a signed type, whose overflow
/// would be undefined.
template<class T>
struct ModularType {
    using Type = UnsignedOf<T>;
};
template<class T>
    requires(sizeof(T) < 4)
struct ModularType<T> {
    using Type = std::uint32_t;
};
template<class T>
using Modular = typename ModularType<T>::Type;

template<class T>
inline constexpr unsigned bits_of = 8 * sizeof(T);
template<class T>
inline constexpr T min_of =
    is_signed<T> ? static_cast<T>(UnsignedOf<T>{1} << (bits_of<T> - 1)) : T{0};
template<class T>
inline constexpr T max_of = static_cast<T>(~min_of<T>);

/// 128 bits, the unit in which nearly all LSX and LASX instructions work.
template<class T>
using Block = std::array<T, 16 / sizeof(T)>;
template<class T>
inline constexpr unsigned block_lanes = 16 / sizeof(T);

template<class T>
[[nodiscard]] inline Block<T> read(const Cpu& cpu, unsigned number, unsigned block) {
    Block<T> values;
    std::memcpy(values.data(), cpu.vr[number].bytes() + 16 * block, 16);
    return values;
}

template<class T>
inline void write(Cpu& cpu, unsigned number, unsigned block, const Block<T>& values) {
    std::memcpy(cpu.vr[number].bytes() + 16 * block, values.data(), 16);
}

/// Calls `work` with the number of each block of the form, then does to the upper half of the
/// destination what the form says. No block's result may depend on another block's operands.
template<class Form, class Work>
inline void each_block(Cpu& cpu, const Op& op, Work work) {
    work(0u);
    if constexpr (Form::blocks == 2) work(1u);
    if constexpr (Form::clears_upper) {
        cpu.vr[op.rd].d[2] = 0;
        cpu.vr[op.rd].d[3] = 0;
    }
}

// Loops over lanes must not be unrolled early: Clang then splits them into scalar code, whereas
// it turns the loops into a few vector instructions.
#ifdef __clang__
#define LKVM_SIMD_LOOP _Pragma("clang loop unroll(disable)")
#else
#define LKVM_SIMD_LOOP
#endif

// Shapes: one loop over lanes each, the work given as a stateless function object.

/// rd[i] = F(rj[i])
template<class Form, class T, class F>
void unary(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<T>(cpu, op.rj, block);
        Block<T> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) result[i] = F{}(a[i]);
        write<T>(cpu, op.rd, block, result);
    });
}

/// rd[i] = F(rj[i], rk[i])
template<class Form, class T, class F>
void binary(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<T>(cpu, op.rj, block);
        const auto b = read<T>(cpu, op.rk, block);
        Block<T> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) result[i] = F{}(a[i], b[i]);
        write<T>(cpu, op.rd, block, result);
    });
}

/// rd[i] = F(rj[i], immediate)
template<class Form, class T, class F>
void binary_imm(Cpu& cpu, const Op& op) {
    const T b = static_cast<T>(op.imm);
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<T>(cpu, op.rj, block);
        Block<T> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) result[i] = F{}(a[i], b);
        write<T>(cpu, op.rd, block, result);
    });
}

/// rd[i] = F(rd[i], rj[i], rk[i])
template<class Form, class T, class F>
void accumulate(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<T>(cpu, op.rj, block);
        const auto b = read<T>(cpu, op.rk, block);
        auto result = read<T>(cpu, op.rd, block);
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) result[i] = F{}(result[i], a[i], b[i]);
        write<T>(cpu, op.rd, block, result);
    });
}

}  // namespace lkvm::la::sem::simd

// Stamping of one function for LSX and its twin for LASX: NAME without the leading v; SHAPE, a
// template of simd::, gets the form and then the remaining arguments.
#define LKVM_SIMD(NAME, UPPER, SHAPE, ...)                                \
    inline void v##NAME(Cpu& cpu, const Op& op) {                         \
        simd::SHAPE<simd::Lsx<simd::Upper::UPPER>, __VA_ARGS__>(cpu, op); \
    }                                                                     \
    inline void xv##NAME(Cpu& cpu, const Op& op) {                        \
        simd::SHAPE<simd::Lasx, __VA_ARGS__>(cpu, op);                    \
    }                                                                     \
    static_assert(true)  // takes the semicolon of the caller

// The four lane widths on unsigned lanes under the plain suffixes, for what has no sign.
#define LKVM_SIMD_PLAIN(NAME, UPPER, SHAPE, F)                 \
    LKVM_SIMD(NAME##_b, UPPER, SHAPE, std::uint8_t, simd::F);  \
    LKVM_SIMD(NAME##_h, UPPER, SHAPE, std::uint16_t, simd::F); \
    LKVM_SIMD(NAME##_w, UPPER, SHAPE, std::uint32_t, simd::F); \
    LKVM_SIMD(NAME##_d, UPPER, SHAPE, std::uint64_t, simd::F)

// The same on signed lanes.
#define LKVM_SIMD_SIGNED(NAME, UPPER, SHAPE, F)               \
    LKVM_SIMD(NAME##_b, UPPER, SHAPE, std::int8_t, simd::F);  \
    LKVM_SIMD(NAME##_h, UPPER, SHAPE, std::int16_t, simd::F); \
    LKVM_SIMD(NAME##_w, UPPER, SHAPE, std::int32_t, simd::F); \
    LKVM_SIMD(NAME##_d, UPPER, SHAPE, std::int64_t, simd::F)

// Unsigned lanes under the suffixes bu hu wu du.
#define LKVM_SIMD_UNSIGNED(NAME, UPPER, SHAPE, F)               \
    LKVM_SIMD(NAME##_bu, UPPER, SHAPE, std::uint8_t, simd::F);  \
    LKVM_SIMD(NAME##_hu, UPPER, SHAPE, std::uint16_t, simd::F); \
    LKVM_SIMD(NAME##_wu, UPPER, SHAPE, std::uint32_t, simd::F); \
    LKVM_SIMD(NAME##_du, UPPER, SHAPE, std::uint64_t, simd::F)
