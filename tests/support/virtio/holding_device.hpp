// SPDX-License-Identifier: GPL-2.0-or-later
// A device for tests of queues and transport: it holds every chain until told to complete it.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "virtio/chain.hpp"
#include "virtio/device.hpp"

namespace lkvm::test {

class HoldingDevice final : public virtio::Device {
public:
    static constexpr std::uint16_t largest_queue = 256;
    static constexpr std::size_t max_segments = 40;

    struct Held {
        unsigned queue = 0;
        std::unique_ptr<std::array<virtio::Segment, max_segments>> segments =
            std::make_unique<std::array<virtio::Segment, max_segments>>();
        virtio::DescriptorChain chain;
    };

    explicit HoldingDevice(std::size_t queues = 2)
        : count_(queues)
        , queues_(std::make_unique<virtio::Queue[]>(queues)) {}
    ~HoldingDevice() { give_back_all(); }

    [[nodiscard]] virtio::DeviceType type() const override { return virtio::DeviceType::block; }
    [[nodiscard]] std::uint64_t features() const override { return extra_features; }
    [[nodiscard]] std::span<virtio::Queue> queues() override { return {queues_.get(), count_}; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return largest_queue; }
    void read_config(std::size_t offset, std::span<std::byte> out) override {
        virtio::copy_config(config, offset, out);
    }
    void write_config(std::size_t offset, std::span<const std::byte> in) override {
        if (offset < config.size() && in.size() <= config.size() - offset) {
            std::memcpy(config.data() + offset, in.data(), in.size());
        }
    }
    [[nodiscard]] bool accept_features(std::uint64_t) override { return acceptable; }
    void start(std::uint64_t features) override {
        ++starts;
        started_with = features;
    }
    void reset() override { ++resets; }

    void run(unsigned index) override {
        ++runs;
        Held next;
        virtio::Queue& queue = queues_[index];
        queue.drain([&]() -> std::span<virtio::Segment> { return *next.segments; },
                    [&](virtio::DescriptorChain&& chain) {
                        next.queue = index;
                        next.chain = std::move(chain);
                        held.push_back(std::move(next));
                        next = Held{};
                    });
        if (at_once) {
            while (!held.empty()) give_back(0, held.front().chain.writable_bytes());
            queue.notify();
        }
    }

    void stop(unsigned queue) override {
        ++stops;
        if (in_flight) return;
        for (std::size_t i = held.size(); i-- > 0;) {
            if (held[i].queue == queue) give_back(i, 0);
        }
    }

    /// Completes one held chain without notifying.
    void give_back(std::size_t which, std::uint32_t written) {
        Held one = std::move(held[which]);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
        queues_[one.queue].complete(std::move(one.chain), written);
    }
    void give_back_all() {
        while (!held.empty()) give_back(0, 0);
    }
    void notify(unsigned queue) { queues_[queue].notify(); }
    using virtio::Device::events;

    std::vector<Held> held;
    bool at_once = false;    ///< completes everything inside run()
    bool in_flight = false;  ///< stop() cannot give anything back
    bool acceptable = true;
    std::uint64_t extra_features = 0;
    std::uint64_t started_with = 0;
    std::array<std::byte, 16> config{};
    unsigned starts = 0;
    unsigned resets = 0;
    unsigned runs = 0;
    unsigned stops = 0;

private:
    std::size_t count_;
    std::unique_ptr<virtio::Queue[]> queues_;
};

}  // namespace lkvm::test
