// SPDX-License-Identifier: GPL-2.0-or-later
// Decoder: words are sorted into buckets by their high bits; a bucket lists the few instructions
// that can begin with them, in the order of the table.
#include <array>
#include <cstddef>
#include <cstdint>

#include "loongarch/isa/encode.hpp"
#include "loongarch/isa/instruction.hpp"

namespace lkvm::la {
namespace {

constexpr unsigned bucket_shift = 20;
constexpr std::size_t bucket_count = std::size_t{1} << (32 - bucket_shift);

constexpr auto masks = [] {
    std::array<std::uint32_t, detail::format_table.size()> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = mask(static_cast<Format>(i));
    return table;
}();

/// Calls visit(bucket) for every bucket that holds words of `pattern`.
template<class Visit>
constexpr void for_each_bucket(const detail::Pattern& pattern, Visit visit) {
    const std::uint32_t fixed = masks[static_cast<std::size_t>(pattern.format)] >> bucket_shift;
    const std::uint32_t first = pattern.match >> bucket_shift;
    const std::uint32_t free = ~fixed & (bucket_count - 1);
    // Runs over all values of the free bits: the carry skips the fixed ones.
    std::uint32_t value = 0;
    do {
        visit(first | value);
        value = (value - free) & free;
    } while (value != 0);
}

/// starts[b] is where the list of bucket b begins in `candidates`; it ends where the next begins.
constexpr auto starts = [] {
    std::array<std::uint16_t, bucket_count + 1> table{};
    for (const auto& pattern : detail::patterns) {
        for_each_bucket(pattern, [&](std::uint32_t bucket) { ++table[bucket + 1]; });
    }
    for (std::size_t i = 0; i < bucket_count; ++i) {
        table[i + 1] = static_cast<std::uint16_t>(table[i + 1] + table[i]);
    }
    return table;
}();

constexpr auto candidates = [] {
    std::array<std::uint16_t, starts[bucket_count]> table{};
    std::array<std::uint16_t, bucket_count> used{};
    for (std::uint16_t i = 0; i < insn_count; ++i) {
        for_each_bucket(detail::patterns[i], [&](std::uint32_t bucket) {
            table[std::size_t{starts[bucket]} + used[bucket]] = i;
            ++used[bucket];
        });
    }
    return table;
}();

void take(Decoded& out, const OperandInfo& operand, std::uint32_t word) {
    const std::int32_t value = operand.get(word);
    switch (operand.slot) {
        case Slot::rd:
            out.rd = static_cast<std::uint8_t>(value);
            break;
        case Slot::rj:
            out.rj = static_cast<std::uint8_t>(value);
            break;
        case Slot::rk:
            out.rk = static_cast<std::uint8_t>(value);
            break;
        case Slot::ra:
            out.ra = static_cast<std::uint8_t>(value);
            break;
        case Slot::imm:
            out.imm = value;
            break;
    }
}

}  // namespace

bool decode(std::uint32_t word, Decoded& out) {
    const std::uint32_t bucket = word >> bucket_shift;
    for (unsigned i = starts[bucket]; i < starts[bucket + 1]; ++i) {
        const unsigned index = candidates[i];
        const detail::Pattern& pattern = detail::patterns[index];
        if ((word & masks[static_cast<std::size_t>(pattern.format)]) != pattern.match) continue;
        out = Decoded{};
        out.insn = static_cast<Insn>(index);
        for (const OperandKind kind : operands(pattern.format)) {
            if (kind == OperandKind::none) break;
            take(out, info(kind), word);
        }
        return true;
    }
    return false;
}

}  // namespace lkvm::la
