// SPDX-License-Identifier: GPL-2.0-or-later
// Rings that make no sense, format by format.
#include "tests/unit/virtio/hostile/victim.hpp"

namespace lkvm::test {

namespace {

Raw next_of(Raw raw) {
    raw.flags |= raw_next;
    return raw;
}

void add_split_chains(std::vector<Attack>& attacks) {
    attacks.push_back({"DescriptorThatIsItsOwnNext", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           victim.put(victim.ring().descriptor(3), victim.header(), 3);
                           victim.publish(3);
                           victim.kick();
                       }});
    attacks.push_back({"LoopOfTwo", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           victim.put(victim.ring().descriptor(0), victim.header(), 1);
                           victim.put(victim.ring().descriptor(1), victim.header(), 0);
                           victim.publish(0);
                           victim.kick();
                       }});
    attacks.push_back({"LoopOfEmptyDescriptors", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           victim.put(victim.ring().descriptor(0), {0, 0, raw_next}, 1);
                           victim.put(victim.ring().descriptor(1), {0, 0, raw_next}, 0);
                           victim.publish(0);
                           victim.kick();
                       }});
    attacks.push_back({"LoopThroughTheWholeRing", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           for (std::uint16_t i = 0; i < Victim::ring_size; ++i) {
                               victim.put(victim.ring().descriptor(i), {0, 0, raw_next},
                                          static_cast<std::uint16_t>((i + 1) % Victim::ring_size));
                           }
                           victim.publish(0);
                           victim.kick();
                       }});
    attacks.push_back({"LoopInTable", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           const Gpa table = victim.ram.allocate(32);
                           victim.put(table, {0, 0, raw_next}, 1);
                           victim.put(Gpa{table.value + 16}, {0, 0, raw_next}, 0);
                           victim.offer({{table.value, 32, raw_indirect}});
                           victim.kick();
                       }});
    attacks.push_back({"TableInTable", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           const Gpa table = victim.ram.allocate(32);
                           victim.put(table, {table.value, 32, raw_indirect}, 0);
                           victim.offer({{table.value, 32, raw_indirect}});
                           victim.kick();
                       }});
    attacks.push_back({"TableInTableWithAGoodRequest", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           const Gpa inner = victim.ram.allocate(48);
                           victim.put(inner, victim.header(), 1);
                           victim.put(Gpa{inner.value + 16}, victim.data(), 2);
                           victim.put(Gpa{inner.value + 32}, victim.status());
                           const Gpa outer = victim.ram.allocate(16);
                           victim.put(outer, {inner.value, 48, raw_indirect});
                           victim.offer({{outer.value, 16, raw_indirect}});
                           victim.kick();
                       }});
    attacks.push_back({"EverythingFlagged", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           Raw raw = victim.header();
                           raw.flags = 0xffff;
                           victim.offer({raw});
                           victim.kick();
                       }});
    for (const std::uint16_t next :
         {Victim::ring_size, std::uint16_t{255}, std::uint16_t{0xffff}}) {
        attacks.push_back(
            {"NextIs" + std::to_string(next), Outcome::needs_reset, [next](Victim& victim) {
                 victim.start();
                 victim.put(victim.ring().descriptor(0), victim.header(), next);
                 victim.publish(0);
                 victim.kick();
             }});
        attacks.push_back(
            {"NextInTableIs" + std::to_string(next), Outcome::needs_reset, [next](Victim& victim) {
                 victim.start();
                 const Gpa table = victim.ram.allocate(32);
                 victim.put(table, victim.header(), next);
                 victim.offer({{table.value, 32, raw_indirect}});
                 victim.kick();
             }});
        attacks.push_back(
            {"HeadIs" + std::to_string(next), Outcome::needs_reset, [next](Victim& victim) {
                 victim.start();
                 victim.publish(next);
                 victim.kick();
             }});
    }
    attacks.push_back({"NextInTableJustBehindIt", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           const Gpa table = victim.ram.allocate(32);
                           victim.put(table, victim.header(), 2);
                           victim.offer({{table.value, 32, raw_indirect}});
                           victim.kick();
                       }});
}

void add_split_indices(std::vector<Attack>& attacks) {
    for (const std::uint16_t index : {std::uint16_t{Victim::ring_size + 1}, std::uint16_t{0x7fff},
                                      std::uint16_t{0x8000}, std::uint16_t{0xffff}}) {
        attacks.push_back({"AvailableIndexJumpsTo" + std::to_string(index), Outcome::needs_reset,
                           [index](Victim& victim) {
                               victim.start();
                               victim.publish(0, index);
                               victim.kick();
                           }});
    }
    attacks.push_back({"AvailableIndexGoesBack", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                           victim.publish(0, 0);
                           victim.kick();
                       }});
    attacks.push_back({"SameHeadInEveryEntry", Outcome::served, [](Victim& victim) {
                           victim.start();
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           for (unsigned i = 0; i < Victim::ring_size; ++i) {
                               victim.ram.put<Le16>(Gpa{victim.ring().driver.value + 4 + 2 * i},
                                                    std::uint16_t{0});
                           }
                           victim.publish(0, Victim::ring_size);
                           victim.kick();
                           EXPECT_EQ(victim.disk.submitted.size(), Victim::ring_size);
                       }});
    attacks.push_back({"SameHeadWhileInFlight", Outcome::served, [](Victim& victim) {
                           victim.start();
                           victim.disk.later = true;
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           for (std::uint16_t i = 1; i <= 272; ++i) {
                               victim.ram.put<Le16>(Gpa{victim.ring().driver.value + 2}, i);
                               victim.kick();
                           }
                           while (!victim.disk.waiting.empty()) victim.disk.finish();
                           EXPECT_EQ(victim.disk.submitted.size(), 272u);
                           victim.disk.later = false;
                       }});
    attacks.push_back({"KickWithNothingThere", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           for (unsigned i = 0; i < 1000; ++i) victim.kick();
                       }});
    attacks.push_back({"UsedRingOverwritten", Outcome::served, [](Victim& victim) {
                           victim.start();
                           victim.ram.put_bytes(victim.ring().device,
                                                std::vector<std::byte>(64, std::byte{0xff}));
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                           EXPECT_EQ(victim.ram.get<Le16>(Gpa{victim.ring().device.value + 2}), 1u);
                       }});
    attacks.push_back({"RingsOnTopOfEachOther", Outcome::ignored, [](Victim& victim) {
                           EXPECT_TRUE(victim.driver.negotiate(0));
                           DriverRing& ring = victim.driver.set_up(0, Victim::ring_size);
                           victim.driver.write(virtio::mmio::QueueReady, 0);
                           ring.driver = ring.device = ring.descriptors;
                           victim.driver.enable(0, ring);
                           victim.driver.driver_ok();
                       }});
}

