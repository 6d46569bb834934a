// SPDX-License-Identifier: GPL-2.0-or-later
// Scalar floating-point arithmetic. LA Vol.1 §3.2.1.
#pragma once

#include <cstdint>

#include "loongarch/soft/fp_scalar.hpp"

namespace lkvm::la::sem {

#define LKVM_FP_ARITH(name, shape, operation)                    \
    inline bool name##_s(Cpu& cpu, const Op& op) {               \
        return fp::shape<std::uint32_t, fp::operation>(cpu, op); \
    }                                                            \
    inline bool name##_d(Cpu& cpu, const Op& op) {               \
        return fp::shape<std::uint64_t, fp::operation>(cpu, op); \
    }
LKVM_FP_ARITH(fadd, scalar_binary, Add)
LKVM_FP_ARITH(fsub, scalar_binary, Sub)
LKVM_FP_ARITH(fmul, scalar_binary, Mul)
LKVM_FP_ARITH(fdiv, scalar_binary, Div)
LKVM_FP_ARITH(fmadd, scalar_ternary, Madd)
LKVM_FP_ARITH(fmsub, scalar_ternary, Msub)
LKVM_FP_ARITH(fnmadd, scalar_ternary, Nmadd)
LKVM_FP_ARITH(fnmsub, scalar_ternary, Nmsub)
LKVM_FP_ARITH(fsqrt, scalar_unary, Sqrt)
LKVM_FP_ARITH(frecip, scalar_unary, Recip)
LKVM_FP_ARITH(frsqrt, scalar_unary, Rsqrt)
// The estimates may be as good as they like.
LKVM_FP_ARITH(frecipe, scalar_unary, Recip)
LKVM_FP_ARITH(frsqrte, scalar_unary, Rsqrt)
LKVM_FP_ARITH(fmax, scalar_quiet, Max)
LKVM_FP_ARITH(fmin, scalar_quiet, Min)
LKVM_FP_ARITH(fmaxa, scalar_quiet, MaxMagnitude)
LKVM_FP_ARITH(fmina, scalar_quiet, MinMagnitude)
LKVM_FP_ARITH(fscaleb, scalar_rare_binary, Scale)
LKVM_FP_ARITH(flogb, scalar_rare_unary, LogExponent)
#undef LKVM_FP_ARITH

// Sign operations touch bits only: no NaN becomes quiet, FCSR stays.

inline void fabs_s(Cpu& cpu, const Op& op) {
    fp::write_fr(cpu, op.rd,
                 fp::Format<std::uint32_t>::magnitude(fp::read_fr<std::uint32_t>(cpu, op.rj)));
}
inline void fabs_d(Cpu& cpu, const Op& op) {
    fp::write_fr(cpu, op.rd,
                 fp::Format<std::uint64_t>::magnitude(fp::read_fr<std::uint64_t>(cpu, op.rj)));
}
inline void fneg_s(Cpu& cpu, const Op& op) {
    fp::write_fr(cpu, op.rd,
                 fp::read_fr<std::uint32_t>(cpu, op.rj) ^ fp::Format<std::uint32_t>::sign_mask);
}
inline void fneg_d(Cpu& cpu, const Op& op) {
    fp::write_fr(cpu, op.rd,
                 fp::read_fr<std::uint64_t>(cpu, op.rj) ^ fp::Format<std::uint64_t>::sign_mask);
}
/// The magnitude of fj with the sign of fk; bits 63:32 of a single-precision result are fk's.
inline void fcopysign_s(Cpu& cpu, const Op& op) {
    constexpr std::uint64_t magnitude = 0x7fff'ffff;
    cpu.vr[op.rd].d[0] = (cpu.vr[op.rj].d[0] & magnitude) | (cpu.vr[op.rk].d[0] & ~magnitude);
}
inline void fcopysign_d(Cpu& cpu, const Op& op) {
    using F = fp::Format<std::uint64_t>;
    fp::write_fr(cpu, op.rd,
                 F::magnitude(fp::read_fr<std::uint64_t>(cpu, op.rj)) |
                     (fp::read_fr<std::uint64_t>(cpu, op.rk) & F::sign_mask));
}

/// The class as a bit in the whole of fd, see fp::classify.
inline void fclass_s(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].d[0] = fp::classify(fp::read_fr<std::uint32_t>(cpu, op.rj));
}
inline void fclass_d(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].d[0] = fp::classify(fp::read_fr<std::uint64_t>(cpu, op.rj));
}

}  // namespace lkvm::la::sem
