// SPDX-License-Identifier: GPL-2.0-or-later
// The driver's side of virtio for tests: rings of both formats in guest RAM, and the register
// dance of virtio-mmio. VIRTIO 1.2 §2.7, §2.8, §4.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lkvm/irq.hpp>
#include <lkvm/log.hpp>

#include "tests/support/test_ram.hpp"
#include "virtio/device.hpp"
#include "virtio/features.hpp"
#include "virtio/transport_mmio.hpp"

namespace lkvm::test {

/// One descriptor that a driver offers.
struct Piece {
    Gpa where;
    std::uint32_t length = 0;
    bool writable = false;
};

enum class Shape { direct, indirect };

/// What the device gave back.
struct Used {
    std::uint32_t id = 0;
    std::uint32_t length = 0;

    friend bool operator==(const Used&, const Used&) = default;
};

/// Where a ring lies.
struct RingPlaces {
    std::uint16_t size = 0;
    Gpa descriptors;
    Gpa driver;
    Gpa device;

    [[nodiscard]] Gpa descriptor(unsigned index) const {
        return Gpa{descriptors.value + 16 * std::uint64_t{index}};
    }
};

/// One ring as a well-behaved driver keeps it. For the other kind of driver all places in memory
/// are public.
class DriverRing : public RingPlaces {
public:
    virtual ~DriverRing() = default;

    /// Makes a chain available; returns its ID.
    virtual std::uint16_t add(const std::vector<Piece>& pieces, Shape shape = Shape::direct) = 0;
    /// The next used buffer, or nothing.
    virtual std::optional<Used> poll() = 0;
    /// Whether the device wants a kick for what was added since the last call.
    virtual bool needs_kick() = 0;
    /// Asks for an interrupt at every used buffer, or for none.
    virtual void want_interrupts(bool wanted) = 0;
};

/// Memory for a ring and its keeper.
[[nodiscard]] std::unique_ptr<DriverRing> make_ring(TestRam& ram, virtio::RingFormat format,
                                                    std::uint16_t size, bool event_idx);

/// A descriptor's bytes, in the order of the format.
void put_descriptor(TestRam& ram, virtio::RingFormat format, Gpa where, std::uint64_t address,
                    std::uint32_t length, std::uint16_t flags, std::uint16_t next_or_id);

class RecordingPulse final : public IrqPulse {
public:
    void signal() override { ++count; }
    unsigned count = 0;
};

class RecordingLog final : public Log {
public:
    void line(LogLevel, std::string_view device, std::string_view what,
              std::uint64_t value) override {
        lines.push_back(std::string(device) + ": " + std::string(what) + " " +
                        std::to_string(value));
    }
    std::vector<std::string> lines;
};

/// Owner of all queues on the test's own thread: kicks are kept until run() or wait().
class ManualOwner final : public virtio::QueueOwner {
public:
    void connect(virtio::MmioTransport& transport) { transport_ = &transport; }

    void kick(unsigned queue) override { kicked.insert(queue); }
    void wait(const virtio::WaitCondition& condition) override {
        ++waits;
        if (!stuck) run();
        met = condition.met();
    }
    void progress() override {}
    [[nodiscard]] std::int32_t allowance() const override { return turn; }

    /// Serves kicked queues until there are none.
    void run() {
        while (!kicked.empty()) {
            const unsigned queue = *kicked.begin();
            kicked.erase(kicked.begin());
            transport_->run(queue);
        }
    }

    std::set<unsigned> kicked;
    bool stuck = false;  ///< the owner does not get to run during wait()
    bool met = true;     ///< how the last wait ended
    unsigned waits = 0;
    std::int32_t turn = 4096;  ///< what a queue may do at once

private:
    virtio::MmioTransport* transport_ = nullptr;
};

/// A device behind a transport, and its driver.
class DriverHarness {
public:
    DriverHarness(TestRam& ram, virtio::Device& device,
                  virtio::RingFormat format = virtio::RingFormat::split);

    [[nodiscard]] std::uint32_t read(std::uint64_t reg) {
        return static_cast<std::uint32_t>(transport.read(reg, 4));
    }
    void write(std::uint64_t reg, std::uint32_t value) { transport.write(reg, 4, value); }

    [[nodiscard]] std::uint64_t offered();
    /// Up to FEATURES_OK with these of the offered features; VERSION_1 and, on a packed transport,
    /// RING_PACKED come along. True if the device agreed.
    bool negotiate(std::uint64_t features);
    /// Makes and enables a ring for the queue.
    DriverRing& set_up(unsigned queue, std::uint16_t size = 16);
    void enable(unsigned queue, const RingPlaces& places);
    void driver_ok();
    /// All of that for every queue.
    void start(std::uint64_t features, std::uint16_t size = 16);

    [[nodiscard]] DriverRing& ring(unsigned queue) { return *rings.at(queue); }
    /// Kicks if the device wants it, and lets the owner run.
    void kick(unsigned queue);
    [[nodiscard]] std::uint32_t status();
    [[nodiscard]] bool broken();

    TestRam& ram;
    RecordingPulse pulse;
    RecordingLog log;
    ManualOwner owner;
    virtio::RingFormat format;
    virtio::MmioTransport transport;
    std::uint64_t features = 0;
    std::vector<std::unique_ptr<DriverRing>> rings;
};

}  // namespace lkvm::test
