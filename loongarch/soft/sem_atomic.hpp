// SPDX-License-Identifier: GPL-2.0-or-later
// Atomic memory operations, load-linked and store-conditional, barriers. LA Vol.1 §2.2.7, §2.2.8.
// All are sequentially consistent. sc is a compare-and-swap against what ll saw: a location that
// changed and changed back in between is not noticed.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/op.hpp"

namespace lkvm::la::sem {

namespace detail {

template<class T>
std::uint64_t extend(T value) {
    return static_cast<std::uint64_t>(
        static_cast<std::int64_t>(static_cast<std::make_signed_t<T>>(value)));
}

/// rd = old value at rj; value at rj = change(old, rk). T says how max and min compare.
template<class T, class Change>
bool atomic_change(Cpu& cpu, const Op& op, Change&& change) {
    std::byte* const host = cpu.atomic_pointer(cpu.gpr[op.rj], sizeof(T));
    if (host == nullptr) return false;
    auto* const place = reinterpret_cast<T*>(host);
    const T operand = static_cast<T>(cpu.gpr[op.rk]);
    T old = __atomic_load_n(place, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(place, &old, change(old, operand), true, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED)) {
    }
    cpu.gpr[op.rd] = extend(old);
    return cpu.stay_in_block();
}

template<class T>
bool swap(Cpu& cpu, const Op& op) {
    return atomic_change<T>(cpu, op, [](T, T operand) { return operand; });
}
template<class T>
bool add(Cpu& cpu, const Op& op) {
    return atomic_change<T>(cpu, op,
                            [](T old, T operand) { return static_cast<T>(old + operand); });
}
template<class T>
bool bit_and(Cpu& cpu, const Op& op) {
    return atomic_change<T>(cpu, op, [](T old, T operand) { return old & operand; });
}
template<class T>
bool bit_or(Cpu& cpu, const Op& op) {
    return atomic_change<T>(cpu, op, [](T old, T operand) { return old | operand; });
}
template<class T>
bool bit_xor(Cpu& cpu, const Op& op) {
    return atomic_change<T>(cpu, op, [](T old, T operand) { return old ^ operand; });
}
template<class T>
bool max(Cpu& cpu, const Op& op) {
    return atomic_change<T>(cpu, op,
                            [](T old, T operand) { return old > operand ? old : operand; });
}
template<class T>
bool min(Cpu& cpu, const Op& op) {
    return atomic_change<T>(cpu, op,
                            [](T old, T operand) { return old < operand ? old : operand; });
}

template<class T>
bool compare_and_swap(Cpu& cpu, const Op& op) {
    std::byte* const host = cpu.atomic_pointer(cpu.gpr[op.rj], sizeof(T));
    if (host == nullptr) return false;
    T expected = op.rd == gpr_sink ? T{0} : static_cast<T>(cpu.gpr[op.rd]);
    __atomic_compare_exchange_n(reinterpret_cast<T*>(host), &expected,
                                static_cast<T>(cpu.gpr[op.rk]), false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    cpu.gpr[op.rd] = extend(expected);
    return cpu.stay_in_block();
}

template<class T>
bool load_linked(Cpu& cpu, const Op& op, std::int64_t offset) {
    const std::uint64_t address = cpu.gpr[op.rj] + static_cast<std::uint64_t>(offset);
    const std::byte* const host = cpu.read_pointer(address, sizeof(T));
    if (host == nullptr) return false;
    if constexpr (sizeof(T) == 8) {
        // The other half of the 16 bytes, in case an sc.q follows; read first, as the guest reads
        // it after this half.
        const auto other = reinterpret_cast<std::uint64_t>(host) ^ 8;
        cpu.ll.other_half =
            __atomic_load_n(reinterpret_cast<const std::uint64_t*>(other), __ATOMIC_SEQ_CST);
    }
    const T value = __atomic_load_n(reinterpret_cast<const T*>(host), __ATOMIC_SEQ_CST);
    cpu.ll.valid = true;
    cpu.ll.address = address;
    cpu.ll.value = value;
    cpu.gpr[op.rd] = extend(value);
    return true;
}

template<class T>
bool store_conditional(Cpu& cpu, const Op& op, std::int64_t offset) {
    const std::uint64_t address = cpu.gpr[op.rj] + static_cast<std::uint64_t>(offset);
    std::byte* const host = cpu.atomic_pointer(address, sizeof(T));
    if (host == nullptr) return false;
    bool done = false;
    if (cpu.ll.valid && cpu.ll.address == address) {
        T expected = static_cast<T>(cpu.ll.value);
        const std::uint64_t value = op.rd == gpr_sink ? 0 : cpu.gpr[op.rd];
        done = __atomic_compare_exchange_n(reinterpret_cast<T*>(host), &expected,
                                           static_cast<T>(value), false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_RELAXED);
    }
    cpu.ll.valid = false;
    cpu.gpr[op.rd] = done ? 1 : 0;
    return cpu.stay_in_block();
}

/// Compare-and-swap of 16 aligned bytes on the host.
bool compare_and_swap_16(std::byte* place, std::uint64_t expected_low, std::uint64_t expected_high,
                         std::uint64_t low, std::uint64_t high);

}  // namespace detail

#define LKVM_ATOMIC(name, function)            \
    inline bool name(Cpu& cpu, const Op& op) { \
        return detail::function(cpu, op);      \
    }
#define LKVM_ATOMIC_WD(name, function)                \
    LKVM_ATOMIC(name##_w, function<std::uint32_t>)    \
    LKVM_ATOMIC(name##_d, function<std::uint64_t>)    \
    LKVM_ATOMIC(name##_db_w, function<std::uint32_t>) \
    LKVM_ATOMIC(name##_db_d, function<std::uint64_t>)
#define LKVM_ATOMIC_BH(name, function)               \
    LKVM_ATOMIC(name##_b, function<std::uint8_t>)    \
    LKVM_ATOMIC(name##_h, function<std::uint16_t>)   \
    LKVM_ATOMIC(name##_db_b, function<std::uint8_t>) \
    LKVM_ATOMIC(name##_db_h, function<std::uint16_t>)
#define LKVM_ATOMIC_MINMAX(name, function)             \
    LKVM_ATOMIC(name##_w, function<std::int32_t>)      \
    LKVM_ATOMIC(name##_d, function<std::int64_t>)      \
    LKVM_ATOMIC(name##_wu, function<std::uint32_t>)    \
    LKVM_ATOMIC(name##_du, function<std::uint64_t>)    \
    LKVM_ATOMIC(name##_db_w, function<std::int32_t>)   \
    LKVM_ATOMIC(name##_db_d, function<std::int64_t>)   \
    LKVM_ATOMIC(name##_db_wu, function<std::uint32_t>) \
    LKVM_ATOMIC(name##_db_du, function<std::uint64_t>)
LKVM_ATOMIC_WD(amswap, swap)
LKVM_ATOMIC_WD(amadd, add)
LKVM_ATOMIC_WD(amand, bit_and)
LKVM_ATOMIC_WD(amor, bit_or)
LKVM_ATOMIC_WD(amxor, bit_xor)
LKVM_ATOMIC_MINMAX(ammax, max)
LKVM_ATOMIC_MINMAX(ammin, min)
LKVM_ATOMIC_BH(amswap, swap)
LKVM_ATOMIC_BH(amadd, add)
LKVM_ATOMIC_WD(amcas, compare_and_swap)
LKVM_ATOMIC_BH(amcas, compare_and_swap)
#undef LKVM_ATOMIC_MINMAX
#undef LKVM_ATOMIC_BH
#undef LKVM_ATOMIC_WD
#undef LKVM_ATOMIC

inline bool ll_w(Cpu& cpu, const Op& op) {
    return detail::load_linked<std::uint32_t>(cpu, op, op.imm);
}
inline bool ll_d(Cpu& cpu, const Op& op) {
    return detail::load_linked<std::uint64_t>(cpu, op, op.imm);
}
inline bool llacq_w(Cpu& cpu, const Op& op) {
    return detail::load_linked<std::uint32_t>(cpu, op, 0);
}
inline bool llacq_d(Cpu& cpu, const Op& op) {
    return detail::load_linked<std::uint64_t>(cpu, op, 0);
}
inline bool sc_w(Cpu& cpu, const Op& op) {
    return detail::store_conditional<std::uint32_t>(cpu, op, op.imm);
}
inline bool sc_d(Cpu& cpu, const Op& op) {
    return detail::store_conditional<std::uint64_t>(cpu, op, op.imm);
}
inline bool screl_w(Cpu& cpu, const Op& op) {
    return detail::store_conditional<std::uint32_t>(cpu, op, 0);
}
inline bool screl_d(Cpu& cpu, const Op& op) {
    return detail::store_conditional<std::uint64_t>(cpu, op, 0);
}

/// Stores {rk, rd} to the 16 bytes at rj if they are still what the ll.d of either half saw.
inline bool sc_q(Cpu& cpu, const Op& op) {
    const std::uint64_t address = cpu.gpr[op.rj];
    std::byte* const host = cpu.atomic_pointer(address, 16);
    if (host == nullptr) return false;
    bool done = false;
    if (cpu.ll.valid && (cpu.ll.address & ~std::uint64_t{15}) == address) {
        const bool low_was_linked = (cpu.ll.address & 8) == 0;
        const std::uint64_t low = low_was_linked ? cpu.ll.value : cpu.ll.other_half;
        const std::uint64_t high = low_was_linked ? cpu.ll.other_half : cpu.ll.value;
        const std::uint64_t value = op.rd == gpr_sink ? 0 : cpu.gpr[op.rd];
        done = detail::compare_and_swap_16(host, low, high, value, cpu.gpr[op.rk]);
    }
    cpu.ll.valid = false;
    cpu.gpr[op.rd] = done ? 1 : 0;
    return cpu.stay_in_block();
}

inline void dbar(Cpu&, const Op&) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
}
/// Fetches are coherent with all stores, whoever made them.
inline void ibar(Cpu&, const Op&) {}

}  // namespace lkvm::la::sem
