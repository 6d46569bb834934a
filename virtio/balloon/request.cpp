// SPDX-License-Identifier: GPL-2.0-or-later
// What the balloon's driver writes. VIRTIO 1.2 §5.5.6.
#include "virtio/balloon/request.hpp"

#include <cstring>

namespace lkvm::virtio::balloon {

std::optional<Gpa> PageList::next_page() {
    while (left_ != 0) {
        --left_;
        const auto number = reader_.read<Le32>();
        if (!number.has_value()) break;
        const Gpa where{std::uint64_t{number->value()} * page_size};
        if (memory_.slice(where, page_size).has_value()) return where;
        ++outside_;
    }
    left_ = 0;
    return std::nullopt;
}

std::optional<PageRange> PageList::next() {
    const std::optional<Gpa> first = pending_.has_value() ? pending_ : next_page();
    pending_.reset();
    if (!first.has_value()) return std::nullopt;
    PageRange range{*first, page_size};
    while (true) {
        pending_ = next_page();
        if (!pending_.has_value()) break;
        if (pending_->value != range.where.value + range.size) break;
        if (!memory_.slice(range.where, range.size + page_size).has_value()) break;
        range.size += page_size;
    }
    return range;
}

Statistics read_statistics(const GuestMemory& memory, const DescriptorChain& chain) {
    // Far more than there are; the rest is not worth reading.
    constexpr unsigned most_entries = 64;
    Statistics statistics;
    ChainReader reader(memory, chain);
    std::array<std::byte, statistic_size> entry;
    for (unsigned i = 0; i < most_entries && reader.read(entry) == entry.size(); ++i) {
        Le16 tag;
        Le64 value;
        std::memcpy(&tag, entry.data(), sizeof(tag));
        std::memcpy(&value, entry.data() + sizeof(tag), sizeof(value));
        if (tag.value() < statistics.size()) statistics[tag.value()] = value.value();
    }
    return statistics;
}

}  // namespace lkvm::virtio::balloon
