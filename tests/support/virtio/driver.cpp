// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/virtio/driver.hpp"

#include <utility>

#include "virtio/mmio_registers.hpp"
#include "virtio/status.hpp"

namespace lkvm::test {

namespace {

constexpr std::uint16_t next_flag = 1;
constexpr std::uint16_t write_flag = 2;
constexpr std::uint16_t indirect_flag = 4;
constexpr std::uint16_t avail_flag = 1 << 7;
constexpr std::uint16_t used_flag = 1 << 15;

Gpa plus(Gpa base, std::uint64_t offset) {
    return Gpa{base.value + offset};
}

/// The need_event comparison of VIRTIO 1.2 §2.7.10, written from the driver's side.
bool passed(std::uint16_t event, std::uint16_t now, std::uint16_t before) {
    return static_cast<std::uint16_t>(now - event - 1) < static_cast<std::uint16_t>(now - before);
}

std::uint16_t write_if(bool writable) {
    return writable ? write_flag : std::uint16_t{0};
}

/// A table of the pieces in memory of its own.
Gpa make_table(TestRam& ram, virtio::RingFormat format, const std::vector<Piece>& pieces) {
    const Gpa table = ram.allocate(16 * pieces.size());
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool last = i + 1 == pieces.size();
        std::uint16_t flags = write_if(pieces[i].writable);
        if (!last && format == virtio::RingFormat::split) flags |= next_flag;
        put_descriptor(ram, format, plus(table, 16 * i), pieces[i].where.value, pieces[i].length,
                       flags, static_cast<std::uint16_t>(i + 1));
    }
    return table;
}

class SplitDriverRing final : public DriverRing {
public:
    SplitDriverRing(TestRam& ram, std::uint16_t entries, bool event_idx)
        : ram_(ram)
        , event_idx_(event_idx) {
        size = entries;
        descriptors = ram.allocate(16u * entries, 16);
        driver = ram.allocate(6u + 2u * entries, 2);
        device = ram.allocate(6u + 8u * entries, 4);
        for (std::uint16_t i = 0; i < entries; ++i) free_.push_back(i);
    }

    std::uint16_t add(const std::vector<Piece>& pieces, Shape shape) override {
        std::vector<Piece> ring_pieces = pieces;
        std::uint16_t extra = 0;
        if (shape == Shape::indirect) {
            const Gpa table = make_table(ram_, virtio::RingFormat::split, pieces);
            ring_pieces = {{table, static_cast<std::uint32_t>(16 * pieces.size()), false}};
            extra = indirect_flag;
        }
        EXPECT_GE(free_.size(), ring_pieces.size());
        std::vector<std::uint16_t> taken;
        for (std::size_t i = 0; i < ring_pieces.size(); ++i) {
            taken.push_back(free_.back());
            free_.pop_back();
        }
        for (std::size_t i = 0; i < taken.size(); ++i) {
            const bool last = i + 1 == taken.size();
            const auto flags = static_cast<std::uint16_t>(write_if(ring_pieces[i].writable) |
                                                          extra | (last ? 0 : next_flag));
            put_descriptor(ram_, virtio::RingFormat::split, descriptor(taken[i]),
                           ring_pieces[i].where.value, ring_pieces[i].length, flags,
                           last ? std::uint16_t{0} : taken[i + 1]);
        }
        const std::uint16_t head = taken.front();
        held_.resize(size);
        held_[head] = taken;
        ram_.put<Le16>(plus(driver, 4 + 2u * (available_ % size)), head);
        ++available_;
        ram_.put<Le16>(plus(driver, 2), available_);
        return head;
    }

    std::optional<Used> poll() override {
        if (ram_.get<Le16>(plus(device, 2)).value() == used_) return std::nullopt;
        const Gpa entry = plus(device, 4 + 8u * (used_ % size));
        ++used_;
        if (event_idx_ && wanted_) ram_.put<Le16>(plus(driver, 4 + 2u * size), used_);
        const Used result{ram_.get<Le32>(entry), ram_.get<Le32>(plus(entry, 4))};
        if (result.id < held_.size()) {
            for (const std::uint16_t index : held_[result.id]) free_.push_back(index);
            held_[result.id].clear();
        }
        return result;
    }

    bool needs_kick() override {
        const std::uint16_t before = std::exchange(kicked_, available_);
        if (before == available_) return false;
        if (event_idx_) {
            return passed(ram_.get<Le16>(plus(device, 4 + 8u * size)), available_, before);
        }
        return (ram_.get<Le16>(device).value() & 1) == 0;
    }

