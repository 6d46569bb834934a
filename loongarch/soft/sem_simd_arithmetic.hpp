// SPDX-License-Identifier: GPL-2.0-or-later
// LSX and LASX: integer arithmetic with results as wide as the operands. LA Vol.2.
#pragma once

#include "loongarch/soft/simd_lanes.hpp"

namespace lkvm::la::sem {

namespace simd {

struct Add {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>(static_cast<Modular<T>>(a) + static_cast<Modular<T>>(b));
    }
};

struct Subtract {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>(static_cast<Modular<T>>(a) - static_cast<Modular<T>>(b));
    }
};

struct Multiply {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>(static_cast<Modular<T>>(a) * static_cast<Modular<T>>(b));
    }
};

struct Negate {
    template<class T>
    T operator()(T a) const {
        return Subtract{}(T{0}, a);
    }
};

struct AbsoluteDifference {
    template<class T>
    T operator()(T a, T b) const {
        return a < b ? Subtract{}(b, a) : Subtract{}(a, b);
    }
};

struct AddAbsolute {
    template<class T>
    T operator()(T a, T b) const {
        return Add{}(absolute(a), absolute(b));
    }

private:
    template<class T>
    static T absolute(T a) {
        return a < 0 ? Negate{}(a) : a;
    }
};

/// Half of the sum, rounded down, without losing its carry.
struct Average {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>((a >> 1) + (b >> 1) + (a & b & 1));
    }
};

/// Half of the sum, rounded up.
struct AverageUp {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>((a >> 1) + (b >> 1) + ((a | b) & 1));
    }
};

struct Maximum {
    template<class T>
    T operator()(T a, T b) const {
        return a < b ? b : a;
    }
};

struct Minimum {
    template<class T>
    T operator()(T a, T b) const {
        return b < a ? b : a;
    }
};

/// Division by zero gives 0, the least integer divided by -1 itself.
struct Divide {
    template<class T>
    T operator()(T a, T b) const {
        if (b == 0) return 0;
        if constexpr (is_signed<T>) {
            if (b == -1) return Negate{}(a);
        }
        return static_cast<T>(a / b);
    }
};

/// The remainder has the sign of `a`; modulo zero it is 0.
struct Remainder {
    template<class T>
    T operator()(T a, T b) const {
        if (b == 0) return 0;
        if constexpr (is_signed<T>) {
            if (b == -1) return 0;
        }
        return static_cast<T>(a % b);
    }
};

struct MultiplyHigh {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>((static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b)) >> bits_of<T>);
    }
};

struct MultiplyAdd {
    template<class T>
    T operator()(T sum, T a, T b) const {
        return Add{}(sum, Multiply{}(a, b));
    }
};

struct MultiplySubtract {
    template<class T>
    T operator()(T sum, T a, T b) const {
        return Subtract{}(sum, Multiply{}(a, b));
    }
};

struct SaturatingAdd {
    template<class T>
    T operator()(T a, T b) const {
        const T sum = Add{}(a, b);
        if constexpr (is_signed<T>) {
            // Overflow: both operands have a sign that the sum has not.
            const T overflow = static_cast<T>((a ^ sum) & (b ^ sum));
            const T limit = a < 0 ? min_of<T> : max_of<T>;
            return overflow < 0 ? limit : sum;
        } else {
            return sum < a ? max_of<T> : sum;
        }
    }
};

struct SaturatingSubtract {
    template<class T>
    T operator()(T a, T b) const {
        const T difference = Subtract{}(a, b);
        if constexpr (is_signed<T>) {
            const T overflow = static_cast<T>((a ^ b) & (a ^ difference));
            const T limit = a < 0 ? min_of<T> : max_of<T>;
            return overflow < 0 ? limit : difference;
        } else {
            return a < b ? T{0} : difference;
        }
    }
};

