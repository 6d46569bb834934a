// SPDX-License-Identifier: GPL-2.0-or-later
// Bit manipulation and CRC. LA Vol.1 §2.2.3, §2.2.9.
#pragma once

#include <bit>
#include <cstdint>

#include "loongarch/soft/sem_base.hpp"

namespace lkvm::la::sem {

namespace detail {

inline std::uint64_t sext32(std::uint64_t value) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(value)));
}
template<class T>
std::uint64_t count_leading_ones(std::uint64_t value, std::uint64_t) {
    return static_cast<std::uint64_t>(std::countl_one(static_cast<T>(value)));
}
template<class T>
std::uint64_t count_leading_zeros(std::uint64_t value, std::uint64_t) {
    return static_cast<std::uint64_t>(std::countl_zero(static_cast<T>(value)));
}
template<class T>
std::uint64_t count_trailing_ones(std::uint64_t value, std::uint64_t) {
    return static_cast<std::uint64_t>(std::countr_one(static_cast<T>(value)));
}
template<class T>
std::uint64_t count_trailing_zeros(std::uint64_t value, std::uint64_t) {
    return static_cast<std::uint64_t>(std::countr_zero(static_cast<T>(value)));
}

inline std::uint64_t swap_bytes_in_halves(std::uint64_t v) {
    constexpr std::uint64_t low = 0x00ff00ff00ff00ff;
    return ((v >> 8) & low) | ((v & low) << 8);
}
inline std::uint64_t swap_halves_in_words(std::uint64_t v) {
    constexpr std::uint64_t low = 0x0000ffff0000ffff;
    return ((v >> 16) & low) | ((v & low) << 16);
}
inline std::uint64_t reverse_bits_in_bytes(std::uint64_t v) {
    v = ((v >> 1) & 0x5555555555555555) | ((v & 0x5555555555555555) << 1);
    v = ((v >> 2) & 0x3333333333333333) | ((v & 0x3333333333333333) << 2);
    return ((v >> 4) & 0x0f0f0f0f0f0f0f0f) | ((v & 0x0f0f0f0f0f0f0f0f) << 4);
}
inline std::uint64_t revb_2h(std::uint64_t v, std::uint64_t) {
    return sext32(swap_bytes_in_halves(v));
}
inline std::uint64_t revb_4h(std::uint64_t v, std::uint64_t) {
    return swap_bytes_in_halves(v);
}
inline std::uint64_t revb_2w(std::uint64_t v, std::uint64_t) {
    return swap_halves_in_words(swap_bytes_in_halves(v));
}
inline std::uint64_t revb_d(std::uint64_t v, std::uint64_t) {
    return __builtin_bswap64(v);
}
inline std::uint64_t revh_2w(std::uint64_t v, std::uint64_t) {
    return swap_halves_in_words(v);
}
inline std::uint64_t revh_d(std::uint64_t v, std::uint64_t) {
    return __builtin_rotateleft64(swap_halves_in_words(v), 32);
}
inline std::uint64_t bitrev_4b(std::uint64_t v, std::uint64_t) {
    return sext32(reverse_bits_in_bytes(v));
}
inline std::uint64_t bitrev_8b(std::uint64_t v, std::uint64_t) {
    return reverse_bits_in_bytes(v);
}
inline std::uint64_t bitrev_w(std::uint64_t v, std::uint64_t) {
    return sext32(__builtin_bitreverse32(static_cast<std::uint32_t>(v)));
}
inline std::uint64_t bitrev_d(std::uint64_t v, std::uint64_t) {
    return __builtin_bitreverse64(v);
}

/// `bytes` bytes of `data` fed into the bit-reversed CRC `sum` with `polynomial`.
template<std::uint32_t polynomial, unsigned bytes>
std::uint64_t crc(std::uint64_t data, std::uint64_t sum) {
    auto state = static_cast<std::uint32_t>(sum);
    for (unsigned i = 0; i < bytes; ++i) {
        state ^= static_cast<std::uint8_t>(data >> (8 * i));
        for (unsigned bit = 0; bit < 8; ++bit) {
            state = (state >> 1) ^ ((state & 1) != 0 ? polynomial : 0);
        }
    }
    return sext32(state);
}
inline constexpr std::uint32_t crc32_polynomial = 0xedb88320;
inline constexpr std::uint32_t crc32c_polynomial = 0x82f63b78;

}  // namespace detail