    void want_interrupts(bool wanted) override {
        wanted_ = wanted;
        if (event_idx_) {
            ram_.put<Le16>(plus(driver, 4 + 2u * size),
                           static_cast<std::uint16_t>(wanted ? used_ : used_ - 1));
        } else {
            ram_.put<Le16>(driver, static_cast<std::uint16_t>(wanted ? 0 : 1));
        }
    }

private:
    TestRam& ram_;
    const bool event_idx_;
    bool wanted_ = true;
    std::vector<std::uint16_t> free_;
    std::vector<std::vector<std::uint16_t>> held_;
    std::uint16_t available_ = 0;
    std::uint16_t used_ = 0;
    std::uint16_t kicked_ = 0;
};

class PackedDriverRing final : public DriverRing {
public:
    PackedDriverRing(TestRam& ram, std::uint16_t entries, bool event_idx)
        : ram_(ram)
        , event_idx_(event_idx) {
        size = entries;
        descriptors = ram.allocate(16u * entries, 16);
        driver = ram.allocate(4, 4);
        device = ram.allocate(4, 4);
        for (std::uint16_t i = 0; i < entries; ++i) free_ids_.push_back(i);
        lengths_.resize(entries);
        if (event_idx_) want_interrupts(true);
    }

    std::uint16_t add(const std::vector<Piece>& pieces, Shape shape) override {
        std::vector<Piece> ring_pieces = pieces;
        std::uint16_t extra = 0;
        if (shape == Shape::indirect) {
            const Gpa table = make_table(ram_, virtio::RingFormat::packed, pieces);
            ring_pieces = {{table, static_cast<std::uint32_t>(16 * pieces.size()), false}};
            extra = indirect_flag;
        }
        const std::uint16_t id = free_ids_.back();
        free_ids_.pop_back();
        lengths_[id] = static_cast<std::uint16_t>(ring_pieces.size());
        std::uint16_t first_flags = 0;
        const std::uint16_t first = at_;
        for (std::size_t i = 0; i < ring_pieces.size(); ++i) {
            const bool last = i + 1 == ring_pieces.size();
            const auto flags = static_cast<std::uint16_t>(write_if(ring_pieces[i].writable) |
                                                          extra | (last ? 0 : next_flag) |
                                                          (wrap_ ? avail_flag : used_flag));
            if (i == 0) first_flags = flags;
            // The first descriptor's flags come last.
            put_descriptor(ram_, virtio::RingFormat::packed, descriptor(at_),
                           ring_pieces[i].where.value, ring_pieces[i].length,
                           i == 0 ? std::uint16_t(wrap_ ? 0 : avail_flag | used_flag) : flags, id);
            if (++at_ == size) {
                at_ = 0;
                wrap_ = !wrap_;
            }
            ++added_;
        }
        ram_.put<Le16>(plus(descriptor(first), 14), first_flags);
        return id;
    }

    std::optional<Used> poll() override {
        const Gpa entry = descriptor(used_at_);
        const std::uint16_t flags = ram_.get<Le16>(plus(entry, 14));
        const bool available = (flags & avail_flag) != 0;
        const bool used = (flags & used_flag) != 0;
        if (available != used || used != used_wrap_) return std::nullopt;
        const Used result{ram_.get<Le16>(plus(entry, 12)).value(), ram_.get<Le32>(plus(entry, 8))};
        if (result.id < lengths_.size()) {
            used_at_ = static_cast<std::uint16_t>(used_at_ + lengths_[result.id]);
            if (used_at_ >= size) {
                used_at_ = static_cast<std::uint16_t>(used_at_ - size);
                used_wrap_ = !used_wrap_;
            }
            free_ids_.push_back(static_cast<std::uint16_t>(result.id));
        }
        if (event_idx_ && wanted_) want_interrupts(true);
        return result;
    }

    bool needs_kick() override {
        const std::uint16_t count = std::exchange(added_, std::uint16_t{0});
        if (count == 0) return false;
        const std::uint16_t mode = ram_.get<Le16>(plus(device, 2)).value() & 3;
        if (mode == 1) return false;
        if (mode == 0) return true;
        const std::uint16_t wanted = ram_.get<Le16>(device);
        auto event = static_cast<std::uint16_t>(wanted & 0x7fff);
        if (((wanted & 0x8000) != 0) != wrap_) event = static_cast<std::uint16_t>(event - size);
        return passed(event, at_, static_cast<std::uint16_t>(at_ - count));
    }