void add_packed(std::vector<Attack>& attacks) {
    attacks.push_back({"ChainLongerThanTheRing", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           std::vector<Raw> chain(Victim::ring_size, next_of(victim.header()));
                           victim.offer(chain);
                           victim.kick();
                       }});
    attacks.push_back(
        {"ChainOfEmptyDescriptorsWithoutEnd", Outcome::needs_reset, [](Victim& victim) {
             victim.start();
             std::vector<Raw> chain(Victim::ring_size, Raw{0, 0, raw_next});
             victim.offer(chain);
             victim.kick();
         }});
    attacks.push_back({"TableAfterADirectDescriptor", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           const Gpa table = victim.ram.allocate(32);
                           victim.put(table, victim.status());
                           victim.offer({victim.header(), {table.value, 16, raw_indirect}});
                           victim.kick();
                       }});
    attacks.push_back({"FlagsInTablesAreNotLookedAt", Outcome::served, [](Victim& victim) {
                           victim.start();
                           const Gpa table = victim.ram.allocate(48);
                           Raw header = victim.header();
                           header.flags = 0xffff & ~raw_write;
                           Raw data = victim.data();
                           data.flags = 0xffff;
                           Raw status = victim.status();
                           status.flags = 0xffff;
                           victim.put(table, header);
                           victim.put(Gpa{table.value + 16}, data);
                           victim.put(Gpa{table.value + 32}, status);
                           victim.offer({{table.value, 48, raw_indirect}});
                           victim.kick();
                       }});
    attacks.push_back(
        {"AnyBufferId", Outcome::served, [](Victim& victim) {
             victim.start();
             victim.offer({victim.header(), victim.data(), victim.status()});
             victim.ram.put<Le16>(Gpa{victim.ring().descriptor(2).value + 12},
                                  std::uint16_t{0xffff});
             victim.kick();
             EXPECT_EQ(victim.ram.get<Le16>(Gpa{victim.ring().descriptor(0).value + 12}), 0xffffu);
         }});
    attacks.push_back({"UsedFlagOnly", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           Raw raw = victim.header();
                           raw.flags = 1 << 15;
                           victim.put(victim.ring().descriptor(0), raw);
                           victim.kick();
                       }});
    attacks.push_back({"BothFlags", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           Raw raw = victim.header();
                           raw.flags = 1 << 15 | 1 << 7;
                           victim.put(victim.ring().descriptor(0), raw);
                           victim.kick();
                       }});
    for (const std::uint16_t mode : {std::uint16_t{2}, std::uint16_t{3}, std::uint16_t{0xffff}}) {
        attacks.push_back({"EventSuppressionMode" + std::to_string(mode), Outcome::served,
                           [mode](Victim& victim) {
                               victim.start();
                               victim.ram.put<Le16>(Gpa{victim.ring().driver.value + 2}, mode);
                               victim.ram.put<Le16>(victim.ring().driver, std::uint16_t{0xffff});
                               victim.offer({victim.header(), victim.data(), victim.status()});
                               victim.kick();
                           }});
    }
    attacks.push_back(
        {"MoreInFlightThanTheRingHolds", Outcome::served, [](Victim& victim) {
             victim.start();
             victim.disk.later = true;
             // The same three entries again and again, lap after lap.
             for (unsigned lap = 0; lap < 100; ++lap) {
                 for (std::uint16_t i = 0; i + 3 <= Victim::ring_size; i += 3) {
                     victim.offer({victim.header(), victim.data(), victim.status()}, i);
                 }
                 for (std::uint16_t i = 0; i < Victim::ring_size; ++i) {
                     const Gpa flags{victim.ring().descriptor(i).value + 14};
                     const std::uint16_t now = victim.ram.get<Le16>(flags);
                     const bool even = lap % 2 == 0;
                     victim.ram.put<Le16>(
                         flags, static_cast<std::uint16_t>((now & 7) | (even ? 1 << 7 : 1 << 15)));
                 }
                 victim.kick();
                 if (victim.driver.broken()) break;
             }
             victim.disk.finish();
             victim.disk.finish();
             victim.disk.later = false;
             // However that ended, it ended; the rest is for the check after it.
             victim.start();
             victim.offer({victim.header(), victim.data(), victim.status()});
             victim.kick();
         }});
}

}  // namespace

std::vector<Attack> split_ring_attacks() {
    std::vector<Attack> attacks;
    add_split_chains(attacks);
    add_split_indices(attacks);
    return attacks;
}

std::vector<Attack> packed_ring_attacks() {
    std::vector<Attack> attacks;
    add_packed(attacks);
    return attacks;
}

}  // namespace lkvm::test
