// SPDX-License-Identifier: GPL-2.0-or-later
// A zone's network interface on a NetSwitch.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <lkvm/net_backend.hpp>

#include "baremetal/device/queue_runner.hpp"
#include "baremetal/net/frame_ring.hpp"
#include "baremetal/net/net_switch.hpp"

namespace lkvm::hv {

/// Frames for the zone wait in a ring; the zone's CPUs are rung when its driver listens. What
/// finds no room is dropped and counted: a zone that does not read holds up nobody.
class SwitchPort final : public NetBackend,
                         public NetControl,
                         public FrameSink,
                         public BackendWork {
public:
    /// What the switch and checksums here do for the sender, and what frames may leave to the zone.
    static constexpr NetOffloads offloads = net_offload::checksum;

    SwitchPort() = default;
    SwitchPort(const SwitchPort&) = delete;
    SwitchPort& operator=(const SwitchPort&) = delete;

    /// Once, before use. `storage` as in FrameRing::connect().
    void connect(NetSwitch& network, const MacAddress& address, QueueRunner& runner,
                 std::span<std::byte> storage);

    [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

    // NetBackend, NetControl, BackendWork: owner
    void connect(NetEvents& events) override { events_ = &events; }
    [[nodiscard]] SendStatus send(const NetHeader& header,
                                  std::span<const HostBuffer> frame) override;
    void send_later() override { runner_->raise(event_send); }
    [[nodiscard]] std::optional<NetFrame> front() override;
    void pop() override;
    void listen(bool on) override;
    void work(unsigned event) override;
    void set_guest_offloads(NetOffloads allowed) override {
        allowed_.store(allowed, std::memory_order_relaxed);
    }
    /// Also part of a reset: what was being sent is not any more.
    void set_queue_pairs(unsigned) override { flood_ = {}; }

    // FrameSink: any CPU
    void deliver(const NetHeader& header, std::span<const HostBuffer> frame) override;

private:
    static constexpr unsigned event_receive = 0;
    static constexpr unsigned event_send = 1;

    NetSwitch* network_ = nullptr;
    QueueRunner* runner_ = nullptr;
    NetEvents* events_ = nullptr;
    unsigned number_ = 0;
    NetSwitch::Flood flood_;
    FrameRing ring_;
    std::atomic<bool> listening_{false};
    std::atomic<NetOffloads> allowed_{0};
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace lkvm::hv
