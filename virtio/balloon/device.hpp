// SPDX-License-Identifier: GPL-2.0-or-later
// The traditional memory balloon. VIRTIO 1.2 §5.5.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include <lkvm/guest_memory.hpp>
#include <lkvm/log.hpp>
#include <lkvm/memory_reclaimer.hpp>

#include "virtio/balloon/request.hpp"
#include "virtio/device.hpp"

namespace lkvm::virtio::balloon {

/// Told about what the guest says of itself. Owner thread.
class StatisticsSink {
public:
    virtual void statistics(const Statistics& statistics) = 0;

protected:
    ~StatisticsSink() = default;  // never deleted through the interface
};

/// Asks the guest to do without memory and gives it back to the host; also what the guest reports
/// as free on its own. Pages that come back need nothing: they read as zeroes until touched. The
/// driver's mistakes (numbers that are not RAM) are skipped and counted. One owner for all queues.
class BalloonDevice final : public Device {
public:
    BalloonDevice(const GuestMemory& memory, MemoryReclaimer& reclaimer, StatisticsSink& sink)
        : memory_(memory)
        , reclaimer_(reclaimer)
        , sink_(sink) {}

    /// Any thread: how many pages of page_size the guest shall do without.
    void set_target(std::uint32_t pages);
    [[nodiscard]] std::uint32_t target() const { return target_.load(std::memory_order_relaxed); }
    /// Any thread: how many it does without, by its own word.
    [[nodiscard]] std::uint32_t actual() const { return actual_.load(std::memory_order_relaxed); }

    /// Owner: asks for fresh statistics, which go to the sink. False if the guest gives none, or
    /// was asked already.
    bool request_statistics();
    /// Owner: page numbers that were not RAM.
    [[nodiscard]] std::uint64_t outside() const { return outside_; }
    /// Owner: bytes given back because the balloon grew, and because the guest reported them.
    [[nodiscard]] std::uint64_t inflated_bytes() const { return inflated_bytes_; }
    [[nodiscard]] std::uint64_t reported_bytes() const { return reported_bytes_; }

    [[nodiscard]] DeviceType type() const override { return DeviceType::balloon; }
    [[nodiscard]] std::uint64_t features() const override;
    [[nodiscard]] std::span<Queue> queues() override { return queues_; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return queue_size; }
    void read_config(std::size_t offset, std::span<std::byte> out) override;
    void write_config(std::size_t offset, std::span<const std::byte> in) override;
    void start(std::uint64_t features) override;
    void reset() override;
    void run(unsigned queue) override;
    void stop(unsigned queue) override;

private:
    static constexpr std::uint16_t queue_size = 128;
    static constexpr std::size_t queue_count = 5;
    enum class Role : std::uint8_t { inflate, deflate, statistics, reporting, unused };

    [[nodiscard]] Role role(unsigned queue) const;
    void inflate(const DescriptorChain& chain);
    void take_report(const DescriptorChain& chain);
    void run_statistics(Queue& queue);
    void give_back(Gpa where, std::uint64_t size);

    const GuestMemory& memory_;
    MemoryReclaimer& reclaimer_;
    StatisticsSink& sink_;
    std::atomic<std::uint32_t> target_{0};
    std::atomic<std::uint32_t> actual_{0};
    std::atomic<std::uint32_t> poison_{0};
    std::atomic<std::uint64_t> features_{0};
    std::uint64_t outside_ = 0;
    std::uint64_t inflated_bytes_ = 0;
    std::uint64_t reported_bytes_ = 0;
    std::array<Queue, queue_count> queues_;
    unsigned statistics_queue_ = 0;     // that of statistics_chain_
    DescriptorChain statistics_chain_;  // held until fresh ones are wanted
    std::array<Segment, queue_size> segments_;
    std::array<Segment, queue_size> statistics_segments_;
};

}  // namespace lkvm::virtio::balloon
