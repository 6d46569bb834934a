// SPDX-License-Identifier: GPL-2.0-or-later
// The architectural TLB: a set-associative STLB of one page size and a fully associative MTLB.
// LA Vol.1 §5.4.2.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace lkvm::la {

/// What an entry translates. Stage-1 entries of guests and stage-2 entries exist only with
/// virtualization; both carry the guest's GID.
enum class TlbKind : std::uint8_t { root, stage1, stage2 };

struct TlbEntry {
    bool valid = false;
    bool global = false;
    TlbKind kind = TlbKind::root;
    std::uint8_t page_bits = 12;  ///< PS: log2 of the page size; the entry covers two pages
    std::uint8_t gid = 0;
    std::uint16_t asid = 0;
    std::uint64_t vppn = 0;             ///< VA[47:13]
    std::array<std::uint64_t, 2> lo{};  ///< even and odd page, as in TLBELO0/1

    /// First address that the entry translates (not sign-extended) and the bytes it covers.
    [[nodiscard]] std::uint64_t span_base() const {
        return (vppn << 13) & ~((std::uint64_t{2} << page_bits) - 1);
    }
    [[nodiscard]] std::uint64_t span_bytes() const { return std::uint64_t{2} << page_bits; }
};

/// Selects entries for lookup and invalidation.
struct TlbTag {
    TlbKind kind = TlbKind::root;
    std::uint8_t gid = 0;
    std::uint16_t asid = 0;
};

class Tlb {
public:
    static constexpr unsigned sets = 256;
    static constexpr unsigned ways = 8;
    static constexpr unsigned stlb_entries = sets * ways;
    static constexpr unsigned mtlb_entries = 64;
    static constexpr unsigned entries = stlb_entries + mtlb_entries;

    /// Index of the entry that translates `address` for `tag`; `stlb_page_bits` is STLBPS.
    [[nodiscard]] std::optional<unsigned> find(std::uint64_t address, TlbTag tag,
                                               unsigned stlb_page_bits) const;
    [[nodiscard]] const TlbEntry& at(unsigned index) const { return table_[index]; }
    [[nodiscard]] TlbEntry& at(unsigned index) { return table_[index]; }

    /// A victim for tlbfill of a page of `page_bits` at `address`.
    [[nodiscard]] unsigned victim(std::uint64_t address, unsigned page_bits,
                                  unsigned stlb_page_bits);
    /// Removes every entry of the same kind, GID and ASID (or global) that overlaps `entry`, and
    /// calls `removed(entry)` for each.
    template<class Removed>
    void remove_overlaps(const TlbEntry& entry, unsigned stlb_page_bits, Removed&& removed) {
        const auto check = [&](TlbEntry& other) {
            if (!other.valid || !overlap(entry, other)) return;
            other.valid = false;
            removed(other);
        };
        if (entry.page_bits <= stlb_page_bits) {
            const unsigned set = set_of(entry.vppn << 13, stlb_page_bits);
            for (unsigned way = 0; way < ways; ++way) check(table_[way * sets + set]);
        } else {
            std::for_each_n(table_.begin(), stlb_entries, check);
        }
        std::for_each_n(table_.begin() + stlb_entries, mtlb_used_, check);
    }
    void put(unsigned index, const TlbEntry& entry);

    /// Calls `matches(entry)` for each valid entry and removes those for which it is true.
    template<class Predicate>
    void remove_if(Predicate&& matches) {
        for (TlbEntry& entry : table_) {
            if (entry.valid && matches(entry)) entry.valid = false;
        }
    }

private:
    /// Set of the STLB that `address` belongs to.
    [[nodiscard]] static unsigned set_of(std::uint64_t address, unsigned stlb_page_bits) {
        // STLBPS comes from software: it must not become a shift out of range.
        return static_cast<unsigned>(address >> (std::min(stlb_page_bits, 47u) + 1)) % sets;
    }
    [[nodiscard]] static bool overlap(const TlbEntry& a, const TlbEntry& b);
    [[nodiscard]] static bool matches(const TlbEntry& entry, std::uint64_t vpn, TlbTag tag) {
        const unsigned shift = entry.page_bits - 12u;
        return entry.valid && (entry.vppn >> shift) == (vpn >> shift) &&
               (entry.global || entry.asid == tag.asid || entry.kind == TlbKind::stage2) &&
               entry.kind == tag.kind && entry.gid == tag.gid;
    }

    /// STLB first (way * sets + set), then MTLB.
    std::array<TlbEntry, entries> table_{};
    unsigned mtlb_used_ = 0;  ///< one past the highest MTLB slot ever filled
    std::uint32_t random_ = 0x2545f491;
};

}  // namespace lkvm::la
