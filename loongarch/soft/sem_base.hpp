// SPDX-License-Identifier: GPL-2.0-or-later
// Integer arithmetic, logic, shifts, branches, loads and stores. LA Vol.1 §2.2.1 to §2.2.5.
#pragma once

#include <bit>
#include <cstdint>

#include "loongarch/soft/interp.hpp"
#include "loongarch/soft/op.hpp"

namespace lkvm::la::sem {

// Each line gives the value of rd in terms of j = GR[rj], k = GR[rk] and i, the immediate.
#define LKVM_RR(name, ...)            \
    template<class M>                 \
    void name(M& m, const Op& o) {    \
        const auto j = m.gpr(o.rj);   \
        const auto k = m.gpr(o.rk);   \
        m.set_gpr(o.rd, __VA_ARGS__); \
    }
#define LKVM_RI(name, ...)            \
    template<class M>                 \
    void name(M& m, const Op& o) {    \
        const auto j = m.gpr(o.rj);   \
        const auto i = m.imm(o.imm);  \
        m.set_gpr(o.rd, __VA_ARGS__); \
    }
#define LKVM_R(name, ...)             \
    template<class M>                 \
    void name(M& m, const Op& o) {    \
        const auto j = m.gpr(o.rj);   \
        m.set_gpr(o.rd, __VA_ARGS__); \
    }
#define LKVM_I(name, ...)             \
    template<class M>                 \
    void name(M& m, const Op& o) {    \
        m.set_gpr(o.rd, __VA_ARGS__); \
    }

// §2.2.1 arithmetic
LKVM_RR(add_w, m.sign_extend_32(m.add(j, k)))
LKVM_RR(sub_w, m.sign_extend_32(m.sub(j, k)))
LKVM_RR(add_d, m.add(j, k))
LKVM_RR(sub_d, m.sub(j, k))
LKVM_RI(addi_w, m.sign_extend_32(m.add(j, i)))
LKVM_RI(addi_d, m.add(j, i))
LKVM_RI(addu16i_d, m.add(j, m.shift_left(i, m.imm(16))))
LKVM_I(lu12i_w, m.imm(std::int64_t{o.imm} * 0x1000))
LKVM_RI(lu52i_d, m.bit_or(m.bit_and(j, m.imm(0xfffffffffffff)), m.shift_left(i, m.imm(52))))
LKVM_I(lu32i_d,
       m.bit_or(m.zero_extend_32(m.gpr_modified(o.rd)), m.shift_left(m.imm(o.imm), m.imm(32))))
LKVM_RR(slt, m.less_signed(j, k))
LKVM_RR(sltu, m.less_unsigned(j, k))
LKVM_RI(slti, m.less_signed(j, i))
LKVM_RI(sltui, m.less_unsigned(j, i))
LKVM_I(pcaddi, m.add(m.pc(), m.imm(std::int64_t{o.imm} * 4)))
LKVM_I(pcalau12i, m.bit_and(m.add(m.pc(), m.imm(std::int64_t{o.imm} * 0x1000)), m.imm(-0x1000)))
LKVM_I(pcaddu12i, m.add(m.pc(), m.imm(std::int64_t{o.imm} * 0x1000)))
LKVM_I(pcaddu18i, m.add(m.pc(), m.imm(std::int64_t{o.imm} * 0x40000)))
LKVM_RR(nor, m.bit_not(m.bit_or(j, k)))
LKVM_RR(and_, m.bit_and(j, k))
LKVM_RR(or_, m.bit_or(j, k))
LKVM_RR(xor_, m.bit_xor(j, k))
LKVM_RR(orn, m.bit_or(j, m.bit_not(k)))
LKVM_RR(andn, m.bit_and(j, m.bit_not(k)))
LKVM_RI(andi, m.bit_and(j, i))
LKVM_RI(ori, m.bit_or(j, i))
LKVM_RI(xori, m.bit_xor(j, i))
LKVM_RR(mul_w, m.sign_extend_32(m.mul(j, k)))
LKVM_RR(mulh_w, m.shift_right_signed(m.mul(m.sign_extend_32(j), m.sign_extend_32(k)), m.imm(32)))
LKVM_RR(mulh_wu,
        m.sign_extend_32(m.shift_right(m.mul(m.zero_extend_32(j), m.zero_extend_32(k)), m.imm(32))))
LKVM_RR(mul_d, m.mul(j, k))
LKVM_RR(mulh_d, m.mulh_signed(j, k))
LKVM_RR(mulh_du, m.mulh_unsigned(j, k))
LKVM_RR(mulw_d_w, m.mul(m.sign_extend_32(j), m.sign_extend_32(k)))
LKVM_RR(mulw_d_wu, m.mul(m.zero_extend_32(j), m.zero_extend_32(k)))

// Division by zero is undefined by the manual: here the quotient is the dividend and the remainder
// 0, as if the divisor were 1; so is the most negative number by -1.
namespace detail {
template<class T, bool remainder>
std::uint64_t divide(std::uint64_t a, std::uint64_t b) {
    const auto x = static_cast<T>(a);
    auto y = static_cast<T>(b);
    if (y == 0) y = 1;
    T result;
    if constexpr (std::is_signed_v<T>) {
        if (y == -1) {
            using Unsigned = std::make_unsigned_t<T>;
            result = remainder ? T{0} : static_cast<T>(Unsigned{0} - static_cast<Unsigned>(x));
            return static_cast<std::uint64_t>(static_cast<std::int64_t>(result));
        }
    }
    result = remainder ? static_cast<T>(x % y) : static_cast<T>(x / y);
    // 32-bit results are sign-extended, unsigned ones too.
    return static_cast<std::uint64_t>(
        static_cast<std::int64_t>(static_cast<std::make_signed_t<T>>(result)));
}
}  // namespace detail
LKVM_RR(div_w, m.template helper<detail::divide<std::int32_t, false>>(j, k))
LKVM_RR(mod_w, m.template helper<detail::divide<std::int32_t, true>>(j, k))
LKVM_RR(div_wu, m.template helper<detail::divide<std::uint32_t, false>>(j, k))
LKVM_RR(mod_wu, m.template helper<detail::divide<std::uint32_t, true>>(j, k))
LKVM_RR(div_d, m.template helper<detail::divide<std::int64_t, false>>(j, k))
LKVM_RR(mod_d, m.template helper<detail::divide<std::int64_t, true>>(j, k))
LKVM_RR(div_du, m.template helper<detail::divide<std::uint64_t, false>>(j, k))
LKVM_RR(mod_du, m.template helper<detail::divide<std::uint64_t, true>>(j, k))

// §2.2.2 shifts
#define LKVM_COUNT(n, bits) m.bit_and(n, m.imm((bits) - 1))
LKVM_RR(sll_w, m.sign_extend_32(m.shift_left(j, LKVM_COUNT(k, 32))))
LKVM_RR(srl_w, m.sign_extend_32(m.shift_right(m.zero_extend_32(j), LKVM_COUNT(k, 32))))
LKVM_RR(sra_w, m.shift_right_signed(m.sign_extend_32(j), LKVM_COUNT(k, 32)))
LKVM_RR(rotr_w, m.sign_extend_32(m.rotate_right_32(j, k)))
LKVM_RI(slli_w, m.sign_extend_32(m.shift_left(j, i)))
LKVM_RI(srli_w, m.sign_extend_32(m.shift_right(m.zero_extend_32(j), i)))
LKVM_RI(srai_w, m.shift_right_signed(m.sign_extend_32(j), i))
LKVM_RI(rotri_w, m.sign_extend_32(m.rotate_right_32(j, i)))
LKVM_RR(sll_d, m.shift_left(j, k))
LKVM_RR(srl_d, m.shift_right(j, k))
LKVM_RR(sra_d, m.shift_right_signed(j, k))
LKVM_RR(rotr_d, m.rotate_right(j, k))
LKVM_RI(slli_d, m.shift_left(j, i))
LKVM_RI(srli_d, m.shift_right(j, i))
LKVM_RI(srai_d, m.shift_right_signed(j, i))
LKVM_RI(rotri_d, m.rotate_right(j, i))

// §2.2.3 bits
LKVM_R(ext_w_h, m.sign_extend_16(j))
LKVM_R(ext_w_b, m.sign_extend_8(j))
LKVM_RR(maskeqz, m.select(m.equal(k, m.imm(0)), m.imm(0), j))
LKVM_RR(masknez, m.select(m.equal(k, m.imm(0)), j, m.imm(0)))
LKVM_RR(alsl_w, m.sign_extend_32(m.add(m.shift_left(j, m.imm(o.imm)), k)))
LKVM_RR(alsl_wu, m.zero_extend_32(m.add(m.shift_left(j, m.imm(o.imm)), k)))
LKVM_RR(alsl_d, m.add(m.shift_left(j, m.imm(o.imm)), k))

// §2.2.4 branches
#define LKVM_BRANCH(name, ...)        \
    template<class M>                 \
    auto name(M& m, const Op& o) {    \
        const auto j = m.gpr(o.rj);   \
        const auto d = m.gpr(o.rd);   \
        return m.branch(__VA_ARGS__); \
    }
LKVM_BRANCH(beq, m.equal(j, d))
LKVM_BRANCH(bne, m.bit_xor(m.equal(j, d), m.imm(1)))
LKVM_BRANCH(blt, m.less_signed(j, d))
LKVM_BRANCH(bge, m.bit_xor(m.less_signed(j, d), m.imm(1)))
LKVM_BRANCH(bltu, m.less_unsigned(j, d))
LKVM_BRANCH(bgeu, m.bit_xor(m.less_unsigned(j, d), m.imm(1)))
#undef LKVM_BRANCH

template<class M>
auto beqz(M& m, const Op& o) {
    return m.branch(m.equal(m.gpr(o.rj), m.imm(0)));
}
template<class M>
auto bnez(M& m, const Op& o) {
    return m.branch(m.bit_xor(m.equal(m.gpr(o.rj), m.imm(0)), m.imm(1)));
}
template<class M>
auto b(M& m, const Op&) {
    return m.branch(m.imm(1));
}
template<class M>
auto bl(M& m, const Op&) {
    m.set_gpr(1, m.add(m.pc(), m.imm(4)));
    return m.branch(m.imm(1));
}
template<class M>
auto jirl(M& m, const Op& o) {
    const auto target = m.add(m.gpr(o.rj), m.imm(o.imm));
    m.set_gpr(o.rd, m.add(m.pc(), m.imm(4)));
    return m.jump(target);
}

// §2.2.5 loads and stores
#define LKVM_LOAD(name, type, ...)                       \
    template<class M>                                    \
    bool name(M& m, const Op& o) {                       \
        return m.template load<type>(o.rd, __VA_ARGS__); \
    }
#define LKVM_STORE(name, type, ...)                              \
    template<class M>                                            \
    bool name(M& m, const Op& o) {                               \
        return m.template store<type>(__VA_ARGS__, m.gpr(o.rd)); \
    }
#define LKVM_BASE_IMM m.add(m.gpr(o.rj), m.imm(o.imm))
#define LKVM_BASE_INDEX m.add(m.gpr(o.rj), m.gpr(o.rk))
LKVM_LOAD(ld_b, std::int8_t, LKVM_BASE_IMM)
LKVM_LOAD(ld_h, std::int16_t, LKVM_BASE_IMM)
LKVM_LOAD(ld_w, std::int32_t, LKVM_BASE_IMM)
LKVM_LOAD(ld_d, std::int64_t, LKVM_BASE_IMM)
LKVM_LOAD(ld_bu, std::uint8_t, LKVM_BASE_IMM)
LKVM_LOAD(ld_hu, std::uint16_t, LKVM_BASE_IMM)
LKVM_LOAD(ld_wu, std::uint32_t, LKVM_BASE_IMM)
LKVM_LOAD(ldx_b, std::int8_t, LKVM_BASE_INDEX)
LKVM_LOAD(ldx_h, std::int16_t, LKVM_BASE_INDEX)
LKVM_LOAD(ldx_w, std::int32_t, LKVM_BASE_INDEX)
LKVM_LOAD(ldx_d, std::int64_t, LKVM_BASE_INDEX)
LKVM_LOAD(ldx_bu, std::uint8_t, LKVM_BASE_INDEX)
LKVM_LOAD(ldx_hu, std::uint16_t, LKVM_BASE_INDEX)
LKVM_LOAD(ldx_wu, std::uint32_t, LKVM_BASE_INDEX)
LKVM_LOAD(ldptr_w, std::int32_t, LKVM_BASE_IMM)
LKVM_LOAD(ldptr_d, std::int64_t, LKVM_BASE_IMM)
LKVM_STORE(st_b, std::uint8_t, LKVM_BASE_IMM)
LKVM_STORE(st_h, std::uint16_t, LKVM_BASE_IMM)
LKVM_STORE(st_w, std::uint32_t, LKVM_BASE_IMM)
LKVM_STORE(st_d, std::uint64_t, LKVM_BASE_IMM)
LKVM_STORE(stx_b, std::uint8_t, LKVM_BASE_INDEX)
LKVM_STORE(stx_h, std::uint16_t, LKVM_BASE_INDEX)
LKVM_STORE(stx_w, std::uint32_t, LKVM_BASE_INDEX)
LKVM_STORE(stx_d, std::uint64_t, LKVM_BASE_INDEX)
LKVM_STORE(stptr_w, std::uint32_t, LKVM_BASE_IMM)
LKVM_STORE(stptr_d, std::uint64_t, LKVM_BASE_IMM)
#undef LKVM_LOAD
#undef LKVM_STORE

template<class M>
void preld(M&, const Op&) {}
template<class M>
void preldx(M&, const Op&) {}

}  // namespace lkvm::la::sem
