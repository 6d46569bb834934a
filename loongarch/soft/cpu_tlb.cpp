// SPDX-License-Identifier: GPL-2.0-or-later
// TLB instructions, and keeping the caches in front of the TLB in step. LA Vol.1 §4.2.4, §5.4.
#include <algorithm>

#include "loongarch/soft/cpu.hpp"

namespace lkvm::la {

using namespace csr;

namespace {

std::uint64_t sign_extend_address(std::uint64_t address) {
    constexpr unsigned unused = 64 - virtual_bits;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(address << unused) >> unused);
}

/// The entry that a bank's registers describe for tlbwr and tlbfill.
TlbEntry entry_from(const CsrBank& bank, TlbTag tag) {
    const auto& reg = bank.reg;
    const bool refill = tlbrera::IsTLBR::get(reg[tlbrera::number]);
    TlbEntry entry;
    entry.valid = refill || !tlbidx::NE::get(reg[tlbidx::number]);
    entry.kind = tag.kind;
    entry.gid = tag.gid;
    entry.asid = tag.asid;
    const std::uint64_t high = reg[refill ? tlbrehi::number : tlbehi::number];
    const unsigned bits =
        refill ? tlbrehi::PS::get(reg[tlbrehi::number]) : tlbidx::PS::get(reg[tlbidx::number]);
    // Page sizes outside PRCFG2 are undefined; they must not become shifts out of range.
    entry.page_bits = static_cast<std::uint8_t>(std::clamp(bits, 12u, 47u));
    entry.vppn = tlbehi::VPPN::get(high);
    entry.lo[0] = reg[refill ? TLBRELO0 : tlbelo::number0];
    entry.lo[1] = reg[refill ? TLBRELO1 : tlbelo::number1];
    entry.global = tlbelo::G::get(entry.lo[0]) && tlbelo::G::get(entry.lo[1]);
    return entry;
}

/// Whether something may have been derived from the entry.
bool translates(const TlbEntry& entry) {
    return ((entry.lo[0] | entry.lo[1]) & tlbelo::V::mask) != 0;
}

bool same_space(const TlbEntry& entry, TlbTag tag) {
    return entry.kind == tag.kind && entry.gid == tag.gid;
}

}  // namespace

void Cpu::drop_translations(const TlbEntry& entry) {
    if (!translates(entry)) return;
    // What was derived from a stage-2 page may stand anywhere.
    if (entry.kind == TlbKind::stage2) return flush_translations(guest_);
    CsrBank& bank = entry.kind == TlbKind::stage1 ? guest_ : root_;
    const std::uint64_t base = sign_extend_address(entry.span_base());
    SoftTlb* const caches = soft_tlbs_of(bank);
    caches[0].flush_range(base, entry.span_bytes());
    caches[1].flush_range(base, entry.span_bytes());
    const auto executable = [](std::uint64_t lo) {
        return tlbelo::V::get(lo) && !tlbelo::NX::get(lo);
    };
    if (executable(entry.lo[0]) || executable(entry.lo[1])) {
        next_epoch(bank, base >> 63);
        update_mode();
    }
}

void Cpu::flush_translations(CsrBank& bank) {
    SoftTlb* const caches = soft_tlbs_of(bank);
    std::for_each_n(caches, 3, [](SoftTlb& cache) { cache.flush(); });
    next_epoch(bank, 0);
    next_epoch(bank, 1);
    bank.non_global_high = false;
    update_mode();
}

void Cpu::flush_non_global(CsrBank& bank) {
    if (bank.non_global_high) return flush_translations(bank);
    SoftTlb* const caches = soft_tlbs_of(bank);
    caches[0].flush_low_half();
    caches[1].flush_low_half();
    update_mode();
}

TlbTag Cpu::operand_tag(bool guest) const {
    if (!guest) return tag_of(*bank_);
    TlbTag tag = tag_of(guest_);
    tag.gid = static_cast<std::uint8_t>(gtlbc::TGID::get(root_.reg[gtlbc::number]));
    return tag;
}

