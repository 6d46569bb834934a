// SPDX-License-Identifier: GPL-2.0-or-later
// LSX and LASX: bitwise logic, single bits, counting, sign masks and tests into flags. LA Vol.2.
#pragma once

#include <bit>

#include "loongarch/soft/simd_lanes.hpp"

namespace lkvm::la::sem {

namespace simd {

struct And {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>(a & b);
    }
};

struct Or {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>(a | b);
    }
};

struct Xor {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>(a ^ b);
    }
};

struct Nor {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>(~(a | b));
    }
};

struct NotAnd {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>(~a & b);
    }
};

struct OrNot {
    template<class T>
    T operator()(T a, T b) const {
        return static_cast<T>(a | ~b);
    }
};

/// One bit of an unsigned T, the number taken modulo its width.
template<class T>
[[nodiscard]] inline T bit(T number) {
    return static_cast<T>(Modular<T>{1} << (number % bits_of<T>));
}

struct ClearBit {
    template<class T>
    T operator()(T a, T number) const {
        return static_cast<T>(a & ~bit(number));
    }
};

struct SetBit {
    template<class T>
    T operator()(T a, T number) const {
        return static_cast<T>(a | bit(number));
    }
};

struct FlipBit {
    template<class T>
    T operator()(T a, T number) const {
        return static_cast<T>(a ^ bit(number));
    }
};

struct LeadingZeros {
    template<class T>
    T operator()(T a) const {
        return static_cast<T>(std::countl_zero(a));
    }
};

struct LeadingOnes {
    template<class T>
    T operator()(T a) const {
        return static_cast<T>(std::countl_one(a));
    }
};

struct CountOnes {
    template<class T>
    T operator()(T a) const {
        return static_cast<T>(std::popcount(a));
    }
};

/// rd = ra selects rk, where clear rj.
template<class Form>
void select_bits(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto clear = read<std::uint64_t>(cpu, op.rj, block);
        const auto set = read<std::uint64_t>(cpu, op.rk, block);
        auto mask = read<std::uint64_t>(cpu, op.ra, block);
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < mask.size(); ++i) {
            mask[i] = (mask[i] & set[i]) | (~mask[i] & clear[i]);
        }
        write<std::uint64_t>(cpu, op.rd, block, mask);
    });
}

/// The old rd selects the immediate, where clear rj.
struct SelectImmediate {
    template<class T>
    T operator()(T mask, T clear, T immediate) const {
        return static_cast<T>((mask & immediate) | (~mask & clear));
    }
};

/// rd[i] = F(rd[i], rj[i], immediate)
template<class Form, class T, class F>
void accumulate_imm(Cpu& cpu, const Op& op) {
    const T b = static_cast<T>(op.imm);
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<T>(cpu, op.rj, block);
        auto result = read<T>(cpu, op.rd, block);
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) result[i] = F{}(result[i], a[i], b);
        write<T>(cpu, op.rd, block, result);
    });
}

/// The eight most significant bits of the bytes of `bytes`, that of byte 0 lowest.
[[nodiscard]] inline std::uint64_t gather_byte_signs(std::uint64_t bytes) {
    // Partial products land on different bits, so that no carry arises below the eight wanted.
    return (((bytes >> 7) & 0x0101010101010101u) * 0x0102040810204080u) >> 56;
}

/// Bit i of each block of rd is the sign of lane i of rj; all other bits are 0.
template<class Form, class T>
void sign_mask(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        Block<std::uint64_t> result{};
        if constexpr (sizeof(T) == 1) {
            const auto a = read<std::uint64_t>(cpu, op.rj, block);
            result[0] = gather_byte_signs(a[0]) | gather_byte_signs(a[1]) << 8;
        } else {
            const auto a = read<UnsignedOf<T>>(cpu, op.rj, block);
            for (unsigned i = 0; i < a.size(); ++i) {
                result[0] |= static_cast<std::uint64_t>(a[i] >> (bits_of<T> - 1)) << i;
            }
        }
        write<std::uint64_t>(cpu, op.rd, block, result);
    });
}

/// Each byte becomes one with the wanted property in its sign.
struct ComplementWord {
    std::uint64_t operator()(std::uint64_t a) const { return ~a; }
};
struct NonzeroBytes {
    std::uint64_t operator()(std::uint64_t a) const {
        constexpr std::uint64_t low_bits = 0x7f7f7f7f7f7f7f7fu;
        return ((a & low_bits) + low_bits) | a;
    }
};

template<class Form, class F>
void byte_mask(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<std::uint64_t>(cpu, op.rj, block);
        const Block<std::uint64_t> result{
            gather_byte_signs(F{}(a[0])) | gather_byte_signs(F{}(a[1])) << 8, 0};
        write<std::uint64_t>(cpu, op.rd, block, result);
    });
}

template<class Form, class T>
[[nodiscard]] bool any_zero_lane(const Cpu& cpu, unsigned number) {
    bool found = false;
    for (unsigned block = 0; block < Form::blocks; ++block) {
        const auto a = read<T>(cpu, number, block);
        T zeros = 0;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < a.size(); ++i) zeros = static_cast<T>(zeros | (a[i] == 0));
        found = found || zeros != 0;
    }
    return found;
}

