// SPDX-License-Identifier: GPL-2.0-or-later
// Vector floating-point arithmetic of LSX and LASX.
#pragma once

#include <cstdint>

#include "loongarch/soft/fp_vector.hpp"

namespace lkvm::la::sem {

#define LKVM_VECTOR_FP_ARITH(name, shape, operation)                                  \
    LKVM_VECTOR_FP(name##_s, fp::shape<std::uint32_t, bytes, fp::operation>(cpu, op)) \
    LKVM_VECTOR_FP(name##_d, fp::shape<std::uint64_t, bytes, fp::operation>(cpu, op))
LKVM_VECTOR_FP_ARITH(fadd, vector_binary, Add)
LKVM_VECTOR_FP_ARITH(fsub, vector_binary, Sub)
LKVM_VECTOR_FP_ARITH(fmul, vector_binary, Mul)
LKVM_VECTOR_FP_ARITH(fdiv, vector_binary, Div)
LKVM_VECTOR_FP_ARITH(fmadd, vector_ternary, Madd)
LKVM_VECTOR_FP_ARITH(fmsub, vector_ternary, Msub)
LKVM_VECTOR_FP_ARITH(fnmadd, vector_ternary, Nmadd)
LKVM_VECTOR_FP_ARITH(fnmsub, vector_ternary, Nmsub)
LKVM_VECTOR_FP_ARITH(fmax, vector_quiet, Max)
LKVM_VECTOR_FP_ARITH(fmin, vector_quiet, Min)
LKVM_VECTOR_FP_ARITH(fmaxa, vector_quiet, MaxMagnitude)
LKVM_VECTOR_FP_ARITH(fmina, vector_quiet, MinMagnitude)
LKVM_VECTOR_FP_ARITH(fsqrt, vector_unary, Sqrt)
LKVM_VECTOR_FP_ARITH(frecip, vector_unary, Recip)
LKVM_VECTOR_FP_ARITH(frsqrt, vector_unary, Rsqrt)
// The estimates may be as good as they like.
LKVM_VECTOR_FP_ARITH(frecipe, vector_unary, Recip)
LKVM_VECTOR_FP_ARITH(frsqrte, vector_unary, Rsqrt)
LKVM_VECTOR_FP_ARITH(flogb, vector_rare_unary, LogExponent)
#undef LKVM_VECTOR_FP_ARITH

}  // namespace lkvm::la::sem

namespace lkvm::la::fp {

/// Touches no FCSR bit.
template<class Bits, unsigned bytes>
inline void vector_classify(Cpu& cpu, const Op& op) {
    const auto a = read_lanes<Bits, bytes>(cpu.vr[op.rj]);
    Lanes<Bits, bytes> result;
    for (unsigned i = 0; i < result.size(); ++i) result[i] = classify(a[i]);
    cpu.vr[op.rd].set_lanes(result);
}

}  // namespace lkvm::la::fp

namespace lkvm::la::sem {

inline void vfclass_s(Cpu& cpu, const Op& op) {
    fp::vector_classify<std::uint32_t, 16>(cpu, op);
}
inline void vfclass_d(Cpu& cpu, const Op& op) {
    fp::vector_classify<std::uint64_t, 16>(cpu, op);
}
inline void xvfclass_s(Cpu& cpu, const Op& op) {
    fp::vector_classify<std::uint32_t, 32>(cpu, op);
}
inline void xvfclass_d(Cpu& cpu, const Op& op) {
    fp::vector_classify<std::uint64_t, 32>(cpu, op);
}

}  // namespace lkvm::la::sem
