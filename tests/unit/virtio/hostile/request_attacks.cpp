// SPDX-License-Identifier: GPL-2.0-or-later
// Well-formed chains with block requests that make no sense.
#include "tests/unit/virtio/hostile/victim.hpp"
#include "virtio/blk/request.hpp"

namespace lkvm::test {

namespace {

constexpr std::uint32_t type_in = 0;
constexpr std::uint32_t type_out = 1;
constexpr std::uint64_t sectors = Victim::disk_size / 512;

void add_sectors(std::vector<Attack>& attacks) {
    constexpr std::pair<const char*, std::uint64_t> places[] = {
        {"AtTheEnd", sectors},
        {"BehindTheEnd", sectors + 1},
        {"AtTheTop", UINT64_MAX},
        {"WherePositionsWrap", std::uint64_t{1} << 55},
        {"WherePositionsWrapToZero", UINT64_MAX / 512 + 1},
        {"AtTheSignBit", std::uint64_t{1} << 63},
    };
    for (const std::uint32_t type : {type_in, type_out}) {
        for (const auto& [name, sector] : places) {
            attacks.push_back({std::string(type == type_in ? "Reading" : "Writing") + name,
                               Outcome::io_error, [type, where = sector](Victim& victim) {
                                   victim.start();
                                   victim.set_header(type, where);
                                   Raw data = victim.data();
                                   if (type == type_out) data.flags = raw_next;
                                   victim.offer({victim.header(), data, victim.status()});
                                   victim.kick();
                                   EXPECT_TRUE(victim.disk.submitted.empty());
                               }});
        }
        for (const std::uint32_t length : {1u, 511u, 513u, 4095u}) {
            attacks.push_back({std::string(type == type_in ? "Reading" : "Writing") +
                                   std::to_string(length) + "Bytes",
                               Outcome::io_error, [type, length](Victim& victim) {
                                   victim.start();
                                   victim.set_header(type, 0);
                                   Raw data = victim.data();
                                   data.length = length;
                                   if (type == type_out) data.flags = raw_next;
                                   victim.offer({victim.header(), data, victim.status()});
                                   victim.kick();
                               }});
        }
    }
}

void add_shapes(std::vector<Attack>& attacks) {
    for (const std::uint32_t type :
         {2u, 3u, 5u, 7u, 9u, 12u, 14u, 15u, 16u, 0x80000000u, 0x80000001u, UINT32_MAX}) {
        attacks.push_back(
            {"UnknownType" + std::to_string(type), Outcome::unsupported, [type](Victim& victim) {
                 victim.start();
                 victim.set_header(type, 0);
                 victim.offer({victim.header(), victim.data(), victim.status()});
                 victim.kick();
             }});
    }
    attacks.push_back({"HeaderOnly", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           Raw header = victim.header();
                           header.flags = 0;
                           victim.offer({header});
                           victim.kick();
                       }});
    attacks.push_back({"StatusOnly", Outcome::io_error, [](Victim& victim) {
                           victim.start();
                           victim.offer({victim.status()});
                           victim.kick();
                       }});
    for (const std::uint32_t length : {1u, 8u, 15u}) {
        attacks.push_back({"HeaderOf" + std::to_string(length) + "Bytes", Outcome::io_error,
                           [length](Victim& victim) {
                               victim.start();
                               Raw header = victim.header();
                               header.length = length;
                               victim.offer({header, victim.status()});
                               victim.kick();
                           }});
    }
    attacks.push_back({"WritableHeader", Outcome::io_error, [](Victim& victim) {
                           victim.start();
                           Raw header = victim.header();
                           header.flags |= raw_write;
                           victim.offer({header, victim.data(), victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"WriteWithoutData", Outcome::served, [](Victim& victim) {
                           victim.start();
                           victim.set_header(type_out, 0);
                           victim.offer({victim.header(), victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"WriteWithWritableData", Outcome::served, [](Victim& victim) {
                           victim.start();
                           victim.set_header(type_out, 0);
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                           EXPECT_TRUE(victim.disk.submitted.empty());
                       }});
    attacks.push_back({"HeaderChangesInFlight", Outcome::served, [](Victim& victim) {
                           victim.start();
                           victim.disk.later = true;
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                           victim.set_header(type_out, UINT64_MAX);
                           victim.disk.finish();
                           victim.disk.later = false;
                           EXPECT_EQ(victim.disk.last.operation, BlockOperation::read);
                       }});
    attacks.push_back({"BackEndFails", Outcome::io_error, [](Victim& victim) {
                           victim.start();
                           victim.disk.answer = BlockStatus::io_error;
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                           victim.disk.answer = BlockStatus::ok;
                       }});
    attacks.push_back({"BackEndDoesNotKnowHow", Outcome::unsupported, [](Victim& victim) {
                           victim.start();
                           victim.disk.answer = BlockStatus::not_supported;
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                           victim.disk.answer = BlockStatus::ok;
                       }});
}

void add_ranges(std::vector<Attack>& attacks) {
    using virtio::blk::Range;
    struct BadRange {
        const char* name;
        std::uint64_t sector;
        std::uint32_t count;
        std::uint32_t flags;
        Outcome discard;
        Outcome zeroes;
    };
    constexpr Outcome error = Outcome::io_error;
    constexpr Outcome unsupported = Outcome::unsupported;
    constexpr BadRange ranges[] = {
        {"BehindTheEnd", sectors, 1, 0, error, error},
        {"OverTheEnd", sectors - 1, 2, 0, error, error},
        {"Wrapping", UINT64_MAX, 2, 0, error, error},
        {"WithPositionsThatWrap", std::uint64_t{1} << 55, 1, 0, error, error},
        {"Huge", 0, UINT32_MAX, 0, error, error},
        {"WithUnmap", 0, 1, 1, unsupported, Outcome::served},
        {"WithUnknownFlags", 0, 1, 2, unsupported, unsupported},
        {"WithAllFlags", 0, 1, UINT32_MAX, unsupported, unsupported},
        {"Empty", 0, 0, 0, Outcome::served, Outcome::served},
    };
    for (const std::uint32_t type : {11u, 13u}) {
        const bool discard = type == 11;
        const std::string prefix = discard ? "Discard" : "Zeroes";
        for (const BadRange& range : ranges) {
            attacks.push_back(
                {prefix + range.name, discard ? range.discard : range.zeroes,
                 [type, range](Victim& victim) {
                     victim.start();
                     victim.set_header(type, 0);
                     const Raw data = victim.data();
                     victim.ram.put(Gpa{data.address},
                                    Range{range.sector, range.count, range.flags});
                     victim.offer({victim.header(), {data.address, 16, raw_next}, victim.status()});
                     victim.kick();
                 }});
        }
        for (const std::uint32_t length : {0u, 1u, 15u, 17u, 33u * 16u}) {
            attacks.push_back({prefix + "Of" + std::to_string(length) + "Bytes", Outcome::io_error,
                               [type, length](Victim& victim) {
                                   victim.start();
                                   victim.set_header(type, 0);
                                   victim.offer({victim.header(),
                                                 {victim.data().address, length, raw_next},
                                                 victim.status()});
                                   victim.kick();
                               }});
        }
    }
}

}  // namespace

std::vector<Attack> request_attacks() {
    std::vector<Attack> attacks;
    add_sectors(attacks);
    add_shapes(attacks);
    add_ranges(attacks);
    return attacks;
}

}  // namespace lkvm::test
