// SPDX-License-Identifier: GPL-2.0-or-later
// From instruction words to blocks of operations.
#include <array>
#include <cstring>
#include <optional>

#include "loongarch/isa/instruction.hpp"
#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/dispatch.hpp"
#include "loongarch/soft/handlers.hpp"
#include "loongarch/soft/pairs.hpp"
#include "loongarch/soft/wait_loop.hpp"

namespace lkvm::la {
namespace {

/// Raises the exception in imm: what decoding found out about an instruction.
bool raise_decoded(Interp& machine, const Op& op) {
    return machine.cpu.raise(static_cast<Exception>(op.imm));
}

void note_marker(Interp& machine, const Op& op) {
    machine.cpu.note_marker(op);
}

/// andi $zero, $zero, N with N above 0: does nothing, and no compiler emits it.
bool is_marker(const Decoded& decoded) {
    return decoded.insn == Insn::andi && decoded.rd == 0 && decoded.rj == 0 && decoded.imm != 0;
}

/// Ends a block whose last instruction goes on to the next one. Not an instruction itself.
LKVM_HANDLER void end_of_block(Cpu& cpu, const Op* op) {
    // The mark stands where the next instruction would: the one before it is in this page.
    LKVM_FOLLOW(cpu, op - 1, 4, links_behind(op).fall_through);
}

bool ends_block(Insn insn) {
    switch (insn) {
        case Insn::ertn:
        case Insn::idle:
        case Insn::syscall:
        case Insn::break_:
            return true;
        default:
            return is_branch(info(insn).format);
    }
}

/// Whether a guest has the register in hardware; every other one is root's to emulate.
bool guest_has_csr(unsigned number) {
    using namespace csr;
    switch (number) {
        case EENTRY:
        case llbctl::number:
            return true;
        default:
            break;
    }
    const auto in = [number](unsigned first, unsigned last) {
        return number >= first && number <= last;
    };
    return in(crmd::number, BADI) || in(tlbidx::number, tlbelo::number1) ||
           in(asid::number, RVACFG) || in(CPUID, PRCFG3) || in(SAVE0, SAVE0 + save_count - 1) ||
           in(TID, TICLR) || in(TLBRENTRY, tlbrprmd::number) ||
           in(dmw::number0, dmw::number0 + dmw::windows - 1);
}

/// Whether a guest's instruction, legal as it is, goes to root: it must be emulated.
bool is_sensitive(const Decoded& decoded) {
    switch (decoded.insn) {
        case Insn::cpucfg:
        case Insn::idle:
        case Insn::iocsrrd_b:
        case Insn::iocsrrd_h:
        case Insn::iocsrrd_w:
        case Insn::iocsrrd_d:
        case Insn::iocsrwr_b:
        case Insn::iocsrwr_h:
        case Insn::iocsrwr_w:
        case Insn::iocsrwr_d:
            return true;
        case Insn::csrrd:
        case Insn::csrwr:
        case Insn::csrxchg:
            return !guest_has_csr(static_cast<unsigned>(decoded.imm));
        default:
            return false;
    }
}

/// The exception that the instruction raises in `mode` whatever its operands are worth, if any.
std::optional<Exception> refusal(const Decoded& decoded, const InsnInfo& line, BlockMode mode,
                                 bool lvz) {
    switch (line.needs) {
        case Feature::FP_S:
        case Feature::FP_D:
        case Feature::FRECIPE:
            if (!mode.has(BlockMode::fp)) return Exception::FPD;
            break;
        case Feature::LSX:
        case Feature::LSX_FRECIPE:
            if (!mode.has(BlockMode::lsx)) return Exception::SXD;
            break;
        case Feature::LASX:
        case Feature::LASX_FRECIPE:
            if (!mode.has(BlockMode::lasx)) return Exception::ASXD;
            break;
        case Feature::PRIV:
        case Feature::LSPW:
            // cacop decides by itself.
            if (!mode.has(BlockMode::privileged) && decoded.insn != Insn::cacop) {
                return Exception::IPE;
            }
            break;
        case Feature::LVZ: {
            const bool guest = mode.has(BlockMode::guest);
            if (!lvz || guest != (decoded.insn == Insn::hvcl)) return Exception::INE;
            if (!mode.has(BlockMode::privileged)) return Exception::IPE;
            if (guest) return Exception::HVC;
            break;
        }
        case Feature::SCQ:
            if (!host_has_wide_swap) return Exception::INE;
            break;
        case Feature::LAM:
        case Feature::LAM_BH:
            if (decoded.rd != 0 && (decoded.rd == decoded.rj || decoded.rd == decoded.rk)) {
                return Exception::INE;
            }
            break;
        default:
            break;
    }
    if (mode.has(BlockMode::guest) && is_sensitive(decoded)) return Exception::GSPR;
    switch (decoded.insn) {
        case Insn::bstrins_w:
        case Insn::bstrins_d:
        case Insn::bstrpick_w:
        case Insn::bstrpick_d:
            if (static_cast<int>(decoded.ra) < decoded.imm) return Exception::INE;
            break;
        default:
            break;
    }
    return std::nullopt;
}

/// `word` as an operation. Returns whether it ends the block. Of an instruction that is refused
/// and of a marker `decoded` is none.
bool make_op(std::uint32_t word, BlockMode mode, bool lvz, Op& op, Decoded& decoded) {
    std::optional<Exception> exception;
    if (!decode(word, decoded)) {
        exception = Exception::INE;
    } else {
        const InsnInfo& line = info(decoded.insn);
        exception = refusal(decoded, line, mode, lvz);
        op.run = is_marker(decoded) ? handler_for<note_marker>() : handler_of(decoded.insn);
        if (!exception && op.run == nullptr) exception = Exception::INE;
        op.rd = decoded.rd;
        op.rj = decoded.rj;
        op.rk = decoded.rk;
        op.ra = decoded.ra;
        op.imm = decoded.imm;
        if (op.rd == 0 && writes_gpr_rd(line.format)) op.rd = gpr_sink;
    }
    if (exception) {
        decoded = Decoded{};
        op = Op{};
        op.run = handler_for<raise_decoded>();
        op.imm = static_cast<std::int32_t>(*exception);
        return true;
    }
    const bool last = ends_block(decoded.insn);
    if (is_marker(decoded)) decoded = Decoded{};  // not what its name says
    return last;
}

/// Gives operations of a block the handlers that suit their neighborhood.
void combine(std::span<Op> ops, std::span<const Decoded> decoded) {
    if (is_wait_loop(decoded)) {
        ops.back().run = waiting_handler(decoded.back().insn);
        return;
    }
    for (std::size_t i = 0; i + 1 < ops.size(); ++i) {
        const Handler both = pair_handler(decoded[i].insn, decoded[i + 1].insn);
        if (both == nullptr) continue;
        ops[i].run = both;
        ++i;  // its own handler is not run
    }
}

}  // namespace

Block* Cpu::decode_block(std::uint64_t physical, const std::byte* host, BlockMode mode) {
    std::array<Op, BlockCache::max_ops + 1> ops;
    std::array<Decoded, BlockCache::max_ops> decoded;
    const std::uint64_t left = (host_page_size - (physical & ~host_page_mask)) / 4;
    std::uint64_t most = left < BlockCache::max_ops ? left : BlockCache::max_ops;
    if (mode.has(BlockMode::single_step)) most = 1;
    unsigned count = 0;
    bool ended = false;
    while (!ended && count < most) {
        std::uint32_t word = 0;
        // Another vCPU may be writing: whole words, old or new.
        word =
            __atomic_load_n(reinterpret_cast<const std::uint32_t*>(host) + count, __ATOMIC_RELAXED);
        ops[count] = Op{};
        ended = make_op(word, mode, config_.has_lvz(), ops[count], decoded[count]);
        ++count;
    }
    combine(std::span{ops}.first(count), std::span{decoded}.first(count));
    unsigned slots = count;
    if (!ended) {
        ops[slots] = Op{};
        ops[slots].run = &end_of_block;
        ++slots;
    }
    return blocks_.add(physical, mode, host, ops.data(), slots, count);
}

Block* Cpu::find_block() {
    Block** const link = link_;
    link_ = nullptr;
    if (Block* const cached = cached_block(pc)) {
        if (link != nullptr && link_target_ == pc) *link = cached;
        return cached;
    }
    if ((pc & 3) != 0) {
        deliver(Exception::ADEF, pc, pc, std::nullopt);
        return nullptr;
    }
    const Translation translation = translate(pc, Access::fetch);
    if (!translation.ok) {
        deliver(translation.exception, pc, translation.fault, std::nullopt, translation.stage2);
        return nullptr;
    }
    const PhysicalPage page = system_.page(translation.physical);
    if (page.host == nullptr) {
        deliver(Exception::ADEF, pc, pc, std::nullopt);
        return nullptr;
    }
    Block* found = blocks_.find(translation.physical, mode_);
    if (found == nullptr) {
        if (blocks_.full()) {
            blocks_.flush();
            forget_blocks();
        } else if (link != nullptr && link_target_ == pc) {
            // The link's block stays: filled below.
            link_ = link;
        }
        system_.mark_code(page);
        const std::byte* const code = page.host + (translation.physical & ~host_page_mask);
        found = decode_block(translation.physical, code, mode_);
    } else {
        link_ = link;
    }
    if (link_ != nullptr && link_target_ == pc) *link_ = found;
    link_ = nullptr;
    if (!translation.cacheable) return found;
    if (!translation.global && (pc >> 63) != 0) bank_->non_global_high = true;
    JumpCacheEntry& entry = jump_cache_.at(pc);
    entry.pc = pc;
    entry.context = contexts[pc >> 63];
    entry.block = found;
    return found;
}

}  // namespace lkvm::la
