// SPDX-License-Identifier: GPL-2.0-or-later
// The network device. VIRTIO 1.2 §5.1.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include <lkvm/guest_memory.hpp>
#include <lkvm/net_backend.hpp>

#include "virtio/device.hpp"
#include "virtio/net/command.hpp"
#include "virtio/net/receive_queue.hpp"
#include "virtio/net/shared.hpp"
#include "virtio/net/transmit_queue.hpp"

namespace lkvm::virtio::net {

/// A receive and a transmit queue on one thread, and what its back end tells.
class QueuePair final : private NetEvents {
public:
    QueuePair() = default;
    QueuePair(const QueuePair&) = delete;
    QueuePair& operator=(const QueuePair&) = delete;

    void connect(const GuestMemory& memory, Queue& receive, Queue& transmit, NetBackend& backend,
                 Shared& shared);

    [[nodiscard]] ReceiveQueue& receive() { return receive_; }
    [[nodiscard]] TransmitQueue& transmit() { return transmit_; }

private:
    void receive_ready() override { receive_.run(); }
    void send_ready() override { transmit_.run(); }

    ReceiveQueue receive_;
    TransmitQueue transmit_;
};

/// A network interface with one or more queue pairs. Queue 2n receives and queue 2n+1 sends for
/// pair n, both on that pair's owner thread; the control queue follows on any of those threads.
/// Pairs, control queue and configuration space meet in `Shared` and atomics.
class NetDevice final : public Device {
public:
    /// As many pairs and back ends as the device shall have pairs, and 2 * pairs + 1 queues; all
    /// outlive the device, of the list of back ends only what it names.
    struct Parts {
        std::span<Queue> queues;
        std::span<QueuePair> pairs;
        std::span<NetBackend* const> backends;
        NetControl& control;
    };

    NetDevice(const GuestMemory& memory, const NetProperties& properties, const Parts& parts);

    /// Any thread. Up at first.
    void set_link(bool up);
    [[nodiscard]] const Counters& counters() const { return shared_.counters; }

    [[nodiscard]] DeviceType type() const override { return DeviceType::network; }
    [[nodiscard]] std::uint64_t features() const override;
    [[nodiscard]] std::span<Queue> queues() override { return queues_; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned queue) const override;
    void read_config(std::size_t offset, std::span<std::byte> out) override;
    [[nodiscard]] bool accept_features(std::uint64_t features) override;
    void start(std::uint64_t features) override;
    void reset() override;
    void run(unsigned queue) override;
    void stop(unsigned queue) override;

private:
    /// VIRTIO 1.2 §5.1.2: the control queue follows the pairs that were negotiated.
    [[nodiscard]] unsigned control_queue() const {
        return control_queue_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] unsigned max_pairs() const { return static_cast<unsigned>(pairs_.size()); }

    void run_control(Queue& queue);
    /// Whether the command was carried out.
    [[nodiscard]] bool execute(const DescriptorChain& chain);
    [[nodiscard]] bool has(std::uint64_t feature) const {
        return (features_.load(std::memory_order_relaxed) & feature) != 0;
    }
    [[nodiscard]] bool obey(const SetReceiveMode& command);
    [[nodiscard]] bool obey(const SetMacTables& command);
    [[nodiscard]] bool obey(const SetMac& command);
    [[nodiscard]] bool obey(const SetQueuePairs& command);
    [[nodiscard]] bool obey(const SetGuestOffloads& command);
    void set_guest_offloads(std::uint64_t features);

    const GuestMemory& memory_;
    const NetProperties properties_;
    const std::span<Queue> queues_;
    const std::span<QueuePair> pairs_;
    NetControl& control_;
    Shared shared_;
    std::atomic<std::uint64_t> features_{0};  // negotiated
    std::atomic<unsigned> control_queue_{0};
    std::atomic<bool> link_up_{true};
    Segment control_segments_[max_segments];
};

}  // namespace lkvm::virtio::net