void Cpu::tlb_search(bool guest) {
    CsrBank& bank = guest ? guest_ : *bank_;
    const bool refill = tlbrera::IsTLBR::get(bank.reg[tlbrera::number]);
    const std::uint64_t address =
        bank.reg[refill ? tlbrehi::number : tlbehi::number] & tlbehi::VPPN::mask;
    const auto found =
        tlb_.find(address, operand_tag(guest), stlbps::PS::get(bank.reg[stlbps::number]));
    std::uint64_t& index = bank.reg[tlbidx::number];
    index = tlbidx::NE::put(index, !found);
    if (found) index = tlbidx::Index::put(index, *found);
}

void Cpu::tlb_read(bool guest) {
    CsrBank& bank = guest ? guest_ : *bank_;
    auto& reg = bank.reg;
    std::uint64_t& index = reg[tlbidx::number];
    const unsigned number = tlbidx::Index::get(index);
    const TlbEntry none{};
    const TlbEntry& entry = number < Tlb::entries ? tlb_.at(number) : none;
    // A guest sees its own entries only, root everything.
    const bool foreign = bank.is_guest && !same_space(entry, operand_tag(guest));
    if (!entry.valid || foreign) {
        index = tlbidx::PS::put(tlbidx::NE::put(index, true), 0);
        reg[asid::number] = asid::ASID::put(reg[asid::number], 0);
        reg[tlbehi::number] = 0;
        reg[tlbelo::number0] = 0;
        reg[tlbelo::number1] = 0;
    } else {
        index = tlbidx::PS::put(tlbidx::NE::put(index, false), entry.page_bits);
        reg[asid::number] = asid::ASID::put(reg[asid::number], entry.asid);
        reg[tlbehi::number] = (entry.vppn << 13) & tlbehi::VPPN::mask;
        reg[tlbelo::number0] = tlbelo::G::put(entry.lo[0], entry.global);
        reg[tlbelo::number1] = tlbelo::G::put(entry.lo[1], entry.global);
        if (!bank.is_guest && config_.has_lvz()) {
            reg[trgp::number] =
                trgp::RID::put(trgp::GTLB::put(0, entry.kind != TlbKind::root), entry.gid);
        }
    }
    flush_non_global(bank);
}

void Cpu::put_entry(unsigned index, const TlbEntry& entry, unsigned stlb_page_bits) {
    if (tlb_.at(index).valid) drop_translations(tlb_.at(index));
    tlb_.at(index).valid = false;
    if (entry.valid) {
        tlb_.remove_overlaps(entry, stlb_page_bits,
                             [this](const TlbEntry& removed) { drop_translations(removed); });
    }
    tlb_.put(index, entry);
}

void Cpu::tlb_write(bool guest) {
    const CsrBank& bank = guest ? guest_ : *bank_;
    const unsigned number = tlbidx::Index::get(bank.reg[tlbidx::number]);
    if (number >= Tlb::entries) return;
    put_entry(number, entry_from(bank, operand_tag(guest)),
              stlbps::PS::get(bank.reg[stlbps::number]));
}

void Cpu::tlb_fill(bool guest) {
    const CsrBank& bank = guest ? guest_ : *bank_;
    const TlbEntry entry = entry_from(bank, operand_tag(guest));
    const unsigned stlb_bits = stlbps::PS::get(bank.reg[stlbps::number]);
    put_entry(tlb_.victim(entry.vppn << 13, entry.page_bits, stlb_bits), entry, stlb_bits);
}

void Cpu::tlb_clear(bool ignore_asid, bool guest) {
    CsrBank& bank = guest ? guest_ : *bank_;
    const unsigned number = tlbidx::Index::get(bank.reg[tlbidx::number]);
    const TlbTag tag = operand_tag(guest);
    const auto clear = [&](unsigned index) {
        TlbEntry& entry = tlb_.at(index);
        if (!entry.valid || !same_space(entry, tag)) return;
        if (!ignore_asid && (entry.global || entry.asid != tag.asid)) return;
        drop_translations(entry);
        entry.valid = false;
    };
    if (number < Tlb::stlb_entries) {
        for (unsigned way = 0; way < Tlb::ways; ++way) {
            clear(way * Tlb::sets + number % Tlb::sets);
        }
    } else {
        for (unsigned index = Tlb::stlb_entries; index < Tlb::entries; ++index) clear(index);
    }
}

