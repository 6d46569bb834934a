// SPDX-License-Identifier: GPL-2.0-or-later
// Scalar floating-point comparisons: fcmp.cond.fmt cd, fj, fk. LA Vol.1 §3.2.2.
#pragma once

#include <cstdint>

#include "loongarch/soft/fp_compare.hpp"
#include "loongarch/soft/fp_scalar.hpp"

namespace lkvm::la::fp {

template<class Bits, bool signaling>
[[gnu::noinline]] bool compare_slow(Cpu& cpu, const Op& op, Condition condition) {
    Environment env;
    const Relation relation =
        compare(env, read_fr<Bits>(cpu, op.rj), read_fr<Bits>(cpu, op.rk), signaling);
    if (!commit(cpu, env.flags, Exception::FPE)) return false;
    cpu.fcc[op.rd] = accepts(condition, relation) ? 1 : 0;
    return true;
}

template<class Bits, Condition condition, bool signaling>
[[nodiscard]] inline bool scalar_compare(Cpu& cpu, const Op& op) {
    const auto a = to_host(read_fr<Bits>(cpu, op.rj));
    const auto b = to_host(read_fr<Bits>(cpu, op.rk));
    if (!are_numbers(a, b)) [[unlikely]] {
        return compare_slow<Bits, signaling>(cpu, op, condition);
    }
    commit_exact(cpu);
    cpu.fcc[op.rd] = holds<condition>(a, b) ? 1 : 0;
    return true;
}

}  // namespace lkvm::la::fp

namespace lkvm::la::sem {

#define LKVM_FP_COMPARE(name, cond)                                                    \
    inline bool fcmp_c##name##_s(Cpu& cpu, const Op& op) {                             \
        return fp::scalar_compare<std::uint32_t, fp::Condition::cond, false>(cpu, op); \
    }                                                                                  \
    inline bool fcmp_c##name##_d(Cpu& cpu, const Op& op) {                             \
        return fp::scalar_compare<std::uint64_t, fp::Condition::cond, false>(cpu, op); \
    }                                                                                  \
    inline bool fcmp_s##name##_s(Cpu& cpu, const Op& op) {                             \
        return fp::scalar_compare<std::uint32_t, fp::Condition::cond, true>(cpu, op);  \
    }                                                                                  \
    inline bool fcmp_s##name##_d(Cpu& cpu, const Op& op) {                             \
        return fp::scalar_compare<std::uint64_t, fp::Condition::cond, true>(cpu, op);  \
    }
LKVM_FP_CONDITIONS(LKVM_FP_COMPARE)
#undef LKVM_FP_COMPARE

}  // namespace lkvm::la::sem
