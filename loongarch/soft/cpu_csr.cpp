// SPDX-License-Identifier: GPL-2.0-or-later
// Reading and writing control and status registers. LA Vol.1 §7.
#include "loongarch/soft/cpu.hpp"

namespace lkvm::la {

using namespace csr;

namespace {

/// Bits that csrwr and csrxchg change; 0 for registers that are read-only or not there.
std::uint64_t writable_bits(unsigned number) {
    switch (number) {
        case crmd::number: return crmd::writable;
        case prmd::number: return prmd::writable;
        case euen::number: return euen::writable;
        case misc::number: return misc::writable;
        case ecfg::number: return ecfg::writable;
        case estat::number: return estat::writable;
        case ERA: return UINT64_MAX;
        case BADV: return UINT64_MAX;
        case EENTRY: return ~std::uint64_t{0xfff};
        case tlbidx::number: return tlbidx::writable;
        case tlbehi::number: return tlbehi::writable;
        case tlbelo::number0:
        case tlbelo::number1:
        case TLBRELO0:
        case TLBRELO1: return tlbelo::writable;
        case asid::number: return asid::writable;
        case PGDL:
        case PGDH: return ~std::uint64_t{0xfff};
        case pwcl::number: return pwcl::writable;
        case pwch::number: return pwch::writable;
        case stlbps::number: return stlbps::PS::mask;
        case TID: return 0xffffffff;
        case tcfg::number: return tcfg::writable;
        case CNTC: return UINT64_MAX;
        case llbctl::number: return llbctl::KLO::mask;
        case IMPCTL1:
        case IMPCTL2: return UINT64_MAX;
        case TLBRENTRY: return physical_mask & ~std::uint64_t{0xfff};
        case TLBRBADV: return UINT64_MAX;
        case tlbrera::number: return tlbrera::writable;
        case TLBRSAVE: return UINT64_MAX;
        case tlbrehi::number: return tlbrehi::writable;
        case tlbrprmd::number: return tlbrprmd::writable;
        case MERRENTRY: return physical_mask & ~std::uint64_t{0xfff};
        case MERRSAVE:
        case CTAG: return UINT64_MAX;
        default: break;
    }
    if (number >= SAVE0 && number < SAVE0 + save_count) return UINT64_MAX;
    if (number >= dmw::number0 && number < dmw::number0 + dmw::windows) return dmw::writable;
    return 0;
}

}  // namespace

std::uint64_t Cpu::read_csr(unsigned number) {
    switch (number) {
        case estat::number: update_timer(); return estat();
        case PGD: {
            const bool refill = tlbrera::IsTLBR::get(csr_[tlbrera::number]);
            const std::uint64_t address = csr_[refill ? TLBRBADV : BADV];
            return csr_[(address >> (virtual_bits - 1)) & 1 ? PGDH : PGDL];
        }
        case TVAL: return timer_value();
        case TICLR: return 0;
        case llbctl::number: return llbctl::ROLLB::put(csr_[llbctl::number], ll.valid);
        default: return number < count ? csr_[number] : 0;
    }
}

std::uint64_t Cpu::write_csr(unsigned number, std::uint64_t value, std::uint64_t mask) {
    const std::uint64_t old = read_csr(number);
    if (number >= count) return old;
    if (number == TICLR) {
        if ((value & mask & 1) != 0) {
            update_timer();
            csr_[estat::number] &= ~estat::TI::mask;
        }
        return old;
    }
    if (number == llbctl::number && (value & mask & llbctl::WCLLB::mask) != 0) ll.valid = false;
    const std::uint64_t changes = mask & writable_bits(number);
    const std::uint64_t before = csr_[number];
    csr_[number] = (before & ~changes) | (value & changes);
    switch (number) {
        case crmd::number:
            if (((before ^ csr_[number]) & (crmd::PLV::mask | crmd::DA::mask | crmd::PG::mask)) !=
                0) {
                update_mode();
            }
            break;
        case euen::number: update_mode(); break;
        case asid::number:
            if (before != csr_[number]) flush_non_global();
            break;
        case tcfg::number:
            // Stopping freezes the count that was left.
            if (!tcfg::En::get(csr_[number])) {
                csr_[number] = before;
                csr_[TVAL] = timer_value();
                csr_[number] = (before & ~changes) | (value & changes);
            }
            arm_timer();
            break;
        default:
            if (number >= dmw::number0 && number < dmw::number0 + dmw::windows &&
                before != csr_[number]) {
                flush_translations();
            }
            break;
    }
    return old;
}

}  // namespace lkvm::la
