// SPDX-License-Identifier: GPL-2.0-or-later
// How a scalar floating-point instruction runs: on the host where that is exact, else in integers.
#pragma once

#include <bit>
#include <cstdint>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/fp_ops.hpp"
#include "loongarch/soft/fp_soft.hpp"
#include "loongarch/soft/fp_state.hpp"

namespace lkvm::la::fp {

template<class Bits>
[[nodiscard]] inline Bits read_fr(const Cpu& cpu, unsigned reg) {
    return static_cast<Bits>(cpu.vr[reg].d[0]);
}

/// Bits 63:32 of a single-precision result are ones. The manual leaves them open; so does the
/// reference emulator fill them.
inline void write_fr(Cpu& cpu, unsigned reg, std::uint32_t value) {
    cpu.vr[reg].d[0] = 0xffff'ffff'0000'0000 | value;
}
inline void write_fr(Cpu& cpu, unsigned reg, std::uint64_t value) {
    cpu.vr[reg].d[0] = value;
}

[[nodiscard]] inline Environment environment(const Cpu& cpu) {
    return {rounding_of(cpu.fcsr), 0};
}

/// Ends a scalar instruction: FCSR, then the register unless an exception is raised.
template<class Bits>
[[nodiscard]] inline bool finish(Cpu& cpu, unsigned reg, const Environment& env, Bits result) {
    if (!commit(cpu, env.flags, Exception::FPE)) return false;
    write_fr(cpu, reg, result);
    return true;
}

/// The general path.
template<class Bits, class O, class... Operands>
[[gnu::noinline]] bool scalar_slow(Cpu& cpu, unsigned reg, Operands... operands) {
    Environment env = environment(cpu);
    const Bits result = O::template soft<Bits>(env, operands...);
    return finish(cpu, reg, env, result);
}

/// The same for operations that know exact results: a program that has seen nothing inexact yet
/// gets here with every one of them.
template<class Bits, class O>
[[gnu::noinline]] bool scalar_slow_exact(Cpu& cpu, unsigned reg, Bits a, Bits b) {
    if ((cpu.fcsr & (fcsr::rounding_mask | fcsr::enables_mask)) == 0) {
        const Host<Bits> x = to_host(a);
        const Host<Bits> y = to_host(b);
        const Host<Bits> r = O::host(x, y);
        if (O::plain(x, y, r) && O::exact(x, y, r)) {
            commit_exact(cpu);
            write_fr(cpu, reg, std::bit_cast<Bits>(r));
            return true;
        }
    }
    return scalar_slow<Bits, O>(cpu, reg, a, b);
}

/// FpPending's evaluate function for scalar operation O.
template<class Bits, class O, int operands>
std::uint32_t evaluate_scalar(const FpPending& pending) {
    Environment env;
    const auto a = static_cast<Bits>(pending.a.d[0]);
    const auto b = static_cast<Bits>(pending.b.d[0]);
    const auto c = static_cast<Bits>(pending.c.d[0]);
    if constexpr (operands == 1) (void)O::template soft<Bits>(env, a);
    if constexpr (operands == 2) (void)O::template soft<Bits>(env, a, b);
    if constexpr (operands == 3) (void)O::template soft<Bits>(env, a, b, c);
    return env.flags;
}

template<class Bits, class O>
[[nodiscard]] inline bool scalar_unary(Cpu& cpu, const Op& op) {
    const auto a = read_fr<Bits>(cpu, op.rj);
    if (host_path_open(cpu.fcsr)) [[likely]] {
        const Host<Bits> r = O::host(to_host(a));
        const auto result = std::bit_cast<Bits>(r);
        if (O::quick(result) || O::plain(to_host(a), r)) [[likely]] {
            cpu.fp_pending.a.d[0] = a;
            cpu.fp_pending.evaluate = &evaluate_scalar<Bits, O, 1>;
            write_fr(cpu, op.rd, result);
            return true;
        }
    }
    return scalar_slow<Bits, O>(cpu, op.rd, a);
}

template<class Bits, class O>
[[nodiscard]] inline bool scalar_binary(Cpu& cpu, const Op& op) {
    const auto a = read_fr<Bits>(cpu, op.rj);
    const auto b = read_fr<Bits>(cpu, op.rk);
    if (host_path_open(cpu.fcsr)) [[likely]] {
        const Host<Bits> r = O::host(to_host(a), to_host(b));
        const auto result = std::bit_cast<Bits>(r);
        if (O::quick(result) || O::plain(to_host(a), to_host(b), r)) [[likely]] {
            cpu.fp_pending.a.d[0] = a;
            cpu.fp_pending.b.d[0] = b;
            cpu.fp_pending.evaluate = &evaluate_scalar<Bits, O, 2>;
            write_fr(cpu, op.rd, result);
            return true;
        }
    }
    if constexpr (requires(Host<Bits> x) { O::exact(x, x, x); }) {
        return scalar_slow_exact<Bits, O>(cpu, op.rd, a, b);
    } else {
        return scalar_slow<Bits, O>(cpu, op.rd, a, b);
    }
}

template<class Bits, class O>
[[nodiscard]] inline bool scalar_ternary(Cpu& cpu, const Op& op) {
    const auto a = read_fr<Bits>(cpu, op.rj);
    const auto b = read_fr<Bits>(cpu, op.rk);
    const auto c = read_fr<Bits>(cpu, op.ra);
    if (host_path_open(cpu.fcsr) && O::available()) [[likely]] {
        const Host<Bits> r = O::host(to_host(a), to_host(b), to_host(c));
        const auto result = std::bit_cast<Bits>(r);
        if (O::quick(result) || O::plain(to_host(a), to_host(b), to_host(c), r)) [[likely]] {
            cpu.fp_pending.a.d[0] = a;
            cpu.fp_pending.b.d[0] = b;
            cpu.fp_pending.c.d[0] = c;
            cpu.fp_pending.evaluate = &evaluate_scalar<Bits, O, 3>;
            write_fr(cpu, op.rd, result);
            return true;
        }
    }
    return scalar_slow<Bits, O>(cpu, op.rd, a, b, c);
}

/// Operations that raise nothing where `plain`.
template<class Bits, class O>
[[nodiscard]] inline bool scalar_quiet(Cpu& cpu, const Op& op) {
    const auto a = read_fr<Bits>(cpu, op.rj);
    const auto b = read_fr<Bits>(cpu, op.rk);
    if (O::plain(to_host(a), to_host(b))) [[likely]] {
        commit_exact(cpu);
        write_fr(cpu, op.rd, std::bit_cast<Bits>(O::host(to_host(a), to_host(b))));
        return true;
    }
    return scalar_slow<Bits, O>(cpu, op.rd, a, b);
}

/// Without a fast path.
template<class Bits, class O>
[[nodiscard]] inline bool scalar_rare_unary(Cpu& cpu, const Op& op) {
    return scalar_slow<Bits, O>(cpu, op.rd, read_fr<Bits>(cpu, op.rj));
}
template<class Bits, class O>
[[nodiscard]] inline bool scalar_rare_binary(Cpu& cpu, const Op& op) {
    return scalar_slow<Bits, O>(cpu, op.rd, read_fr<Bits>(cpu, op.rj), read_fr<Bits>(cpu, op.rk));
}

}  // namespace lkvm::la::fp
