// SPDX-License-Identifier: GPL-2.0-or-later
// Vector floating-point conversions of LSX and LASX.
#pragma once

#include <cstdint>

#include "loongarch/soft/fp_convert.hpp"
#include "loongarch/soft/fp_vector.hpp"

namespace lkvm::la::fp {

// Conversions of one lane, for vector_map, vector_narrow and vector_widen.

template<class Integer>
struct ToSigned {
    Rounding rounding;
    template<class Bits>
    Integer operator()(Environment& env, Bits a) const {
        return quick_to_signed<Integer>(env, rounding, a);
    }
};
template<class Integer>
struct ToUnsigned {
    Rounding rounding;
    template<class Bits>
    Integer operator()(Environment& env, Bits a) const {
        return quick_to_unsigned<Integer>(env, rounding, a);
    }
};
template<class Bits>
struct FromInteger {
    template<class Integer>
    Bits operator()(Environment& env, Integer value) const {
        return quick_from_integer<Bits>(env, value);
    }
};
struct ToIntegral {
    Rounding rounding;
    template<class Bits>
    Bits operator()(Environment& env, Bits a) const {
        return quick_round(env, rounding, a);
    }
};
struct ToHalf {
    std::uint16_t operator()(Environment& env, std::uint32_t a) const {
        return convert<std::uint16_t>(env, a);
    }
};
struct FromHalf {
    std::uint32_t operator()(Environment& env, std::uint16_t a) const {
        return convert<std::uint32_t>(env, a);
    }
};
struct ToSingle {
    std::uint32_t operator()(Environment& env, std::uint64_t a) const {
        return quick_narrow(env, a);
    }
};
struct ToDouble {
    std::uint64_t operator()(Environment& env, std::uint32_t a) const {
        return quick_widen(env, a);
    }
};

}  // namespace lkvm::la::fp