    void want_interrupts(bool wanted) override {
        wanted_ = wanted;
        if (!wanted) {
            ram_.put<Le16>(plus(driver, 2), std::uint16_t{1});
        } else if (event_idx_) {
            ram_.put<Le16>(driver,
                           static_cast<std::uint16_t>(used_at_ | (used_wrap_ ? 0x8000 : 0)));
            ram_.put<Le16>(plus(driver, 2), std::uint16_t{2});
        } else {
            ram_.put<Le16>(plus(driver, 2), std::uint16_t{0});
        }
    }

private:
    TestRam& ram_;
    const bool event_idx_;
    bool wanted_ = true;
    std::vector<std::uint16_t> free_ids_;
    std::vector<std::uint16_t> lengths_;
    std::uint16_t at_ = 0;
    bool wrap_ = true;
    std::uint16_t used_at_ = 0;
    bool used_wrap_ = true;
    std::uint16_t added_ = 0;
};

}  // namespace

std::unique_ptr<DriverRing> make_ring(TestRam& ram, virtio::RingFormat format, std::uint16_t size,
                                      bool event_idx) {
    if (format == virtio::RingFormat::packed) {
        return std::make_unique<PackedDriverRing>(ram, size, event_idx);
    }
    return std::make_unique<SplitDriverRing>(ram, size, event_idx);
}

void put_descriptor(TestRam& ram, virtio::RingFormat format, Gpa where, std::uint64_t address,
                    std::uint32_t length, std::uint16_t flags, std::uint16_t next_or_id) {
    const bool packed = format == virtio::RingFormat::packed;
    ram.put<Le64>(where, address);
    ram.put<Le32>(plus(where, 8), length);
    ram.put<Le16>(plus(where, 12), packed ? next_or_id : flags);
    ram.put<Le16>(plus(where, 14), packed ? flags : next_or_id);
}

DriverHarness::DriverHarness(TestRam& guest_ram, virtio::Device& device,
                             virtio::RingFormat ring_format)
    : ram(guest_ram)
    , format(ring_format)
    , transport(device, {guest_ram.memory, pulse, owner, log}, "virtio-test0", ring_format) {
    owner.connect(transport);
    rings.resize(device.queues().size());
}

std::uint64_t DriverHarness::offered() {
    write(virtio::mmio::DeviceFeaturesSel, 0);
    const std::uint64_t low = read(virtio::mmio::DeviceFeatures);
    write(virtio::mmio::DeviceFeaturesSel, 1);
    return low | std::uint64_t{read(virtio::mmio::DeviceFeatures)} << 32;
}

bool DriverHarness::negotiate(std::uint64_t wanted) {
    using namespace virtio;
    features = wanted | F_VERSION_1;
    if (format == RingFormat::packed) features |= F_RING_PACKED;
    write(mmio::Status, 0);
    write(mmio::Status, status::ACKNOWLEDGE);
    write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER);
    write(mmio::DriverFeaturesSel, 0);
    write(mmio::DriverFeatures, static_cast<std::uint32_t>(features));
    write(mmio::DriverFeaturesSel, 1);
    write(mmio::DriverFeatures, static_cast<std::uint32_t>(features >> 32));
    write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK);
    return (read(mmio::Status) & status::FEATURES_OK) != 0;
}

DriverRing& DriverHarness::set_up(unsigned queue, std::uint16_t size) {
    rings.at(queue) = make_ring(ram, format, size, (features & virtio::F_EVENT_IDX) != 0);
    enable(queue, *rings[queue]);
    return *rings[queue];
}

void DriverHarness::enable(unsigned queue, const RingPlaces& places) {
    using namespace virtio;
    write(mmio::QueueSel, queue);
    write(mmio::QueueNum, places.size);
    write(mmio::QueueDescLow, static_cast<std::uint32_t>(places.descriptors.value));
    write(mmio::QueueDescHigh, static_cast<std::uint32_t>(places.descriptors.value >> 32));
    write(mmio::QueueDriverLow, static_cast<std::uint32_t>(places.driver.value));
    write(mmio::QueueDriverHigh, static_cast<std::uint32_t>(places.driver.value >> 32));
    write(mmio::QueueDeviceLow, static_cast<std::uint32_t>(places.device.value));
    write(mmio::QueueDeviceHigh, static_cast<std::uint32_t>(places.device.value >> 32));
    write(mmio::QueueReady, 1);
}

void DriverHarness::driver_ok() {
    write(virtio::mmio::Status, status() | virtio::status::DRIVER_OK);
    owner.run();
}

void DriverHarness::start(std::uint64_t wanted, std::uint16_t size) {
    EXPECT_TRUE(negotiate(wanted));
    for (unsigned i = 0; i < rings.size(); ++i) set_up(i, size);
    driver_ok();
}

void DriverHarness::kick(unsigned queue) {
    if (ring(queue).needs_kick()) write(virtio::mmio::QueueNotify, queue);
    owner.run();
}

std::uint32_t DriverHarness::status() {
    return read(virtio::mmio::Status);
}

bool DriverHarness::broken() {
    return (status() & virtio::status::DEVICE_NEEDS_RESET) != 0;
}

}  // namespace lkvm::test
