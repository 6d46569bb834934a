// SPDX-License-Identifier: GPL-2.0-or-later
// Scalar floating-point conversions. LA Vol.1 §3.2.3.
#pragma once

#include <cstdint>

#include "loongarch/soft/fp_convert.hpp"
#include "loongarch/soft/fp_scalar.hpp"

namespace lkvm::la::fp {

/// A 32-bit integer result is extended to 64 bits. The manual leaves bits 63:32 open; which
/// instructions fill them with the sign and which with zeros follows the reference emulator.
template<class Extended, class Integer, class Bits>
[[nodiscard]] inline bool scalar_to_integer(Cpu& cpu, const Op& op, Rounding rounding) {
    Environment env;
    const auto a = read_fr<Bits>(cpu, op.rj);
    const auto result = static_cast<Extended>(quick_to_signed<Integer>(env, rounding, a));
    return finish(cpu, op.rd, env, static_cast<std::uint64_t>(result));
}

template<class Bits, class Integer>
[[nodiscard]] inline bool scalar_from_integer(Cpu& cpu, const Op& op) {
    Environment env = environment(cpu);
    const auto value = static_cast<Integer>(cpu.vr[op.rj].d[0]);
    return finish(cpu, op.rd, env, quick_from_integer<Bits>(env, value));
}

}  // namespace lkvm::la::fp

namespace lkvm::la::sem {

#define LKVM_FP_TO_INTEGER(name, rounding, W_S)                                            \
    inline bool name##_w_s(Cpu& cpu, const Op& op) {                                       \
        return fp::scalar_to_integer<W_S, std::int32_t, std::uint32_t>(cpu, op, rounding); \
    }                                                                                      \
    inline bool name##_w_d(Cpu& cpu, const Op& op) {                                       \
        return fp::scalar_to_integer<std::int64_t, std::int32_t, std::uint64_t>(cpu, op,   \
                                                                                rounding); \
    }                                                                                      \
    inline bool name##_l_s(Cpu& cpu, const Op& op) {                                       \
        return fp::scalar_to_integer<std::int64_t, std::int64_t, std::uint32_t>(cpu, op,   \
                                                                                rounding); \
    }                                                                                      \
    inline bool name##_l_d(Cpu& cpu, const Op& op) {                                       \
        return fp::scalar_to_integer<std::int64_t, std::int64_t, std::uint64_t>(cpu, op,   \
                                                                                rounding); \
    }
LKVM_FP_TO_INTEGER(ftint, fp::rounding_of(cpu.fcsr), std::int64_t)
LKVM_FP_TO_INTEGER(ftintrm, fp::Rounding::down, std::int64_t)
LKVM_FP_TO_INTEGER(ftintrp, fp::Rounding::up, std::int64_t)
LKVM_FP_TO_INTEGER(ftintrz, fp::Rounding::toward_zero, std::uint32_t)
LKVM_FP_TO_INTEGER(ftintrne, fp::Rounding::nearest_even, std::uint32_t)
#undef LKVM_FP_TO_INTEGER

inline bool ffint_s_w(Cpu& cpu, const Op& op) {
    return fp::scalar_from_integer<std::uint32_t, std::int32_t>(cpu, op);
}
inline bool ffint_s_l(Cpu& cpu, const Op& op) {
    return fp::scalar_from_integer<std::uint32_t, std::int64_t>(cpu, op);
}
inline bool ffint_d_w(Cpu& cpu, const Op& op) {
    return fp::scalar_from_integer<std::uint64_t, std::int32_t>(cpu, op);
}
inline bool ffint_d_l(Cpu& cpu, const Op& op) {
    return fp::scalar_from_integer<std::uint64_t, std::int64_t>(cpu, op);
}

inline bool fcvt_s_d(Cpu& cpu, const Op& op) {
    fp::Environment env = fp::environment(cpu);
    const std::uint32_t result = fp::quick_narrow(env, fp::read_fr<std::uint64_t>(cpu, op.rj));
    return fp::finish(cpu, op.rd, env, result);
}
inline bool fcvt_d_s(Cpu& cpu, const Op& op) {
    fp::Environment env;
    const std::uint64_t result = fp::quick_widen(env, fp::read_fr<std::uint32_t>(cpu, op.rj));
    return fp::finish(cpu, op.rd, env, result);
}

/// Bits 63:32 become zeros.
inline bool frint_s(Cpu& cpu, const Op& op) {
    fp::Environment env = fp::environment(cpu);
    const auto a = fp::read_fr<std::uint32_t>(cpu, op.rj);
    return fp::finish(cpu, op.rd, env, std::uint64_t{fp::quick_round(env, env.rounding, a)});
}
inline bool frint_d(Cpu& cpu, const Op& op) {
    fp::Environment env = fp::environment(cpu);
    const auto a = fp::read_fr<std::uint64_t>(cpu, op.rj);
    return fp::finish(cpu, op.rd, env, fp::quick_round(env, env.rounding, a));
}

}  // namespace lkvm::la::sem