bool Cpu::tlb_invalidate(unsigned operation, std::uint64_t operand, std::uint64_t address) {
    const TlbTag tag = tag_of(*bank_);
    const auto selected = static_cast<std::uint16_t>(asid::ASID::get(operand));
    const auto gid = static_cast<std::uint8_t>(gtlbc::TGID::get(operand));  // bits 23:16
    const std::uint64_t vpn = tlbehi::VPPN::get(address);
    const auto covers = [vpn](const TlbEntry& entry) {
        const unsigned shift = entry.page_bits - 12u;
        return (entry.vppn >> shift) == (vpn >> shift);
    };
    const auto remove = [this](auto&& matches) {
        bool stage2 = false;  // these drop everything, once for all of them
        tlb_.remove_if([&](const TlbEntry& entry) {
            if (!matches(entry)) return false;
            if (entry.kind == TlbKind::stage2) {
                stage2 = stage2 || translates(entry);
            } else {
                drop_translations(entry);
            }
            return true;
        });
        if (stage2) flush_translations(guest_);
        return true;
    };
    // Of the running world, LA Vol.1 §4.2.4.7.
    switch (operation) {
        case 0:
        case 1: {
            // Root's op 0 also takes what belongs to guests.
            const bool everything = operation == 0 && !in_guest();
            tlb_.remove_if(
                [&](const TlbEntry& entry) { return everything || same_space(entry, tag); });
            if (everything || tag.kind == TlbKind::stage2) flush_translations(guest_);
            flush_translations(*bank_);
            return true;
        }
        case 2:
            return remove([=](const TlbEntry& e) { return same_space(e, tag) && e.global; });
        case 3:
            return remove([=](const TlbEntry& e) { return same_space(e, tag) && !e.global; });
        case 4:
            return remove([=](const TlbEntry& e) {
                return same_space(e, tag) && !e.global && e.asid == selected;
            });
        case 5:
            return remove([=](const TlbEntry& e) {
                return same_space(e, tag) && !e.global && e.asid == selected && covers(e);
            });
        case 6:
            return remove([=](const TlbEntry& e) {
                return same_space(e, tag) && (e.global || e.asid == selected) && covers(e);
            });
        default:
            break;
    }
    if (!config_.has_lvz() || in_guest()) return raise(Exception::INE);
    // Of guests, from root: by GID, stage 1 or stage 2.
    const auto stage1 = [gid](const TlbEntry& e) {
        return e.kind == TlbKind::stage1 && e.gid == gid;
    };
    const auto stage2 = [gid](const TlbEntry& e) {
        return e.kind == TlbKind::stage2 && e.gid == gid;
    };
    switch (operation) {
        case 0x9:
            return remove(stage1);
        case 0xa:
            return remove([=](const TlbEntry& e) { return stage1(e) && e.global; });
        case 0xb:
            return remove([=](const TlbEntry& e) { return stage1(e) && !e.global; });
        case 0xc:
            return remove(
                [=](const TlbEntry& e) { return stage1(e) && !e.global && e.asid == selected; });
        case 0xd:
            return remove([=](const TlbEntry& e) {
                return stage1(e) && !e.global && e.asid == selected && covers(e);
            });
        case 0xe:
            return remove([=](const TlbEntry& e) {
                return stage1(e) && (e.global || e.asid == selected) && covers(e);
            });
        case 0x10:
            return remove([](const TlbEntry& e) { return e.kind == TlbKind::stage1; });
        case 0x11:
            return remove([](const TlbEntry& e) { return e.kind == TlbKind::stage2; });
        case 0x12:
            return remove([](const TlbEntry& e) { return e.kind != TlbKind::root; });
        case 0x13:
            return remove(stage1);
        case 0x14:
            return remove(stage2);
        case 0x15:
            return remove([=](const TlbEntry& e) { return stage1(e) || stage2(e); });
        case 0x16:
            return remove([=](const TlbEntry& e) { return stage2(e) && covers(e); });
        default:
            return raise(Exception::INE);
    }
}

}  // namespace lkvm::la
