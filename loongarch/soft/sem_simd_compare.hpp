// SPDX-License-Identifier: GPL-2.0-or-later
// LSX and LASX: integer comparisons, whose result is a lane of ones or zeros. LA Vol.2.
#pragma once

#include "loongarch/soft/simd_lanes.hpp"

namespace lkvm::la::sem {

namespace simd {

struct Equal {
    template<class T>
    T operator()(T a, T b) const {
        return a == b ? static_cast<T>(-1) : T{0};
    }
};

struct LessOrEqual {
    template<class T>
    T operator()(T a, T b) const {
        return a <= b ? static_cast<T>(-1) : T{0};
    }
};

struct Less {
    template<class T>
    T operator()(T a, T b) const {
        return a < b ? static_cast<T>(-1) : T{0};
    }
};

}  // namespace simd

LKVM_SIMD_SIGNED(seq, clear, binary, Equal);
LKVM_SIMD_SIGNED(sle, clear, binary, LessOrEqual);
LKVM_SIMD_UNSIGNED(sle, clear, binary, LessOrEqual);
LKVM_SIMD_SIGNED(slt, clear, binary, Less);
LKVM_SIMD_UNSIGNED(slt, clear, binary, Less);

LKVM_SIMD_SIGNED(seqi, clear, binary_imm, Equal);
LKVM_SIMD_SIGNED(slei, clear, binary_imm, LessOrEqual);
LKVM_SIMD_UNSIGNED(slei, clear, binary_imm, LessOrEqual);
LKVM_SIMD_SIGNED(slti, clear, binary_imm, Less);
LKVM_SIMD_UNSIGNED(slti, clear, binary_imm, Less);

}  // namespace lkvm::la::sem
