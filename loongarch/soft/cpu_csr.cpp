// SPDX-License-Identifier: GPL-2.0-or-later
// Reading and writing control and status registers. LA Vol.1 §7.
#include "loongarch/soft/cpu.hpp"

namespace lkvm::la {

using namespace csr;

namespace {

/// Bits that csrwr and csrxchg change; 0 for registers that are read-only or not there.
std::uint64_t writable_bits(unsigned number) {
    switch (number) {
        case crmd::number:
            return crmd::writable;
        case prmd::number:
            return prmd::writable;
        case euen::number:
            return euen::writable;
        case misc::number:
            return misc::writable;
        case ecfg::number:
            return ecfg::writable;
        case estat::number:
            return estat::writable;
        case ERA:
            return UINT64_MAX;
        case BADV:
            return UINT64_MAX;
        case EENTRY:
            return ~std::uint64_t{0xfff};
        case tlbidx::number:
            return tlbidx::writable;
        case tlbehi::number:
            return tlbehi::writable;
        case tlbelo::number0:
        case tlbelo::number1:
        case TLBRELO0:
        case TLBRELO1:
            return tlbelo::writable;
        case asid::number:
            return asid::writable;
        case PGDL:
        case PGDH:
            return ~std::uint64_t{0xfff};
        case pwcl::number:
            return pwcl::writable;
        case pwch::number:
            return pwch::writable;
        case stlbps::number:
            return stlbps::PS::mask;
        case RVACFG:
            return rvacfg::RBits::mask;
        case TID:
            return 0xffffffff;
        case tcfg::number:
            return tcfg::writable;
        case CNTC:
            return UINT64_MAX;
        case llbctl::number:
            return llbctl::KLO::mask;
        case IMPCTL1:
        case IMPCTL2:
            return UINT64_MAX;
        case TLBRENTRY:
            return physical_mask & ~std::uint64_t{0xfff};
        case TLBRBADV:
            return UINT64_MAX;
        case tlbrera::number:
            return tlbrera::writable;
        case TLBRSAVE:
            return UINT64_MAX;
        case tlbrehi::number:
            return tlbrehi::writable;
        case tlbrprmd::number:
            return tlbrprmd::writable;
        case merrctl::number:
            return merrctl::writable;
        case MERRENTRY:
            return physical_mask & ~std::uint64_t{0xfff};
        case MERRERA:
        case MERRSAVE:
        case CTAG:
            return UINT64_MAX;
        default:
            break;
    }
    if (number >= SAVE0 && number < SAVE0 + save_count) return UINT64_MAX;
    if (number >= dmw::number0 && number < dmw::number0 + dmw::windows) return dmw::writable;
    return 0;
}

/// Writable bits of the registers that only root has, with the virtualization extension.
std::uint64_t root_only_bits(unsigned number) {
    switch (number) {
        case gstat::number:
            return gstat::PVM::mask | gstat::GID::mask;
        case gcfg::number:
            return gcfg::writable;
        case gintc::number:
            return gintc::writable;
        case GCNTC:
            return UINT64_MAX;
        case gtlbc::number:
            return gtlbc::writable;
        case trgp::number:
            return field_mask<trgp::GTLB, trgp::RID>();
        case tlbrprmd::number:
            return tlbrprmd::PGM::mask;
        default:
            return 0;
    }
}

std::uint64_t sign_extend(std::uint64_t value, unsigned bits) {
    const unsigned unused = 64 - bits;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << unused) >> unused);
}

/// What root may set in the guest's ESTAT: everything but the lines that follow GINTC.
constexpr std::uint64_t guest_estat_bits =
    (estat::IS::mask & ~estat::HWI::mask) | estat::Ecode::mask | estat::EsubCode::mask;

}  // namespace

std::uint64_t Cpu::read_csr(CsrBank& bank, unsigned number) {
    switch (number) {
        case BADI:
        case tlbidx::number:
        case pwcl::number:
        case TID:
            return sign_extend(bank.reg[number], 32);  // 32-bit registers, LA Vol.1 §7.2.2
        case tlbehi::number:
        case tlbrehi::number:
            return sign_extend(bank.reg[number], virtual_bits);
        case estat::number:
            update_timer(bank);
            return estat(bank);
        case PGD: {
            const bool refill = tlbrera::IsTLBR::get(bank.reg[tlbrera::number]);
            const std::uint64_t address = bank.reg[refill ? TLBRBADV : BADV];
            return bank.reg[(address >> (virtual_bits - 1)) & 1 ? PGDH : PGDL];
        }
        case TVAL:
            return timer_value(bank);
        case TICLR:
            return 0;
        case llbctl::number: {
            const LinkedLoad& link = &bank == bank_ ? ll : bank.ll;
            return llbctl::ROLLB::put(bank.reg[number], link.valid);
        }
        default:
            return number < count ? bank.reg[number] : 0;
    }
}