/// `b` with the sign of `a` multiplied in.
struct CopySign {
    template<class T>
    T operator()(T a, T b) const {
        const T nonzero = a < 0 ? Negate{}(b) : b;
        return a == 0 ? T{0} : nonzero;
    }
};

}  // namespace simd

LKVM_SIMD_PLAIN(add, clear, binary, Add);
LKVM_SIMD(add_q, keep, binary, simd::UInt128, simd::Add);
LKVM_SIMD_PLAIN(sub, clear, binary, Subtract);
LKVM_SIMD(sub_q, keep, binary, simd::UInt128, simd::Subtract);
LKVM_SIMD_UNSIGNED(addi, clear, binary_imm, Add);
LKVM_SIMD_UNSIGNED(subi, clear, binary_imm, Subtract);
LKVM_SIMD_PLAIN(neg, clear, unary, Negate);

LKVM_SIMD_SIGNED(absd, clear, binary, AbsoluteDifference);
LKVM_SIMD_UNSIGNED(absd, clear, binary, AbsoluteDifference);
LKVM_SIMD_SIGNED(adda, clear, binary, AddAbsolute);
LKVM_SIMD_SIGNED(avg, clear, binary, Average);
LKVM_SIMD_UNSIGNED(avg, clear, binary, Average);
LKVM_SIMD_SIGNED(avgr, clear, binary, AverageUp);
LKVM_SIMD_UNSIGNED(avgr, clear, binary, AverageUp);
LKVM_SIMD_SIGNED(signcov, clear, binary, CopySign);

LKVM_SIMD_SIGNED(max, clear, binary, Maximum);
LKVM_SIMD_UNSIGNED(max, clear, binary, Maximum);
LKVM_SIMD_SIGNED(min, clear, binary, Minimum);
LKVM_SIMD_UNSIGNED(min, clear, binary, Minimum);
LKVM_SIMD_SIGNED(maxi, clear, binary_imm, Maximum);
LKVM_SIMD_UNSIGNED(maxi, clear, binary_imm, Maximum);
LKVM_SIMD_SIGNED(mini, clear, binary_imm, Minimum);
LKVM_SIMD_UNSIGNED(mini, clear, binary_imm, Minimum);

LKVM_SIMD_SIGNED(sadd, clear, binary, SaturatingAdd);
LKVM_SIMD_UNSIGNED(sadd, clear, binary, SaturatingAdd);
LKVM_SIMD_SIGNED(ssub, clear, binary, SaturatingSubtract);
LKVM_SIMD_UNSIGNED(ssub, clear, binary, SaturatingSubtract);

LKVM_SIMD_PLAIN(mul, clear, binary, Multiply);
LKVM_SIMD_PLAIN(madd, clear, accumulate, MultiplyAdd);
LKVM_SIMD_PLAIN(msub, clear, accumulate, MultiplySubtract);
LKVM_SIMD(muh_b, keep, binary, std::int8_t, simd::MultiplyHigh);
LKVM_SIMD(muh_h, keep, binary, std::int16_t, simd::MultiplyHigh);
LKVM_SIMD(muh_w, clear, binary, std::int32_t, simd::MultiplyHigh);
LKVM_SIMD(muh_d, clear, binary, std::int64_t, simd::MultiplyHigh);
LKVM_SIMD(muh_bu, keep, binary, std::uint8_t, simd::MultiplyHigh);
LKVM_SIMD(muh_hu, keep, binary, std::uint16_t, simd::MultiplyHigh);
LKVM_SIMD(muh_wu, clear, binary, std::uint32_t, simd::MultiplyHigh);
LKVM_SIMD(muh_du, clear, binary, std::uint64_t, simd::MultiplyHigh);

LKVM_SIMD_SIGNED(div, keep, binary, Divide);
LKVM_SIMD_UNSIGNED(div, keep, binary, Divide);
LKVM_SIMD_SIGNED(mod, keep, binary, Remainder);
LKVM_SIMD_UNSIGNED(mod, keep, binary, Remainder);

}  // namespace lkvm::la::sem
