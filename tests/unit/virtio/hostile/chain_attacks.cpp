// SPDX-License-Identifier: GPL-2.0-or-later
// Descriptors that make no sense, in either ring format.
#include "tests/unit/virtio/hostile/victim.hpp"

namespace lkvm::test {

namespace {

struct BadRange {
    const char* name;
    std::uint64_t address;
    std::uint32_t length;
};

constexpr std::uint64_t end_of_touching_banks = TestRam::gap.value;

// Not wholly in RAM, each in its own way.
constexpr BadRange bad_ranges[] = {
    {"AtZero", 0, 512},
    {"BelowTheFirstBank", TestRam::first.value - 1, 512},
    {"JustBehindABank", end_of_touching_banks, 1},
    {"InAGap", TestRam::gap.value + 0x1000, 512},
    {"OverTheEndOfABank", end_of_touching_banks - 1, 2},
    {"FromBankIntoGapAndNextBank", end_of_touching_banks - 4096, 0x10000000},
    {"BehindTheLastBank", TestRam::third.value + TestRam::third_size, 16},
    {"InVirtioWindow", 0x16000000, 512},
    {"InSerialPort", 0x1fe001e0, 8},
    {"InInterruptController", 0x10000000, 64},
    {"InBootRom", 0x1c000000, 512},
    {"AtTheTop", UINT64_MAX, 1},
    {"WrappingAround", UINT64_MAX - 255, 512},
    {"WrappingIntoRam", UINT64_MAX - 15, UINT32_MAX},
    {"Huge", TestRam::first.value, UINT32_MAX},
    {"SignBit", 0x8000000090000000, 512},
    {"CachedWindow", 0x9000000090000000, 512},
};

enum class Part { header, data, status };

std::vector<Raw> with_part(const Victim& victim, Part part, const BadRange& range) {
    std::vector<Raw> chain{victim.header(), victim.data(), victim.status()};
    Raw& bad = chain[static_cast<std::size_t>(part)];
    bad.address = range.address;
    bad.length = range.length;
    return chain;
}

/// Puts the chain into a table and offers that.
void offer_table(Victim& victim, const std::vector<Raw>& chain) {
    const Gpa table = victim.ram.allocate(16 * chain.size());
    for (std::size_t i = 0; i < chain.size(); ++i) {
        victim.put(Gpa{table.value + 16 * i}, chain[i], static_cast<std::uint16_t>(i + 1));
    }
    victim.offer({{table.value, static_cast<std::uint32_t>(16 * chain.size()), raw_indirect}});
}

void add_bad_ranges(std::vector<Attack>& attacks) {
    constexpr std::pair<Part, const char*> parts[] = {
        {Part::header, "Header"}, {Part::data, "Data"}, {Part::status, "Status"}};
    for (const BadRange& range : bad_ranges) {
        for (const auto& [part, name] : parts) {
            attacks.push_back({std::string(name) + range.name, Outcome::needs_reset,
                               [which = part, range](Victim& victim) {
                                   victim.start();
                                   victim.offer(with_part(victim, which, range));
                                   victim.kick();
                               }});
            attacks.push_back({std::string("Indirect") + name + range.name, Outcome::needs_reset,
                               [which = part, range](Victim& victim) {
                                   victim.start();
                                   offer_table(victim, with_part(victim, which, range));
                                   victim.kick();
                               }});
        }
        attacks.push_back(
            {std::string("Table") + range.name, Outcome::needs_reset, [range](Victim& victim) {
                 victim.start();
                 victim.offer({{range.address, 48, raw_indirect}});
                 victim.kick();
             }});
    }
}

void add_tables(std::vector<Attack>& attacks) {
    for (const std::uint32_t length : {0u, 1u, 15u, 17u, 47u, 0xfffffff0u, 0xffffffffu}) {
        attacks.push_back({"TableOfLength" + std::to_string(length), Outcome::needs_reset,
                           [length](Victim& victim) {
                               victim.start();
                               const Gpa table = victim.ram.allocate(64);
                               victim.offer({{table.value, length, raw_indirect}});
                               victim.kick();
                           }});
    }
    attacks.push_back({"TableWithoutTheFeature", Outcome::needs_reset, [](Victim& victim) {
                           victim.start(0);
                           offer_table(victim, {victim.header(), victim.data(), victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"TableWithNext", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           const Gpa table = victim.ram.allocate(48);
                           victim.put(table, victim.header(), 1);
                           victim.put(Gpa{table.value + 16}, victim.data(), 2);
                           victim.put(Gpa{table.value + 32}, victim.status());
                           victim.offer(
                               {{table.value, 48, raw_indirect | raw_next}, victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"ReadableAfterWritable", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           Raw last = victim.header();
                           last.flags = 0;
                           victim.offer({victim.header(), victim.data(), last});
                           victim.kick();
                       }});
    attacks.push_back({"ReadableAfterWritableInTable", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           Raw last = victim.header();
                           last.flags = 0;
                           offer_table(victim, {victim.header(), victim.data(), last});
                           victim.kick();
                       }});
    attacks.push_back({"MoreThanFourGigabytes", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           // Each piece is in RAM; 64 of them are more than 4 GiB.
                           std::vector<Raw> chain(65, Raw{TestRam::third.value, TestRam::third_size,
                                                          raw_next | raw_write});
                           chain.front() = victim.header();
                           chain.push_back(victim.status());
                           offer_table(victim, chain);
                           victim.kick();
                       }});
    attacks.push_back({"MorePiecesThanAnnounced", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           std::vector<Raw> chain(
                               200, Raw{TestRam::third.value, 512, raw_next | raw_write});
                           chain.front() = victim.header();
                           chain.back() = victim.status();
                           offer_table(victim, chain);
                           victim.kick();
                       }});
    attacks.push_back({"AsManyPiecesAsAnnounced", Outcome::served, [](Victim& victim) {
                           victim.start();
                           std::vector<Raw> chain(
                               128, Raw{TestRam::third.value, 512, raw_next | raw_write});
                           chain.front() = victim.header();
                           chain.back() = victim.status();
                           offer_table(victim, chain);
                           victim.kick();
                       }});
    attacks.push_back({"AllPiecesEmptyButHeaderAndStatus", Outcome::served, [](Victim& victim) {
                           victim.start();
                           std::vector<Raw> chain(100, Raw{UINT64_MAX, 0, raw_next | raw_write});
                           chain.front() = victim.header();
                           chain.back() = victim.status();
                           offer_table(victim, chain);
                           victim.kick();
                       }});
    attacks.push_back({"NothingButEmptyPieces", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           victim.offer({{0, 0, raw_next}, {0, 0, raw_write}});
                           victim.kick();
                       }});
    attacks.push_back({"DataOverTwoTouchingBanks", Outcome::served, [](Victim& victim) {
                           victim.start();
                           Raw data = victim.data();
                           data.address = TestRam::second.value - 100;
                           victim.offer({victim.header(), data, victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"DataOverTheRingItself", Outcome::served, [](Victim& victim) {
                           victim.start();
                           // The read lands on unused descriptors of the ring.
                           Raw data = victim.data();
                           data.address = victim.ring().descriptor(8).value;
                           data.length = 0;
                           victim.offer({victim.header(), data, victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"StatusInTheHeader", Outcome::served, [](Victim& victim) {
                           victim.start();
                           const Raw header = victim.header();
                           victim.offer({header,
                                         victim.data(),
                                         {header.address, 1, raw_next | raw_write},
                                         victim.status()});
                           // The data is one byte too long for a sector then.
                           victim.kick();
                           victim.start();
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                       }});
}

}  // namespace

std::vector<Attack> chain_attacks() {
    std::vector<Attack> attacks;
    add_bad_ranges(attacks);
    add_tables(attacks);
    return attacks;
}

}  // namespace lkvm::test
