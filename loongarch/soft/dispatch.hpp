// SPDX-License-Identifier: GPL-2.0-or-later
// From instruction semantics to interpreter handlers: each handler does its instruction and tail-
// calls the next one, within a block and from block to block.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/interp.hpp"

namespace lkvm::la {

/// Outcome of semantics that are not there yet; see fallback.hpp.
struct NotThere {};
struct Unimplemented {
    NotThere operator()(const auto&, const Op&) const { return {}; }
};

inline BlockLinks& links_behind(const Op* last) {
    // The block's memory is writable; handlers see its operations as const, its links change.
    return *const_cast<BlockLinks*>(reinterpret_cast<const BlockLinks*>(last + 1));
}

/// Continues with `next`, in the page that is running.
[[gnu::always_inline]] inline const Op* enter(Cpu& cpu, Block* next) {
    cpu.block = next;
    cpu.instructions += next->count;
    return next->ops();
}
/// Continues with `next`, whose first instruction is at `pc`.
[[gnu::always_inline]] inline const Op* enter(Cpu& cpu, Block* next, std::uint64_t pc) {
    cpu.page_pc = pc & host_page_mask;
    return enter(cpu, next);
}

/// Goes to the block `link`, unless it is null or there is something else to do. The running
/// block's last instruction is done. The rest of the arguments: see enter().
#define LKVM_GO(cpu, link, ...)                                                                \
    do {                                                                                       \
        Block* next_ = (link);                                                                 \
        if (next_ != nullptr && !(cpu).attention.load(std::memory_order_relaxed)) [[likely]] { \
            const Op* const first_ = enter((cpu), next_ __VA_OPT__(, ) __VA_ARGS__);           \
            [[clang::musttail]] return first_->run((cpu), first_);                             \
        }                                                                                      \
    } while (false)

/// Goes to the instruction `offset` bytes behind `op`, the running block's last, by way of `link`,
/// which is filled only if that is in the same page: one that is filled needs no address.
#define LKVM_FOLLOW(cpu, op, offset, link)                                                        \
    do {                                                                                          \
        LKVM_GO((cpu), (link));                                                                   \
        const std::uint64_t here_ = (cpu).pc_of(op);                                              \
        const std::uint64_t target_ = here_ + static_cast<std::uint64_t>(std::int64_t{(offset)}); \
        if (same_page(here_, target_)) [[likely]] {                                               \
            return leave_to((cpu), target_, &(link));                                             \
        }                                                                                         \
        LKVM_GO((cpu), (cpu).cached_block(target_), target_);                                     \
        return leave_to((cpu), target_, nullptr);                                                 \
    } while (false)

[[gnu::always_inline]] inline bool same_page(std::uint64_t a, std::uint64_t b) {
    return ((a ^ b) & host_page_mask) == 0;
}

/// Back to the run loop, to continue at `target` and to remember the block there in `*link`.
inline void leave_to(Cpu& cpu, std::uint64_t target, Block** link) {
    cpu.pc = target;
    cpu.leave = Leave::jump;
    cpu.request_link(link, target);
}

template<auto semantics>
[[gnu::always_inline]] inline auto call(Cpu& cpu, const Op& op) {
    Interp machine{cpu, &op};
    return semantics(machine, op);
}

template<auto semantics>
LKVM_HANDLER void handler(Cpu& cpu, const Op* op) {
    using Outcome = decltype(call<semantics>(cpu, *op));
    if constexpr (std::is_same_v<Outcome, Taken>) {
        BlockLinks& links = links_behind(op);
        if (call<semantics>(cpu, *op).taken) {
            LKVM_FOLLOW(cpu, op, op->imm, links.taken);
        }
        LKVM_FOLLOW(cpu, op, 4, links.fall_through);
    } else if constexpr (std::is_same_v<Outcome, JumpTarget>) {
        const std::uint64_t target = call<semantics>(cpu, *op).address;
        LKVM_GO(cpu, cpu.cached_block(target), target);
        return leave_to(cpu, target, nullptr);
    } else {
        if constexpr (std::is_same_v<Outcome, bool>) {
            if (!call<semantics>(cpu, *op)) [[unlikely]] {
                cpu.leave_op = op;
                return;
            }
        } else {
            static_assert(std::is_void_v<Outcome>);
            call<semantics>(cpu, *op);
        }
        [[clang::musttail]] return op[1].run(cpu, op + 1);
    }
}

/// What the table says for an instruction; null if its semantics are not there yet.
template<auto semantics>
constexpr Handler handler_for() {
    using Outcome = decltype(call<semantics>(std::declval<Cpu&>(), std::declval<const Op&>()));
    if constexpr (std::is_same_v<Outcome, NotThere>) {
        return nullptr;
    } else {
        return &handler<semantics>;
    }
}

/// A line of a handler table: sem::name works on the machine (a template) or on the Cpu.
#define LKVM_HANDLER_FOR(name)                                \
    ::lkvm::la::handler_for<[](auto& machine, const Op& op) { \
        if constexpr (requires { sem::name(machine, op); }) { \
            return sem::name(machine, op);                    \
        } else {                                              \
            return sem::name(machine.cpu, op);                \
        }                                                     \
    }>()

}  // namespace lkvm::la
