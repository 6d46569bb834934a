// SPDX-License-Identifier: GPL-2.0-or-later
// Registers used in ways that no driver should.
#include <algorithm>

#include "tests/unit/virtio/hostile/victim.hpp"

namespace lkvm::test {

namespace {

namespace mmio = virtio::mmio;
namespace status = virtio::status;

constexpr std::uint32_t steps_before_ok =
    status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK;

void add_accesses(std::vector<Attack>& attacks) {
    for (std::uint64_t offset = 0; offset < mmio::Config; offset += 4) {
        // The registers that these values would make do something have attacks of their own.
        const bool special = offset == mmio::Status || offset == mmio::QueueReady ||
                             offset == mmio::QueueReset || offset == mmio::QueueNotify;
        if (special) continue;
        attacks.push_back(
            {"WritesTo" + std::to_string(offset), Outcome::ignored, [offset](Victim& victim) {
                 victim.start();
                 for (const std::uint64_t value :
                      {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{UINT32_MAX}, UINT64_MAX}) {
                     for (const unsigned size : {1u, 2u, 4u, 8u}) {
                         victim.driver.transport.write(offset, size, value);
                         static_cast<void>(victim.driver.transport.read(offset, size));
                     }
                 }
                 victim.driver.owner.run();
             }});
    }
    for (const unsigned size : {1u, 2u, 8u}) {
        attacks.push_back(
            {"RegistersInSize" + std::to_string(size), Outcome::ignored, [size](Victim& victim) {
                 victim.start();
                 auto& transport = victim.driver.transport;
                 for (std::uint64_t at = 0; at < mmio::Config; ++at) {
                     EXPECT_EQ(transport.read(at, size), 0u) << at;
                     transport.write(at, size, 0);
                 }
                 EXPECT_EQ(victim.driver.status(), steps_before_ok | status::DRIVER_OK);
             }});
    }
    attacks.push_back({"RegistersMisaligned", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           for (std::uint64_t at = 0; at < mmio::Config; ++at) {
                               if (at % 4 == 0) continue;
                               EXPECT_EQ(victim.driver.transport.read(at, 4), 0u);
                               victim.driver.transport.write(at, 4, 0);
                           }
                       }});
    attacks.push_back({"ConfigurationSpaceEverywhere", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           for (std::uint64_t at = mmio::Config; at < mmio::window_size; ++at) {
                               for (const unsigned size : {1u, 2u, 4u, 8u}) {
                                   static_cast<void>(victim.driver.transport.read(at, size));
                                   victim.driver.transport.write(at, size, UINT64_MAX);
                               }
                           }
                       }});
}