std::uint64_t Cpu::write_csr(CsrBank& bank, unsigned number, std::uint64_t value,
                             std::uint64_t mask) {
    const std::uint64_t old = read_csr(bank, number);
    if (number >= count) return old;
    if (number == TICLR) {
        if ((value & mask & 1) != 0) {
            update_timer(bank);
            bank.reg[estat::number] &= ~estat::TI::mask;
        }
        return old;
    }
    if (number == llbctl::number && (value & mask & llbctl::WCLLB::mask) != 0) {
        (&bank == bank_ ? ll : bank.ll).valid = false;
    }
    if (number == tcfg::number) update_timer(bank);  // what expired until now has happened
    std::uint64_t writable = writable_bits(number);
    if (!bank.is_guest && config_.has_lvz()) writable |= root_only_bits(number);
    const std::uint64_t changes = mask & writable;
    const std::uint64_t before = bank.reg[number];
    bank.reg[number] = (before & ~changes) | (value & changes);
    after_csr_write(bank, number, before);
    return old;
}

void Cpu::after_csr_write(CsrBank& bank, unsigned number, std::uint64_t before) {
    const std::uint64_t now = bank.reg[number];
    const std::uint64_t changed = before ^ now;
    switch (number) {
        case crmd::number:
            if ((changed & (crmd::PLV::mask | crmd::DA::mask | crmd::PG::mask)) != 0) update_mode();
            break;
        case euen::number:
            update_mode();
            break;
        case misc::number:
            if ((changed & misc::DWPL::mask) != 0) flush_translations(bank);
            break;
        case asid::number:
            if (changed != 0) flush_non_global(bank);
            break;
        case RVACFG:
            if (changed != 0) flush_translations(bank);
            break;
        case tcfg::number:
            if (!tcfg::En::get(now)) {
                // Stopping freezes the count that was left.
                bank.reg[number] = before;
                bank.reg[TVAL] = timer_value(bank);
                bank.reg[number] = now;
            }
            arm_timer(bank, now & tcfg::count_mask);
            break;
        case gstat::number:
            if ((changed & gstat::GID::mask) != 0) {
                flush_translations(guest_);
                // Another vCPU: what the last one linked is not its reservation.
                guest_.ll.valid = false;
            }
            break;
        default:
            if (number >= dmw::number0 && number < dmw::number0 + dmw::windows && changed != 0) {
                flush_translations(bank);
            }
            break;
    }
}

std::uint64_t Cpu::write_guest_csr(unsigned number, std::uint64_t value, std::uint64_t mask) {
    // Root may also set what is read-only for the guest.
    switch (number) {
        case estat::number: {
            const std::uint64_t old = read_csr(guest_, number);
            std::uint64_t& reg = guest_.reg[number];
            const std::uint64_t changes = mask & guest_estat_bits;
            reg = (reg & ~changes) | (value & changes);
            return old;
        }
        case TVAL: {
            const std::uint64_t old = read_csr(guest_, number);
            constexpr std::uint64_t all_ones = (std::uint64_t{1} << timer_bits) - 1;
            const std::uint64_t count_left = ((old & ~mask) | (value & mask)) & all_ones;
            guest_.reg[TVAL] = count_left;
            if (tcfg::En::get(guest_.reg[tcfg::number])) {
                arm_timer(guest_, count_left);
                update_timer(guest_);  // 0 fires at once
            }
            return old;
        }
        case CPUID:
        case BADI:
        case PRCFG1:
        case PRCFG2:
        case PRCFG3: {
            const std::uint64_t old = read_csr(guest_, number);
            guest_.reg[number] = ((old & ~mask) | (value & mask)) & 0xffffffff;
            return old;
        }
        case asid::number: {
            const std::uint64_t old = guest_.reg[number];
            const std::uint64_t changes = mask & (asid::ASID::mask | asid::ASIDBITS::mask);
            guest_.reg[number] = (old & ~changes) | (value & changes);
            after_csr_write(guest_, number, old);
            return old;
        }
        default:
            return write_csr(guest_, number, value, mask);
    }
}

}  // namespace lkvm::la
