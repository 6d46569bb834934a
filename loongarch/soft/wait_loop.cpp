// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/wait_loop.hpp"

#include <cstdint>

#include "loongarch/soft/dispatch.hpp"
#include "loongarch/soft/sem_base.hpp"

namespace lkvm::la {
namespace {

/// A wait is a load and a few instructions that look at what it found.
constexpr std::size_t longest = 6;

constexpr std::uint32_t bit(unsigned reg) {
    return std::uint32_t{1} << reg;
}

/// Registers read and written by an instruction that such a loop may hold.
struct Use {
    bool allowed = false;
    bool loads = false;
    std::uint32_t reads = 0;
    std::uint32_t writes = 0;
};

Use use_of(const Decoded& it) {
    switch (it.insn) {
        case Insn::ld_b:
        case Insn::ld_bu:
        case Insn::ld_h:
        case Insn::ld_hu:
        case Insn::ld_w:
        case Insn::ld_wu:
        case Insn::ld_d:
        case Insn::ldptr_w:
        case Insn::ldptr_d:
            return {true, true, bit(it.rj), bit(it.rd)};
        case Insn::addi_w:
        case Insn::andi:
        case Insn::slli_w:
        case Insn::bstrpick_w:
        case Insn::bstrpick_d:
            return {true, false, bit(it.rj), bit(it.rd)};
        case Insn::and_:
        case Insn::or_:
        case Insn::xor_:
            return {true, false, bit(it.rj) | bit(it.rk), bit(it.rd)};
        case Insn::dbar:
            return {true, false, 0, 0};
        case Insn::beqz:
        case Insn::bnez:
            return {true, false, bit(it.rj), 0};
        case Insn::beq:
        case Insn::bne:
            return {true, false, bit(it.rj) | bit(it.rd), 0};
        default:
            return {};
    }
}

#define LKVM_WAITING(name)                            \
    handler_for<[](Interp& machine, const Op& op) {   \
        const Taken result = sem::name(machine, op);  \
        if (result.taken) machine.cpu.note_waiting(); \
        return result;                                \
    }>()

}  // namespace

bool is_wait_loop(std::span<const Decoded> block) {
    if (block.size() < 2 || block.size() > longest) return false;
    const Decoded& branch = block.back();
    if (waiting_handler(branch.insn) == nullptr) return false;
    if (branch.imm != -4 * static_cast<std::int32_t>(block.size() - 1)) return false;
    std::uint32_t written = bit(0);  // reads as zero each time
    std::uint32_t carried = 0;       // read before it is written, if it is
    bool loads = false;
    for (const Decoded& it : block) {
        const Use use = use_of(it);
        if (!use.allowed) return false;
        loads = loads || use.loads;
        carried |= use.reads & ~written;
        written |= use.writes;
    }
    return loads && (carried & written) == 0;
}

Handler waiting_handler(Insn branch) {
    switch (branch) {
        case Insn::beqz:
            return LKVM_WAITING(beqz);
        case Insn::bnez:
            return LKVM_WAITING(bnez);
        case Insn::beq:
            return LKVM_WAITING(beq);
        case Insn::bne:
            return LKVM_WAITING(bne);
        default:
            return nullptr;
    }
}

}  // namespace lkvm::la