void add_status(std::vector<Attack>& attacks) {
    attacks.push_back({"EveryStatusByte", Outcome::ignored, [](Victim& victim) {
                           for (std::uint32_t value = 1; value < 256; ++value) {
                               victim.driver.write(mmio::Status, 0);
                               victim.driver.write(mmio::Status, value);
                               const std::uint32_t now = victim.driver.status();
                               EXPECT_EQ(now & status::DEVICE_NEEDS_RESET, 0u);
                               EXPECT_EQ(now & status::DRIVER_OK, 0u) << "no VERSION_1, no run";
                           }
                       }});
    attacks.push_back({"StatusBitsThatDoNotExist", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           for (unsigned bit = 8; bit < 32; ++bit) {
                               victim.driver.write(mmio::Status, 1u << bit);
                               victim.driver.write(mmio::Status,
                                                   victim.driver.status() | 1u << bit);
                           }
                           EXPECT_EQ(victim.driver.status(), steps_before_ok | status::DRIVER_OK);
                       }});
    attacks.push_back({"DriverOkWithoutFeaturesOk", Outcome::ignored, [](Victim& victim) {
                           victim.driver.write(mmio::Status, 1);
                           victim.driver.write(mmio::Status, 3);
                           victim.driver.write(mmio::Status, 7);
                           EXPECT_EQ(victim.driver.status(), 3u);
                       }});
    attacks.push_back({"FeaturesOkTakenBack", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           victim.driver.write(mmio::Status, 7);
                           victim.driver.write(mmio::Status, 3);
                           EXPECT_EQ(victim.driver.status(), steps_before_ok | status::DRIVER_OK);
                       }});
    attacks.push_back({"FailedDriverGoesOn", Outcome::served, [](Victim& victim) {
                           victim.start();
                           victim.driver.write(mmio::Status,
                                               victim.driver.status() | status::FAILED);
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                       }});
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t feature = std::uint64_t{1} << bit;
        const bool offered =
            (feature & (virtio::F_VERSION_1 | virtio::F_INDIRECT_DESC | virtio::F_EVENT_IDX |
                        virtio::F_RING_RESET | virtio::F_RING_PACKED)) != 0 ||
            bit == 2 || bit == 6 || bit == 9 || bit == 10 || bit == 11 || bit == 13 || bit == 14;
        if (offered) continue;
        attacks.push_back(
            {"FeatureThatWasNotOffered" + std::to_string(bit), Outcome::ignored,
             [feature](Victim& victim) { EXPECT_FALSE(victim.driver.negotiate(feature)); }});
    }
    attacks.push_back({"FeatureWordsThatDoNotExist", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           for (const std::uint32_t word : {2u, 3u, 0x7fffffffu, UINT32_MAX}) {
                               victim.driver.write(mmio::DeviceFeaturesSel, word);
                               EXPECT_EQ(victim.driver.read(mmio::DeviceFeatures), 0u);
                               victim.driver.write(mmio::DriverFeaturesSel, word);
                               victim.driver.write(mmio::DriverFeatures, UINT32_MAX);
                           }
                       }});
    attacks.push_back({"ThousandResets", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           for (unsigned i = 0; i < 1000; ++i) {
                               victim.driver.write(mmio::Status, 0);
                           }
                       }});
}

void add_notifications(std::vector<Attack>& attacks) {
    for (const std::uint32_t queue : {1u, 2u, 127u, 128u, 0x10000u, 0x80000000u, UINT32_MAX}) {
        attacks.push_back(
            {"KickOfQueue" + std::to_string(queue), Outcome::ignored, [queue](Victim& victim) {
                 victim.start();
                 for (unsigned i = 0; i < 100; ++i) {
                     victim.driver.write(mmio::QueueNotify, queue);
                 }
                 victim.driver.owner.run();
             }});
    }
    attacks.push_back(
        {"KickBeforeAnything", Outcome::ignored, [](Victim& victim) { victim.kick(); }});
    attacks.push_back({"KickBeforeDriverOk", Outcome::ignored, [](Victim& victim) {
                           EXPECT_TRUE(victim.driver.negotiate(virtio::F_INDIRECT_DESC));
                           victim.driver.set_up(0, Victim::ring_size);
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"KickAfterReset", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.driver.write(mmio::Status, 0);
                           victim.kick();
                       }});
    attacks.push_back({"KickOfADisabledQueue", Outcome::ignored, [](Victim& victim) {
                           EXPECT_TRUE(victim.driver.negotiate(0));
                           victim.driver.driver_ok();
                           victim.kick();
                       }});
    attacks.push_back(
        {"AcknowledgingInterruptsThatNeverWere", Outcome::ignored, [](Victim& victim) {
             victim.start();
             victim.driver.write(mmio::InterruptACK, UINT32_MAX);
             EXPECT_EQ(victim.driver.read(mmio::InterruptStatus), 0u);
         }});
}

