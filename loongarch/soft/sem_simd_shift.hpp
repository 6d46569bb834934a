// SPDX-License-Identifier: GPL-2.0-or-later
// LSX and LASX: shifts and rotations within lanes and of whole 128-bit blocks. LA Vol.2.
#pragma once

#include <bit>

#include "loongarch/soft/simd_lanes.hpp"

namespace lkvm::la::sem {

namespace simd {

// Distances are taken modulo the width of a lane.

template<class T>
[[nodiscard]] inline unsigned distance(T value) {
    return static_cast<unsigned>(static_cast<UnsignedOf<T>>(value) % bits_of<T>);
}

struct ShiftLeft {
    template<class T>
    T operator()(T a, T by) const {
        return static_cast<T>(static_cast<Modular<T>>(a) << distance(by));
    }
};

/// Logical for unsigned, arithmetic for signed lanes.
struct ShiftRight {
    template<class T>
    T operator()(T a, T by) const {
        return static_cast<T>(a >> distance(by));
    }
};

/// The same, rounded to nearest by adding the last bit shifted out.
struct ShiftRightRound {
    template<class T>
    T operator()(T a, T by) const {
        using U = UnsignedOf<T>;
        // One to the left first: this is right for a distance of 0 too.
        const U doubled = static_cast<U>(static_cast<Modular<T>>(static_cast<U>(a)) << 1);
        const T last = static_cast<T>((doubled >> distance(by)) & 1);
        return static_cast<T>((a >> distance(by)) + last);
    }
};

struct RotateRight {
    template<class T>
    T operator()(T a, T by) const {
        return std::rotr(a, static_cast<int>(distance(by)));
    }
};

/// Shift of each block by bytes, modulo its 16.
struct BytesLeft {
    UInt128 operator()(UInt128 a, UInt128 bytes) const {
        return a << static_cast<unsigned>(8 * (bytes % 16));
    }
};
struct BytesRight {
    UInt128 operator()(UInt128 a, UInt128 bytes) const {
        return a >> static_cast<unsigned>(8 * (bytes % 16));
    }
};

}  // namespace simd

LKVM_SIMD_PLAIN(sll, clear, binary, ShiftLeft);
LKVM_SIMD_PLAIN(srl, clear, binary, ShiftRight);
LKVM_SIMD_SIGNED(sra, clear, binary, ShiftRight);
LKVM_SIMD_PLAIN(rotr, clear, binary, RotateRight);
LKVM_SIMD_PLAIN(srlr, keep, binary, ShiftRightRound);
LKVM_SIMD_SIGNED(srar, keep, binary, ShiftRightRound);

LKVM_SIMD_PLAIN(slli, clear, binary_imm, ShiftLeft);
LKVM_SIMD_PLAIN(srli, clear, binary_imm, ShiftRight);
LKVM_SIMD_SIGNED(srai, clear, binary_imm, ShiftRight);
LKVM_SIMD_PLAIN(rotri, clear, binary_imm, RotateRight);
LKVM_SIMD_PLAIN(srlri, keep, binary_imm, ShiftRightRound);
LKVM_SIMD_SIGNED(srari, keep, binary_imm, ShiftRightRound);

LKVM_SIMD(bsll_v, keep, binary_imm, simd::UInt128, simd::BytesLeft);
LKVM_SIMD(bsrl_v, keep, binary_imm, simd::UInt128, simd::BytesRight);

}  // namespace lkvm::la::sem