#define LKVM_UNARY(name, ...) LKVM_R(name, m.template helper<__VA_ARGS__>(j, m.imm(0)))
LKVM_UNARY(clo_w, detail::count_leading_ones<std::uint32_t>)
LKVM_UNARY(clz_w, detail::count_leading_zeros<std::uint32_t>)
LKVM_UNARY(cto_w, detail::count_trailing_ones<std::uint32_t>)
LKVM_UNARY(ctz_w, detail::count_trailing_zeros<std::uint32_t>)
LKVM_UNARY(clo_d, detail::count_leading_ones<std::uint64_t>)
LKVM_UNARY(clz_d, detail::count_leading_zeros<std::uint64_t>)
LKVM_UNARY(cto_d, detail::count_trailing_ones<std::uint64_t>)
LKVM_UNARY(ctz_d, detail::count_trailing_zeros<std::uint64_t>)
LKVM_UNARY(revb_2h, detail::revb_2h)
LKVM_UNARY(revb_4h, detail::revb_4h)
LKVM_UNARY(revb_2w, detail::revb_2w)
LKVM_UNARY(revb_d, detail::revb_d)
LKVM_UNARY(revh_2w, detail::revh_2w)
LKVM_UNARY(revh_d, detail::revh_d)
LKVM_UNARY(bitrev_4b, detail::bitrev_4b)
LKVM_UNARY(bitrev_8b, detail::bitrev_8b)
LKVM_UNARY(bitrev_w, detail::bitrev_w)
LKVM_UNARY(bitrev_d, detail::bitrev_d)
#undef LKVM_UNARY

LKVM_RR(crc_w_b_w, m.template helper<detail::crc<detail::crc32_polynomial, 1>>(j, k))
LKVM_RR(crc_w_h_w, m.template helper<detail::crc<detail::crc32_polynomial, 2>>(j, k))
LKVM_RR(crc_w_w_w, m.template helper<detail::crc<detail::crc32_polynomial, 4>>(j, k))
LKVM_RR(crc_w_d_w, m.template helper<detail::crc<detail::crc32_polynomial, 8>>(j, k))
LKVM_RR(crcc_w_b_w, m.template helper<detail::crc<detail::crc32c_polynomial, 1>>(j, k))
LKVM_RR(crcc_w_h_w, m.template helper<detail::crc<detail::crc32c_polynomial, 2>>(j, k))
LKVM_RR(crcc_w_w_w, m.template helper<detail::crc<detail::crc32c_polynomial, 4>>(j, k))
LKVM_RR(crcc_w_d_w, m.template helper<detail::crc<detail::crc32c_polynomial, 8>>(j, k))

/// {rk, rj} as one 64-bit value, its word at byte 4 - imm.
template<class M>
void bytepick_w(M& m, const Op& o) {
    const auto both = m.bit_or(m.shift_left(m.gpr(o.rk), m.imm(32)), m.zero_extend_32(m.gpr(o.rj)));
    m.set_gpr(o.rd, m.sign_extend_32(m.shift_right(both, m.imm(32 - 8 * o.imm))));
}
template<class M>
void bytepick_d(M& m, const Op& o) {
    if (o.imm == 0) return m.set_gpr(o.rd, m.gpr(o.rk));
    m.set_gpr(o.rd, m.bit_or(m.shift_left(m.gpr(o.rk), m.imm(8 * o.imm)),
                             m.shift_right(m.gpr(o.rj), m.imm(64 - 8 * o.imm))));
}

namespace detail {
/// Bits imm2..0 of a field of that width. Precondition msb >= lsb is checked at decode.
inline std::int64_t field_bits(const Op& o) {
    const unsigned width = o.imm2() - static_cast<unsigned>(o.imm) + 1;
    return static_cast<std::int64_t>(UINT64_MAX >> (64 - width));
}
}  // namespace detail

template<class M>
void bstrins_d(M& m, const Op& o) {
    const auto bits = static_cast<std::uint64_t>(detail::field_bits(o)) << o.imm;
    const auto kept = m.bit_and(m.gpr_modified(o.rd), m.imm(static_cast<std::int64_t>(~bits)));
    const auto moved =
        m.bit_and(m.shift_left(m.gpr(o.rj), m.imm(o.imm)), m.imm(static_cast<std::int64_t>(bits)));
    m.set_gpr(o.rd, m.bit_or(kept, moved));
}
template<class M>
void bstrins_w(M& m, const Op& o) {
    bstrins_d(m, o);
    m.set_gpr(o.rd, m.sign_extend_32(m.gpr(o.rd)));
}
template<class M>
void bstrpick_d(M& m, const Op& o) {
    m.set_gpr(o.rd,
              m.bit_and(m.shift_right(m.gpr(o.rj), m.imm(o.imm)), m.imm(detail::field_bits(o))));
}
template<class M>
void bstrpick_w(M& m, const Op& o) {
    bstrpick_d(m, o);
    m.set_gpr(o.rd, m.sign_extend_32(m.gpr(o.rd)));
}

}  // namespace lkvm::la::sem
