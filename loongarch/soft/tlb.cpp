// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/tlb.hpp"

#include <algorithm>

namespace lkvm::la {
namespace {

constexpr std::uint64_t vpn_mask = (std::uint64_t{1} << 35) - 1;

std::uint64_t vpn_of(std::uint64_t address) { return (address >> 13) & vpn_mask; }

unsigned set_of(std::uint64_t address, unsigned stlb_page_bits) {
    return static_cast<unsigned>(address >> (stlb_page_bits + 1)) % Tlb::sets;
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

bool Tlb::remove_overlaps(const TlbEntry& entry, unsigned stlb_page_bits) {
    bool found = false;
    const auto remove = [&](TlbEntry& other) {
        if (!other.valid || other.kind != entry.kind || other.gid != entry.gid) return;
        if (entry.kind != TlbKind::stage2 && !other.global && !entry.global &&
            other.asid != entry.asid) {
            return;
        }
        const unsigned shift = std::max(other.page_bits, entry.page_bits) - 12u;
        if ((other.vppn >> shift) != (entry.vppn >> shift)) return;
        other.valid = false;
        found = found || ((other.lo[0] | other.lo[1]) & 1) != 0;
    };
    if (entry.page_bits <= stlb_page_bits) {
        const unsigned set = set_of(entry.vppn << 13, stlb_page_bits);
        for (unsigned way = 0; way < ways; ++way) remove(table_[way * sets + set]);
    } else {
        std::for_each_n(table_.begin(), stlb_entries, remove);
    }
    std::for_each_n(table_.begin() + stlb_entries, mtlb_used_, remove);
    return found;
}

void Tlb::put(unsigned index, const TlbEntry& entry) {
    table_[index] = entry;
    if (index >= stlb_entries) mtlb_used_ = std::max(mtlb_used_, index - stlb_entries + 1);
}

}  // namespace lkvm::la