namespace lkvm::la::sem {

// Between formats.

LKVM_VECTOR_FP(fcvt_h_s,
               fp::vector_narrow<bytes, std::uint16_t, std::uint32_t>(cpu, op, fp::ToHalf{}))
LKVM_VECTOR_FP(fcvt_s_d,
               fp::vector_narrow<bytes, std::uint32_t, std::uint64_t>(cpu, op, fp::ToSingle{}))
LKVM_VECTOR_FP(fcvtl_s_h,
               fp::vector_widen<bytes, fp::Part::low, std::uint32_t, std::uint16_t>(cpu, op,
                                                                                    fp::FromHalf{}))
LKVM_VECTOR_FP(fcvth_s_h, fp::vector_widen<bytes, fp::Part::high, std::uint32_t, std::uint16_t>(
                              cpu, op, fp::FromHalf{}))
LKVM_VECTOR_FP(fcvtl_d_s,
               fp::vector_widen<bytes, fp::Part::low, std::uint64_t, std::uint32_t>(cpu, op,
                                                                                    fp::ToDouble{}))
LKVM_VECTOR_FP(fcvth_d_s, fp::vector_widen<bytes, fp::Part::high, std::uint64_t, std::uint32_t>(
                              cpu, op, fp::ToDouble{}))

// From integers.

LKVM_VECTOR_FP(ffint_s_w,
               fp::vector_map<bytes, std::uint32_t, std::int32_t>(cpu, op,
                                                                  fp::FromInteger<std::uint32_t>{}))
LKVM_VECTOR_FP(ffint_s_wu, fp::vector_map<bytes, std::uint32_t, std::uint32_t>(
                               cpu, op, fp::FromInteger<std::uint32_t>{}))
LKVM_VECTOR_FP(ffint_d_l,
               fp::vector_map<bytes, std::uint64_t, std::int64_t>(cpu, op,
                                                                  fp::FromInteger<std::uint64_t>{}))
LKVM_VECTOR_FP(ffint_d_lu, fp::vector_map<bytes, std::uint64_t, std::uint64_t>(
                               cpu, op, fp::FromInteger<std::uint64_t>{}))
LKVM_VECTOR_FP(ffint_s_l, fp::vector_narrow<bytes, std::uint32_t, std::int64_t>(
                              cpu, op, fp::FromInteger<std::uint32_t>{}))
LKVM_VECTOR_FP(ffintl_d_w, fp::vector_widen<bytes, fp::Part::low, std::uint64_t, std::int32_t>(
                               cpu, op, fp::FromInteger<std::uint64_t>{}))
LKVM_VECTOR_FP(ffinth_d_w, fp::vector_widen<bytes, fp::Part::high, std::uint64_t, std::int32_t>(
                               cpu, op, fp::FromInteger<std::uint64_t>{}))

// To integers, and to integral values of the same format, in the rounding mode that `suffix` names.

#define LKVM_VECTOR_FP_ROUNDING(suffix, rounding)                                              \
    LKVM_VECTOR_FP(ftint##suffix##_w_s, fp::vector_map<bytes, std::int32_t, std::uint32_t>(    \
                                            cpu, op, fp::ToSigned<std::int32_t>{rounding}))    \
    LKVM_VECTOR_FP(ftint##suffix##_l_d, fp::vector_map<bytes, std::int64_t, std::uint64_t>(    \
                                            cpu, op, fp::ToSigned<std::int64_t>{rounding}))    \
    LKVM_VECTOR_FP(ftint##suffix##_w_d, fp::vector_narrow<bytes, std::int32_t, std::uint64_t>( \
                                            cpu, op, fp::ToSigned<std::int32_t>{rounding}))    \
    LKVM_VECTOR_FP(ftint##suffix##l_l_s,                                                       \
                   fp::vector_widen<bytes, fp::Part::low, std::int64_t, std::uint32_t>(        \
                       cpu, op, fp::ToSigned<std::int64_t>{rounding}))                         \
    LKVM_VECTOR_FP(ftint##suffix##h_l_s,                                                       \
                   fp::vector_widen<bytes, fp::Part::high, std::int64_t, std::uint32_t>(       \
                       cpu, op, fp::ToSigned<std::int64_t>{rounding}))                         \
    LKVM_VECTOR_FP(frint##suffix##_s, fp::vector_map<bytes, std::uint32_t, std::uint32_t>(     \
                                          cpu, op, fp::ToIntegral{rounding}))                  \
    LKVM_VECTOR_FP(frint##suffix##_d, fp::vector_map<bytes, std::uint64_t, std::uint64_t>(     \
                                          cpu, op, fp::ToIntegral{rounding}))
LKVM_VECTOR_FP_ROUNDING(, fp::rounding_of(cpu.fcsr))
LKVM_VECTOR_FP_ROUNDING(rm, fp::Rounding::down)
LKVM_VECTOR_FP_ROUNDING(rp, fp::Rounding::up)
LKVM_VECTOR_FP_ROUNDING(rz, fp::Rounding::toward_zero)
LKVM_VECTOR_FP_ROUNDING(rne, fp::Rounding::nearest_even)
#undef LKVM_VECTOR_FP_ROUNDING

LKVM_VECTOR_FP(ftint_wu_s, fp::vector_map<bytes, std::uint32_t, std::uint32_t>(
                               cpu, op, fp::ToUnsigned<std::uint32_t>{fp::rounding_of(cpu.fcsr)}))
LKVM_VECTOR_FP(ftint_lu_d, fp::vector_map<bytes, std::uint64_t, std::uint64_t>(
                               cpu, op, fp::ToUnsigned<std::uint64_t>{fp::rounding_of(cpu.fcsr)}))
LKVM_VECTOR_FP(ftintrz_wu_s, fp::vector_map<bytes, std::uint32_t, std::uint32_t>(
                                 cpu, op, fp::ToUnsigned<std::uint32_t>{fp::Rounding::toward_zero}))
LKVM_VECTOR_FP(ftintrz_lu_d, fp::vector_map<bytes, std::uint64_t, std::uint64_t>(
                                 cpu, op, fp::ToUnsigned<std::uint64_t>{fp::Rounding::toward_zero}))

}  // namespace lkvm::la::sem