/// Sets the queue up with one thing wrong; the queue must not come up.
void add_setup(std::vector<Attack>& attacks, const std::string& name, Outcome outcome,
               const std::function<void(RingPlaces&)>& spoil) {
    attacks.push_back({name, outcome, [spoil](Victim& victim) {
                           EXPECT_TRUE(victim.driver.negotiate(0));
                           victim.driver.rings[0] = make_ring(victim.ram, victim.driver.format,
                                                              Victim::ring_size, false);
                           RingPlaces broken = *victim.driver.rings[0];
                           spoil(broken);
                           victim.driver.enable(0, broken);
                           EXPECT_EQ(victim.driver.read(mmio::QueueReady), 0u);
                           victim.driver.driver_ok();
                           victim.kick();
                       }});
}

void add_ring_setups(std::vector<Attack>& attacks) {
    constexpr std::pair<const char*, Gpa RingPlaces::*> areas[] = {
        {"Descriptors", &RingPlaces::descriptors},
        {"DriverArea", &RingPlaces::driver},
        {"DeviceArea", &RingPlaces::device}};
    constexpr std::pair<const char*, std::uint64_t> places[] = {
        {"AtZero", 0},
        {"BelowRam", TestRam::first.value - 0x10},
        {"OverTheEndOfRam", TestRam::gap.value - 0x0},
        {"InAGap", TestRam::gap.value + 0x1000},
        {"InADevice", 0x16000000},
        {"AtTheTop", UINT64_MAX - 15},
        {"SignBit", 0x8000000090001000},
    };
    for (const auto& [area_name, area] : areas) {
        for (const auto& [place_name, place] : places) {
            add_setup(
                attacks, std::string(area_name) + place_name, Outcome::needs_reset,
                [which = area, where = place](RingPlaces& ring) { ring.*which = Gpa{where}; });
        }
        add_setup(attacks, std::string(area_name) + "Misaligned", Outcome::needs_reset,
                  [which = area](RingPlaces& ring) { ++(ring.*which).value; });
    }
    add_setup(attacks, "DescriptorsMisalignedByEight", Outcome::needs_reset,
              [](RingPlaces& ring) { ring.descriptors.value += 8; });
    add_setup(attacks, "DescriptorsOverTheEndOfABank", Outcome::needs_reset,
              [](RingPlaces& ring) { ring.descriptors = Gpa{TestRam::gap.value - 16}; });
    add_setup(attacks, "SizeZero", Outcome::needs_reset, [](RingPlaces& ring) { ring.size = 0; });
    add_setup(attacks, "SizeAboveTheLimit", Outcome::needs_reset,
              [](RingPlaces& ring) { ring.size = 512; });
    add_setup(attacks, "SizeHuge", Outcome::needs_reset,
              [](RingPlaces& ring) { ring.size = 0xffff; });
}

