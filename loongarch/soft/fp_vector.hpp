// SPDX-License-Identifier: GPL-2.0-or-later
// How a vector floating-point instruction runs. All lanes of a register go to the host together, or
// all through the integer path; their exception bits are collected. `bytes` is 16 (LSX) or
// 32 (LASX). The manual leaves bits 255:128 open after an LSX instruction; as in the reference
// emulator lane-wise operations keep them, comparisons and those that change lane size clear them.
#pragma once

#include <array>
#include <cstdint>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/fp_compare.hpp"
#include "loongarch/soft/fp_ops.hpp"
#include "loongarch/soft/fp_soft.hpp"
#include "loongarch/soft/fp_state.hpp"

namespace lkvm::la::fp {

template<class T, unsigned bytes>
inline constexpr unsigned lane_count = bytes / sizeof(T);
template<class T, unsigned bytes>
using Lanes = std::array<T, lane_count<T, bytes>>;

template<class T, unsigned bytes>
[[nodiscard]] inline Lanes<T, bytes> read_lanes(const VectorRegister& reg) {
    return reg.lanes<T, lane_count<T, bytes>>();
}

/// Ends a vector instruction: FCSR, then the register unless an exception is raised.
template<class T, std::size_t count>
[[nodiscard]] inline bool finish_vector(Cpu& cpu, unsigned reg, std::uint32_t flags,
                                        const std::array<T, count>& result) {
    if (!commit(cpu, flags, Exception::VFPE)) return false;
    cpu.vr[reg].set_lanes(result);
    return true;
}

/// Replaces a register; an LSX result is extended with zeros.
template<class T, std::size_t count>
inline void write_extended(VectorRegister& reg, const std::array<T, count>& result) {
    if constexpr (sizeof(result) == 16) reg.d[2] = reg.d[3] = 0;
    reg.set_lanes(result);
}
template<class T, std::size_t count>
[[nodiscard]] inline bool finish_extended(Cpu& cpu, unsigned reg, std::uint32_t flags,
                                          const std::array<T, count>& result) {
    if (!commit(cpu, flags, Exception::VFPE)) return false;
    write_extended(cpu.vr[reg], result);
    return true;
}

/// Lane-wise O on one to three registers, in integers.
template<class Bits, unsigned bytes, class O, class... Registers>
[[nodiscard]] Lanes<Bits, bytes> soft_lanes(Environment& env, const Registers&... operands) {
    Lanes<Bits, bytes> result;
    for (unsigned i = 0; i < result.size(); ++i) {
        result[i] = O::template soft<Bits>(env, operands.template lane<Bits>(i)...);
    }
    return result;
}

template<class Bits, unsigned bytes, class O, class... Registers>
[[gnu::noinline]] bool vector_slow(Cpu& cpu, unsigned reg, const Registers&... operands) {
    Environment env{rounding_of(cpu.fcsr), 0};
    const auto result = soft_lanes<Bits, bytes, O>(env, operands...);
    return finish_vector(cpu, reg, env.flags, result);
}

/// For operations that know exact results: a program that has seen nothing inexact yet gets here
/// with every one of them.
template<class Bits, unsigned bytes, class O>
[[gnu::noinline]] bool vector_slow_exact(Cpu& cpu, unsigned reg, const VectorRegister& vj,
                                         const VectorRegister& vk) {
    if ((cpu.fcsr & (fcsr::rounding_mask | fcsr::enables_mask)) == 0) {
        const auto a = read_lanes<Host<Bits>, bytes>(vj);
        const auto b = read_lanes<Host<Bits>, bytes>(vk);
        Lanes<Host<Bits>, bytes> r;
        bool exact = true;
        for (unsigned i = 0; i < r.size(); ++i) {
            r[i] = O::host(a[i], b[i]);
            exact = exact && O::plain(a[i], b[i], r[i]) && O::exact(a[i], b[i], r[i]);
        }
        if (exact) {
            commit_exact(cpu);
            cpu.vr[reg].set_lanes(r);
            return true;
        }
    }
    return vector_slow<Bits, bytes, O>(cpu, reg, vj, vk);
}

/// FpPending's evaluate function for lane-wise O.
template<class Bits, unsigned bytes, class O, int operands>
std::uint32_t evaluate_vector(const FpPending& p) {
    Environment env;
    if constexpr (operands == 1) (void)soft_lanes<Bits, bytes, O>(env, p.a);
    if constexpr (operands == 2) (void)soft_lanes<Bits, bytes, O>(env, p.a, p.b);
    if constexpr (operands == 3) (void)soft_lanes<Bits, bytes, O>(env, p.a, p.b, p.c);
    return env.flags;
}

template<class Bits, unsigned bytes, class O>
[[nodiscard]] inline bool vector_unary(Cpu& cpu, const Op& op) {
    const VectorRegister& vj = cpu.vr[op.rj];
    if (host_path_open(cpu.fcsr)) [[likely]] {
        const auto a = read_lanes<Host<Bits>, bytes>(vj);
        Lanes<Host<Bits>, bytes> r;
        bool plain = true;
        for (unsigned i = 0; i < r.size(); ++i) r[i] = O::host(a[i]);
        for (unsigned i = 0; i < r.size(); ++i) plain = both(plain, O::plain(a[i], r[i]));
        if (plain) [[likely]] {
            cpu.fp_pending.a.set_lanes(a);
            cpu.fp_pending.evaluate = &evaluate_vector<Bits, bytes, O, 1>;
            cpu.vr[op.rd].set_lanes(r);
            return true;
        }
    }
    return vector_slow<Bits, bytes, O>(cpu, op.rd, vj);
}

template<class Bits, unsigned bytes, class O>
[[nodiscard]] inline bool vector_binary(Cpu& cpu, const Op& op) {
    const VectorRegister& vj = cpu.vr[op.rj];
    const VectorRegister& vk = cpu.vr[op.rk];
    if (host_path_open(cpu.fcsr)) [[likely]] {
        const auto a = read_lanes<Host<Bits>, bytes>(vj);
        const auto b = read_lanes<Host<Bits>, bytes>(vk);
        Lanes<Host<Bits>, bytes> r;
        bool plain = true;
        for (unsigned i = 0; i < r.size(); ++i) r[i] = O::host(a[i], b[i]);
        for (unsigned i = 0; i < r.size(); ++i) plain = both(plain, O::plain(a[i], b[i], r[i]));
        if (plain) [[likely]] {
            cpu.fp_pending.a.set_lanes(a);
            cpu.fp_pending.b.set_lanes(b);
            cpu.fp_pending.evaluate = &evaluate_vector<Bits, bytes, O, 2>;
            cpu.vr[op.rd].set_lanes(r);
            return true;
        }
    }
    if constexpr (requires(Host<Bits> x) { O::exact(x, x, x); }) {
        return vector_slow_exact<Bits, bytes, O>(cpu, op.rd, vj, vk);
    } else {
        return vector_slow<Bits, bytes, O>(cpu, op.rd, vj, vk);
    }
}

template<class Bits, unsigned bytes, class O>
[[nodiscard]] inline bool vector_ternary(Cpu& cpu, const Op& op) {
    const VectorRegister& vj = cpu.vr[op.rj];
    const VectorRegister& vk = cpu.vr[op.rk];
    const VectorRegister& va = cpu.vr[op.ra];
    if (host_path_open(cpu.fcsr) && O::available()) [[likely]] {
        const auto a = read_lanes<Host<Bits>, bytes>(vj);
        const auto b = read_lanes<Host<Bits>, bytes>(vk);
        const auto c = read_lanes<Host<Bits>, bytes>(va);
        const auto r = O::host(a, b, c);
        bool plain = true;
        for (unsigned i = 0; i < r.size(); ++i) {
            plain = both(plain, O::plain(a[i], b[i], c[i], r[i]));
        }
        if (plain) [[likely]] {
            cpu.fp_pending.a.set_lanes(a);
            cpu.fp_pending.b.set_lanes(b);
            cpu.fp_pending.c.set_lanes(c);
            cpu.fp_pending.evaluate = &evaluate_vector<Bits, bytes, O, 3>;
            cpu.vr[op.rd].set_lanes(r);
            return true;
        }
    }
    return vector_slow<Bits, bytes, O>(cpu, op.rd, vj, vk, va);
}

/// Operations that raise nothing where `plain`.
template<class Bits, unsigned bytes, class O>
[[nodiscard]] inline bool vector_quiet(Cpu& cpu, const Op& op) {
    const VectorRegister& vj = cpu.vr[op.rj];
    const VectorRegister& vk = cpu.vr[op.rk];
    const auto a = read_lanes<Host<Bits>, bytes>(vj);
    const auto b = read_lanes<Host<Bits>, bytes>(vk);
    bool plain = true;
    for (unsigned i = 0; i < a.size(); ++i) plain = both(plain, O::plain(a[i], b[i]));
    if (!plain) [[unlikely]]
        return vector_slow<Bits, bytes, O>(cpu, op.rd, vj, vk);
    Lanes<Host<Bits>, bytes> r;
    for (unsigned i = 0; i < r.size(); ++i) r[i] = O::host(a[i], b[i]);
    commit_exact(cpu);
    cpu.vr[op.rd].set_lanes(r);
    return true;
}

/// Without a fast path.
template<class Bits, unsigned bytes, class O>
[[nodiscard]] inline bool vector_rare_unary(Cpu& cpu, const Op& op) {
    return vector_slow<Bits, bytes, O>(cpu, op.rd, cpu.vr[op.rj]);
}

template<class Bits, unsigned bytes, bool signaling>
[[gnu::noinline]] bool vector_compare_slow(Cpu& cpu, const Op& op, Condition condition) {
    Environment env;
    Lanes<Bits, bytes> result;
    for (unsigned i = 0; i < result.size(); ++i) {
        const auto a = cpu.vr[op.rj].lane<Bits>(i);
        const auto b = cpu.vr[op.rk].lane<Bits>(i);
        result[i] = accepts(condition, compare(env, a, b, signaling)) ? static_cast<Bits>(~Bits{0})
                                                                      : Bits{0};
    }
    return finish_extended(cpu, op.rd, env.flags, result);
}

template<class Bits, unsigned bytes, Condition condition, bool signaling>
[[nodiscard]] inline bool vector_compare(Cpu& cpu, const Op& op) {
    const auto a = read_lanes<Host<Bits>, bytes>(cpu.vr[op.rj]);
    const auto b = read_lanes<Host<Bits>, bytes>(cpu.vr[op.rk]);
    bool numbers = true;
    for (unsigned i = 0; i < a.size(); ++i) numbers = both(numbers, are_numbers(a[i], b[i]));
    if (!numbers) [[unlikely]] {
        return vector_compare_slow<Bits, bytes, signaling>(cpu, op, condition);
    }
    Lanes<Bits, bytes> result;
    for (unsigned i = 0; i < result.size(); ++i) {
        result[i] = static_cast<Bits>(Bits{0} - Bits{holds<condition>(a[i], b[i])});
    }
    commit_exact(cpu);
    write_extended(cpu.vr[op.rd], result);
    return true;
}

/// Lane by lane from vj, convert(env, lane) giving a lane of type Out and the same size.
template<unsigned bytes, class Out, class In, class Convert>
[[nodiscard]] inline bool vector_map(Cpu& cpu, const Op& op, Convert convert) {
    static_assert(sizeof(Out) == sizeof(In));
    Environment env{rounding_of(cpu.fcsr), 0};
    const auto a = read_lanes<In, bytes>(cpu.vr[op.rj]);
    Lanes<Out, bytes> result;
    for (unsigned i = 0; i < result.size(); ++i) result[i] = convert(env, a[i]);
    return finish_vector(cpu, op.rd, env.flags, result);
}

/// To lanes of half the size: in each 128 bits, vk's lanes give the lower results, vj's the upper.
template<unsigned bytes, class Out, class In, class Convert>
[[nodiscard]] inline bool vector_narrow(Cpu& cpu, const Op& op, Convert convert) {
    static_assert(sizeof(Out) * 2 == sizeof(In));
    constexpr unsigned per_half = 16 / sizeof(In);
    Environment env{rounding_of(cpu.fcsr), 0};
    const auto upper = read_lanes<In, bytes>(cpu.vr[op.rj]);
    const auto lower = read_lanes<In, bytes>(cpu.vr[op.rk]);
    Lanes<Out, bytes> result;
    for (unsigned i = 0; i < upper.size(); ++i) {
        const unsigned to = i / per_half * 2 * per_half + i % per_half;
        result[to] = convert(env, lower[i]);
        result[to + per_half] = convert(env, upper[i]);
    }
    return finish_extended(cpu, op.rd, env.flags, result);
}

enum class Part : std::uint8_t { low, high };

/// To lanes of twice the size, from the lower or upper half of each 128 bits of vj.
template<unsigned bytes, Part part, class Out, class In, class Convert>
[[nodiscard]] inline bool vector_widen(Cpu& cpu, const Op& op, Convert convert) {
    static_assert(sizeof(Out) == sizeof(In) * 2);
    constexpr unsigned per_half = 16 / sizeof(Out);
    Environment env{rounding_of(cpu.fcsr), 0};
    const auto a = read_lanes<In, bytes>(cpu.vr[op.rj]);
    Lanes<Out, bytes> result;
    for (unsigned i = 0; i < result.size(); ++i) {
        const unsigned from = i / per_half * 2 * per_half + i % per_half;
        result[i] = convert(env, a[from + (part == Part::high ? per_half : 0)]);
    }
    return finish_extended(cpu, op.rd, env.flags, result);
}

}  // namespace lkvm::la::fp

/// Defines the LSX and the LASX form of an instruction by an expression in cpu, op and bytes.
#define LKVM_VECTOR_FP(name, ...)                  \
    inline bool v##name(Cpu& cpu, const Op& op) {  \
        constexpr unsigned bytes = 16;             \
        return __VA_ARGS__;                        \
    }                                              \
    inline bool xv##name(Cpu& cpu, const Op& op) { \
        constexpr unsigned bytes = 32;             \
        return __VA_ARGS__;                        \
    }
