// SPDX-License-Identifier: GPL-2.0-or-later
// Bound-checked accesses, assertions, FP loads and stores, FP branches.
// LA Vol.1 §2.2.6, §2.2.10.3, §3.2.5 to §3.2.7.
#pragma once

#include <cstdint>
#include <type_traits>

#include "loongarch/soft/interp.hpp"
#include "loongarch/soft/op.hpp"

namespace lkvm::la::sem {

namespace detail {

/// True if the access may go on: rj > rk for the gt forms, rj <= rk for the le forms. Unsigned, as
/// in QEMU and Loongson's valgrind; the manual says signed for asrtle.d and asrtgt.d, and nothing
/// for the others.
template<bool greater>
bool in_bound(Cpu& cpu, const Op& op, unsigned size) {
    const std::uint64_t j = cpu.gpr[op.rj];
    const std::uint64_t k = cpu.gpr[op.rk];
    if ((j & (size - 1)) != 0) return cpu.raise(Exception::ALE, j);
    if (greater ? j > k : j <= k) return true;
    // Address errors come before the bound, TLB exceptions after it, LA Vol.1 §6.3.2.
    const Translation where = cpu.translate(j, Access::load);
    const bool bad = !where.ok && where.exception == Exception::ADEM;
    return cpu.raise(bad ? Exception::ADEM : Exception::BCE, j);
}

template<class T, bool greater>
bool bound_load(Cpu& cpu, const Op& op) {
    if (!in_bound<greater>(cpu, op, sizeof(T))) return false;
    Interp machine{cpu, &op};
    return machine.load<T>(op.rd, cpu.gpr[op.rj]);
}
template<class T, bool greater>
bool bound_store(Cpu& cpu, const Op& op) {
    if (!in_bound<greater>(cpu, op, sizeof(T))) return false;
    return cpu.store(cpu.gpr[op.rj], static_cast<T>(cpu.gpr[op.rd]));
}

/// A load writes bits 63:0 of the register: a single is extended with ones, as results are.
template<class T>
bool fp_load(Cpu& cpu, const Op& op, std::uint64_t address) {
    T value;
    if (!cpu.load(address, value)) return false;
    const std::uint64_t above = sizeof(T) == 4 ? UINT64_MAX << 32 : 0;
    cpu.vr[op.rd].d[0] = above | value;
    return true;
}
template<class T>
bool fp_store(Cpu& cpu, const Op& op, std::uint64_t address) {
    return cpu.store(address, cpu.vr[op.rd].lane<T>(0));
}

}  // namespace detail

#define LKVM_BOUND(suffix, type)                                                \
    inline bool ldgt_##suffix(Cpu& cpu, const Op& op) {                         \
        return detail::bound_load<type, true>(cpu, op);                         \
    }                                                                           \
    inline bool ldle_##suffix(Cpu& cpu, const Op& op) {                         \
        return detail::bound_load<type, false>(cpu, op);                        \
    }                                                                           \
    inline bool stgt_##suffix(Cpu& cpu, const Op& op) {                         \
        return detail::bound_store<std::make_unsigned_t<type>, true>(cpu, op);  \
    }                                                                           \
    inline bool stle_##suffix(Cpu& cpu, const Op& op) {                         \
        return detail::bound_store<std::make_unsigned_t<type>, false>(cpu, op); \
    }
LKVM_BOUND(b, std::int8_t)
LKVM_BOUND(h, std::int16_t)
LKVM_BOUND(w, std::int32_t)
LKVM_BOUND(d, std::int64_t)
#undef LKVM_BOUND

inline bool asrtle_d(Cpu& cpu, const Op& op) {
    return cpu.gpr[op.rj] <= cpu.gpr[op.rk] || cpu.raise(Exception::BCE, cpu.gpr[op.rj]);
}
inline bool asrtgt_d(Cpu& cpu, const Op& op) {
    return cpu.gpr[op.rj] > cpu.gpr[op.rk] || cpu.raise(Exception::BCE, cpu.gpr[op.rj]);
}

#define LKVM_FP_MEMORY(suffix, type)                                                     \
    inline bool fld_##suffix(Cpu& cpu, const Op& op) {                                   \
        return detail::fp_load<type>(                                                    \
            cpu, op, cpu.gpr[op.rj] + static_cast<std::uint64_t>(std::int64_t{op.imm})); \
    }                                                                                    \
    inline bool fst_##suffix(Cpu& cpu, const Op& op) {                                   \
        return detail::fp_store<type>(                                                   \
            cpu, op, cpu.gpr[op.rj] + static_cast<std::uint64_t>(std::int64_t{op.imm})); \
    }                                                                                    \
    inline bool fldx_##suffix(Cpu& cpu, const Op& op) {                                  \
        return detail::fp_load<type>(cpu, op, cpu.gpr[op.rj] + cpu.gpr[op.rk]);          \
    }                                                                                    \
    inline bool fstx_##suffix(Cpu& cpu, const Op& op) {                                  \
        return detail::fp_store<type>(cpu, op, cpu.gpr[op.rj] + cpu.gpr[op.rk]);         \
    }                                                                                    \
    inline bool fldgt_##suffix(Cpu& cpu, const Op& op) {                                 \
        return detail::in_bound<true>(cpu, op, sizeof(type)) &&                          \
               detail::fp_load<type>(cpu, op, cpu.gpr[op.rj]);                           \
    }                                                                                    \
    inline bool fldle_##suffix(Cpu& cpu, const Op& op) {                                 \
        return detail::in_bound<false>(cpu, op, sizeof(type)) &&                         \
               detail::fp_load<type>(cpu, op, cpu.gpr[op.rj]);                           \
    }                                                                                    \
    inline bool fstgt_##suffix(Cpu& cpu, const Op& op) {                                 \
        return detail::in_bound<true>(cpu, op, sizeof(type)) &&                          \
               detail::fp_store<type>(cpu, op, cpu.gpr[op.rj]);                          \
    }                                                                                    \
    inline bool fstle_##suffix(Cpu& cpu, const Op& op) {                                 \
        return detail::in_bound<false>(cpu, op, sizeof(type)) &&                         \
               detail::fp_store<type>(cpu, op, cpu.gpr[op.rj]);                          \
    }
LKVM_FP_MEMORY(s, std::uint32_t)
LKVM_FP_MEMORY(d, std::uint64_t)
#undef LKVM_FP_MEMORY

inline Taken bceqz(Cpu& cpu, const Op& op) {
    return Taken{cpu.fcc[op.rj] == 0};
}
inline Taken bcnez(Cpu& cpu, const Op& op) {
    return Taken{cpu.fcc[op.rj] != 0};
}

}  // namespace lkvm::la::sem