void add_live_changes(std::vector<Attack>& attacks) {
    attacks.push_back({"RingMovedWhileLive", Outcome::served, [](Victim& victim) {
                           victim.start();
                           for (const std::uint64_t reg :
                                {mmio::QueueNum, mmio::QueueDescLow, mmio::QueueDescHigh,
                                 mmio::QueueDriverLow, mmio::QueueDriverHigh, mmio::QueueDeviceLow,
                                 mmio::QueueDeviceHigh}) {
                               victim.driver.write(reg, 0);
                           }
                           victim.driver.write(mmio::QueueReady, 1);
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"QueueReadyWithOtherValues", Outcome::served, [](Victim& victim) {
                           victim.start();
                           victim.driver.write(mmio::QueueReady, 2);
                           victim.driver.write(mmio::QueueReady, UINT32_MAX);
                           EXPECT_EQ(victim.driver.read(mmio::QueueReady), 1u);
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"QueueSelectedThatIsNotThere", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           for (const std::uint32_t queue : {1u, 128u, 0x10000u, UINT32_MAX}) {
                               victim.driver.write(mmio::QueueSel, queue);
                               for (std::uint64_t reg = mmio::QueueNumMax; reg < mmio::Config;
                                    reg += 4) {
                                   if (reg == mmio::Status || reg == mmio::QueueNotify) continue;
                                   victim.driver.write(reg, 1);
                                   static_cast<void>(victim.driver.read(reg));
                               }
                           }
                       }});
    attacks.push_back({"QueueStoppedInFlight", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           victim.disk.later = true;
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                           victim.driver.write(mmio::QueueReady, 0);
                           EXPECT_EQ(victim.driver.read(mmio::QueueReady), 1u) << "not yet";
                           victim.driver.write(mmio::QueueReady, 1);
                           victim.disk.finish();
                           victim.driver.owner.run();
                           EXPECT_EQ(victim.driver.read(mmio::QueueReady), 0u);
                           EXPECT_FALSE(victim.used_something());
                           victim.disk.submitted.clear();
                           victim.disk.later = false;
                       }});
    attacks.push_back({"ResetInFlight", Outcome::ignored, [](Victim& victim) {
                           victim.start();
                           victim.disk.later = true;
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                           for (unsigned i = 0; i < 10; ++i) {
                               victim.driver.write(mmio::Status, 0);
                               victim.driver.write(mmio::Status, 1);
                               victim.driver.write(mmio::QueueNotify, 0);
                           }
                           EXPECT_NE(victim.driver.status(), 0u);
                           victim.disk.finish();
                           victim.driver.owner.run();
                           EXPECT_EQ(victim.driver.status(), 0u);
                           EXPECT_FALSE(victim.used_something());
                           victim.disk.submitted.clear();
                           victim.disk.later = false;
                       }});
    attacks.push_back({"QueueResetInFlight", Outcome::ignored, [](Victim& victim) {
                           victim.start(virtio::F_RING_RESET);
                           victim.disk.later = true;
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                           victim.driver.write(mmio::QueueReset, 1);
                           EXPECT_EQ(victim.driver.read(mmio::QueueReset), 1u);
                           victim.driver.write(mmio::Status, 0);
                           victim.disk.finish();
                           victim.driver.owner.run();
                           EXPECT_EQ(victim.driver.status(), 0u);
                           victim.disk.submitted.clear();
                           victim.disk.later = false;
                       }});
    attacks.push_back({"QueueResetOfADisabledQueue", Outcome::ignored, [](Victim& victim) {
                           EXPECT_TRUE(victim.driver.negotiate(virtio::F_RING_RESET));
                           for (const std::uint32_t value : {0u, 1u, 2u, UINT32_MAX}) {
                               victim.driver.write(mmio::QueueReset, value);
                               EXPECT_EQ(victim.driver.read(mmio::QueueReset), 0u);
                           }
                       }});
    attacks.push_back({"ConfiguringAfterDriverOk", Outcome::served, [](Victim& victim) {
                           EXPECT_TRUE(victim.driver.negotiate(virtio::F_INDIRECT_DESC));
                           victim.driver.driver_ok();
                           victim.driver.set_up(0, Victim::ring_size);
                           victim.set_header(0, 0);
                           victim.offer({victim.header(), victim.data(), victim.status()});
                           victim.kick();
                       }});
    attacks.push_back({"WorkingOnABrokenDevice", Outcome::needs_reset, [](Victim& victim) {
                           victim.start();
                           victim.offer({{0, 512, 0}});
                           victim.kick();
                           EXPECT_EQ(victim.driver.read(mmio::InterruptStatus), 2u);
                           EXPECT_EQ(victim.driver.pulse.count, 1u);
                           for (unsigned i = 0; i < 100; ++i) victim.kick();
                           victim.driver.write(mmio::QueueReady, 0);
                           victim.driver.write(mmio::QueueReady, 1);
                           victim.kick();
                           EXPECT_EQ(victim.driver.pulse.count, 1u);
                           EXPECT_TRUE(victim.disk.submitted.empty());
                       }});
}

}  // namespace

std::vector<Attack> register_attacks() {
    std::vector<Attack> attacks;
    add_accesses(attacks);
    add_status(attacks);
    add_notifications(attacks);
    add_ring_setups(attacks);
    add_live_changes(attacks);
    return attacks;
}

}  // namespace lkvm::test