template<class Form>
[[nodiscard]] bool all_zero(const Cpu& cpu, unsigned number) {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < 2 * Form::blocks; ++i) bits |= cpu.vr[number].d[i];
    return bits == 0;
}

/// Condition flag rd = F of the vector rj.
template<class Form, class T, bool wanted>
void flag_any_zero(Cpu& cpu, const Op& op) {
    cpu.fcc[op.rd] = any_zero_lane<Form, T>(cpu, op.rj) == wanted;
}
template<class Form, bool wanted>
void flag_all_zero(Cpu& cpu, const Op& op) {
    cpu.fcc[op.rd] = all_zero<Form>(cpu, op.rj) == wanted;
}

}  // namespace simd

LKVM_SIMD(and_v, clear, binary, std::uint64_t, simd::And);
LKVM_SIMD(or_v, clear, binary, std::uint64_t, simd::Or);
LKVM_SIMD(xor_v, clear, binary, std::uint64_t, simd::Xor);
LKVM_SIMD(nor_v, clear, binary, std::uint64_t, simd::Nor);
LKVM_SIMD(andn_v, clear, binary, std::uint64_t, simd::NotAnd);
LKVM_SIMD(orn_v, clear, binary, std::uint64_t, simd::OrNot);
LKVM_SIMD(andi_b, clear, binary_imm, std::uint8_t, simd::And);
LKVM_SIMD(ori_b, clear, binary_imm, std::uint8_t, simd::Or);
LKVM_SIMD(xori_b, clear, binary_imm, std::uint8_t, simd::Xor);
LKVM_SIMD(nori_b, clear, binary_imm, std::uint8_t, simd::Nor);
LKVM_SIMD(bitseli_b, clear, accumulate_imm, std::uint8_t, simd::SelectImmediate);
inline void vbitsel_v(Cpu& cpu, const Op& op) {
    simd::select_bits<simd::Lsx<simd::Upper::clear>>(cpu, op);
}
inline void xvbitsel_v(Cpu& cpu, const Op& op) {
    simd::select_bits<simd::Lasx>(cpu, op);
}

#define LKVM_SIMD_BIT(NAME, F)                                  \
    LKVM_SIMD(NAME##_b, keep, binary, std::uint8_t, simd::F);   \
    LKVM_SIMD(NAME##_h, clear, binary, std::uint16_t, simd::F); \
    LKVM_SIMD(NAME##_w, clear, binary, std::uint32_t, simd::F); \
    LKVM_SIMD(NAME##_d, clear, binary, std::uint64_t, simd::F)

LKVM_SIMD_BIT(bitclr, ClearBit);
LKVM_SIMD_BIT(bitset, SetBit);
LKVM_SIMD_BIT(bitrev, FlipBit);
LKVM_SIMD_PLAIN(bitclri, clear, binary_imm, ClearBit);
LKVM_SIMD_PLAIN(bitseti, clear, binary_imm, SetBit);
LKVM_SIMD_PLAIN(bitrevi, clear, binary_imm, FlipBit);

#undef LKVM_SIMD_BIT

LKVM_SIMD_PLAIN(clz, keep, unary, LeadingZeros);
LKVM_SIMD_PLAIN(clo, keep, unary, LeadingOnes);
LKVM_SIMD_PLAIN(pcnt, keep, unary, CountOnes);

LKVM_SIMD(mskltz_b, keep, sign_mask, std::int8_t);
LKVM_SIMD(mskltz_h, keep, sign_mask, std::int16_t);
LKVM_SIMD(mskltz_w, keep, sign_mask, std::int32_t);
LKVM_SIMD(mskltz_d, keep, sign_mask, std::int64_t);
LKVM_SIMD(mskgez_b, keep, byte_mask, simd::ComplementWord);
LKVM_SIMD(msknz_b, keep, byte_mask, simd::NonzeroBytes);

// No vector destination here, so that the half above LSX does not matter.
LKVM_SIMD(seteqz_v, keep, flag_all_zero, true);
LKVM_SIMD(setnez_v, keep, flag_all_zero, false);
LKVM_SIMD(setanyeqz_b, keep, flag_any_zero, std::uint8_t, true);
LKVM_SIMD(setanyeqz_h, keep, flag_any_zero, std::uint16_t, true);
LKVM_SIMD(setanyeqz_w, keep, flag_any_zero, std::uint32_t, true);
LKVM_SIMD(setanyeqz_d, keep, flag_any_zero, std::uint64_t, true);
LKVM_SIMD(setallnez_b, keep, flag_any_zero, std::uint8_t, false);
LKVM_SIMD(setallnez_h, keep, flag_any_zero, std::uint16_t, false);
LKVM_SIMD(setallnez_w, keep, flag_any_zero, std::uint32_t, false);
LKVM_SIMD(setallnez_d, keep, flag_any_zero, std::uint64_t, false);

}  // namespace lkvm::la::sem
