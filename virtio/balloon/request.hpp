// SPDX-License-Identifier: GPL-2.0-or-later
// What the balloon's driver writes: lists of pages and of statistics. VIRTIO 1.2 §5.5.6.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <lkvm/gpa.hpp>
#include <lkvm/guest_memory.hpp>

#include "virtio/balloon/config.hpp"
#include "virtio/chain.hpp"

namespace lkvm::virtio::balloon {

/// Pages one after the other inside one RAM bank.
struct PageRange {
    Gpa where;
    std::uint64_t size = 0;
};

/// Reads the page numbers of a chain and joins neighbors. Of one chain only the first max_pages are
/// looked at, so that no guest keeps the owner busy for long.
class PageList {
public:
    /// Linux sends 256.
    static constexpr std::uint32_t max_pages = 65536;

    PageList(const GuestMemory& memory, const DescriptorChain& chain)
        : memory_(memory)
        , reader_(memory, chain) {}

    /// The next range, or nothing at the end of the list.
    [[nodiscard]] std::optional<PageRange> next();
    /// Numbers that name no RAM, so far.
    [[nodiscard]] std::uint32_t outside() const { return outside_; }

private:
    /// The next page that is RAM.
    [[nodiscard]] std::optional<Gpa> next_page();

    const GuestMemory& memory_;
    ChainReader reader_;
    std::optional<Gpa> pending_;
    std::uint32_t left_ = max_pages;
    std::uint32_t outside_ = 0;
};

/// By Statistic; nothing where the driver said nothing.
using Statistics = std::array<std::optional<std::uint64_t>, statistic_count>;

/// Reads the entries of a chain; unknown tags are skipped, of a repeated one the last counts.
[[nodiscard]] Statistics read_statistics(const GuestMemory& memory, const DescriptorChain& chain);

}  // namespace lkvm::virtio::balloon
