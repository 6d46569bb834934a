// SPDX-License-Identifier: GPL-2.0-or-later
// Vector floating-point comparisons of LSX and LASX: lanes of ones where the condition holds.
#pragma once

#include <cstdint>

#include "loongarch/soft/fp_vector.hpp"

namespace lkvm::la::sem {

#define LKVM_VECTOR_FP_COMPARE_AS(name, Bits, condition, signaling) \
    LKVM_VECTOR_FP(name,                                            \
                   fp::vector_compare<Bits, bytes, fp::Condition::condition, signaling>(cpu, op))
#define LKVM_VECTOR_FP_COMPARE(name, condition)                                  \
    LKVM_VECTOR_FP_COMPARE_AS(fcmp_c##name##_s, std::uint32_t, condition, false) \
    LKVM_VECTOR_FP_COMPARE_AS(fcmp_c##name##_d, std::uint64_t, condition, false) \
    LKVM_VECTOR_FP_COMPARE_AS(fcmp_s##name##_s, std::uint32_t, condition, true)  \
    LKVM_VECTOR_FP_COMPARE_AS(fcmp_s##name##_d, std::uint64_t, condition, true)
LKVM_FP_CONDITIONS(LKVM_VECTOR_FP_COMPARE)
#undef LKVM_VECTOR_FP_COMPARE
#undef LKVM_VECTOR_FP_COMPARE_AS

}  // namespace lkvm::la::sem
