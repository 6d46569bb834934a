// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/pairs.hpp"

#include <array>
#include <cstdint>
#include <type_traits>

#include "loongarch/soft/dispatch.hpp"
#include "loongarch/soft/sem_base.hpp"
#include "loongarch/soft/sem_bitops.hpp"

namespace lkvm::la {
namespace {

// What kernels and compiled programs execute most, measured with Linux booting, starting processes
// and serving a disk.
#define LKVM_FIRSTS(X) \
    X(addi_d)          \
    X(addi_w)          \
    X(add_w)           \
    X(sub_d)           \
    X(ori)             \
    X(slli_w)          \
    X(maskeqz)         \
    X(masknez)         \
    X(alsl_d)          \
    X(bstrins_d)       \
    X(ldx_d)           \
    X(stptr_d)         \
    X(and_)            \
    X(rotri_w)         \
    X(add_d)           \
    X(or_)             \
    X(andi)            \
    X(xor_)            \
    X(sltu)            \
    X(slli_d)          \
    X(srli_d)          \
    X(bstrpick_w)      \
    X(bstrpick_d)      \
    X(lu12i_w)         \
    X(pcalau12i)       \
    X(ld_bu)           \
    X(ld_d)            \
    X(ldptr_w)         \
    X(ldptr_d)         \
    X(st_b)            \
    X(st_w)            \
    X(st_d)
#define LKVM_BRANCHES(X) \
    X(beqz)              \
    X(bnez)              \
    X(beq)               \
    X(bne)               \
    X(blt)               \
    X(bge)               \
    X(bltu)              \
    X(bgeu)              \
    X(b)                 \
    X(bl)                \
    X(jirl)

#define LKVM_SEMANTICS(name) \
    constexpr auto name##_semantics = [](Interp& m, const Op& op) { return sem::name(m, op); };
LKVM_FIRSTS(LKVM_SEMANTICS)
LKVM_BRANCHES(LKVM_SEMANTICS)

template<auto first, auto second>
LKVM_HANDLER void pair(Cpu& cpu, const Op* op) {
    using Outcome = decltype(call<first>(cpu, *op));
    if constexpr (std::is_same_v<Outcome, bool>) {
        if (!call<first>(cpu, *op)) [[unlikely]] {
            cpu.leave_op = op;
            return;
        }
    } else {
        static_assert(std::is_void_v<Outcome>);
        call<first>(cpu, *op);
    }
    [[clang::musttail]] return handler<second>(cpu, op + 1);
}

#define LKVM_PAIR(name) &pair<first, name##_semantics>,
template<auto first>
constexpr std::array row{LKVM_FIRSTS(LKVM_PAIR) LKVM_BRANCHES(LKVM_PAIR)};

#define LKVM_ROW(name) row<name##_semantics>.data(),
constexpr std::array rows{LKVM_FIRSTS(LKVM_ROW)};

#define LKVM_INSN(name) Insn::name,
constexpr std::array columns{LKVM_FIRSTS(LKVM_INSN) LKVM_BRANCHES(LKVM_INSN)};
constexpr std::uint8_t none = UINT8_MAX;

/// Place of each instruction in `columns`, and in `rows`, which begin alike.
constexpr auto places = [] {
    std::array<std::uint8_t, insn_count> result{};
    result.fill(none);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        result[static_cast<std::size_t>(columns[i])] = static_cast<std::uint8_t>(i);
    }
    return result;
}();

std::uint8_t place_of(Insn insn) {
    return insn == Insn::count ? none : places[static_cast<std::size_t>(insn)];
}

}  // namespace

Handler pair_handler(Insn first, Insn second) {
    const std::uint8_t row_number = place_of(first);
    const std::uint8_t column = place_of(second);
    if (row_number >= rows.size() || column == none) return nullptr;
    return rows[row_number][column];
}

}  // namespace lkvm::la
