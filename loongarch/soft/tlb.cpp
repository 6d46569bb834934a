// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/tlb.hpp"

#include <algorithm>

namespace lkvm::la {
namespace {

constexpr std::uint64_t vpn_mask = (std::uint64_t{1} << 35) - 1;

std::uint64_t vpn_of(std::uint64_t address) {
    return (address >> 13) & vpn_mask;
}

}  // namespace

std::optional<unsigned> Tlb::find(std::uint64_t address, TlbTag tag,
                                  unsigned stlb_page_bits) const {
    const std::uint64_t vpn = vpn_of(address);
    for (unsigned index = set_of(address, stlb_page_bits); index < stlb_entries; index += sets) {
        if (matches(table_[index], vpn, tag)) return index;
    }
    for (unsigned index = stlb_entries; index < stlb_entries + mtlb_used_; ++index) {
        if (matches(table_[index], vpn, tag)) return index;
    }
    return std::nullopt;
}

unsigned Tlb::victim(std::uint64_t address, unsigned page_bits, unsigned stlb_page_bits) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    if (page_bits == stlb_page_bits) {
        const unsigned set = set_of(address, stlb_page_bits);
        for (unsigned way = 0; way < ways; ++way) {
            if (!table_[way * sets + set].valid) return way * sets + set;
        }
        return (random_ % ways) * sets + set;
    }
    for (unsigned index = stlb_entries; index < entries; ++index) {
        if (!table_[index].valid) return index;
    }
    return stlb_entries + random_ % mtlb_entries;
}

bool Tlb::overlap(const TlbEntry& a, const TlbEntry& b) {
    if (a.kind != b.kind || a.gid != b.gid) return false;
    if (a.kind != TlbKind::stage2 && !a.global && !b.global && a.asid != b.asid) return false;
    const unsigned shift = std::max(a.page_bits, b.page_bits) - 12u;
    return (a.vppn >> shift) == (b.vppn >> shift);
}

void Tlb::put(unsigned index, const TlbEntry& entry) {
    table_[index] = entry;
    if (index >= stlb_entries) mtlb_used_ = std::max(mtlb_used_, index - stlb_entries + 1);
}

}  // namespace lkvm::la
