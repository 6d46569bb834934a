// SPDX-License-Identifier: GPL-2.0-or-later
// Runs the queues and back ends of one virtio device of a zone on that zone's CPUs.
#pragma once

#include <atomic>
#include <cstdint>

#include <lkvm/clock.hpp>

#include "virtio/device.hpp"
#include "virtio/transport_mmio.hpp"

namespace lkvm::hv {

/// Asks for a CPU of the zone that calls serve() of runner `number`. Any CPU.
class Doorbell {
public:
    virtual void ring(unsigned number) = 0;
    /// Called by a CPU that waits, between two looks at what it waits for.
    virtual void pause() = 0;

protected:
    ~Doorbell() = default;  // never deleted through the interface
};

/// What a device's back end does when something of QueueRunner::raise() has come.
class BackendWork {
public:
    /// On the owner. `event` below QueueRunner::max_events.
    virtual void work(unsigned event) = 0;

protected:
    ~BackendWork() = default;  // never deleted through the interface
};

/// Owner of all queues of a device. Whichever CPU of the zone takes the kick or the doorbell
/// serves it; a CPU that comes while another serves leaves its work to that one, so that the
/// device sees one CPU at a time and nobody waits.
class QueueRunner final : public virtio::QueueOwner {
public:
    static constexpr unsigned max_queues = 16;
    static constexpr unsigned max_events = 16;
    /// A vCPU stands still at most this long for a reset.
    static constexpr std::uint64_t longest_wait_ns = 10'000'000;

    QueueRunner(Clock& clock, Doorbell& doorbell, unsigned number)
        : clock_(clock)
        , doorbell_(doorbell)
        , number_(number) {}
    QueueRunner(const QueueRunner&) = delete;
    QueueRunner& operator=(const QueueRunner&) = delete;

    /// Once, before use. `work` null: the back end raises nothing.
    void connect(virtio::MmioTransport& transport, BackendWork* work) {
        transport_ = &transport;
        work_ = work;
    }

    /// Have BackendWork::work(event) called on the owner soon. Any CPU.
    void raise(unsigned event) { post(1u << (max_queues + event)); }

    // QueueOwner: any CPU
    void kick(unsigned queue) override { post(1u << queue); }
    void wait(const virtio::WaitCondition& condition) override;
    void progress() override {}
    /// Between two looks at interrupts of the physical CPU.
    [[nodiscard]] std::int32_t allowance() const override { return 128; }

    /// One queue or event of what is pending. True: something is left, come again.
    [[nodiscard]] bool serve();

private:
    void post(std::uint32_t bits);
    void run(unsigned bit);

    Clock& clock_;
    Doorbell& doorbell_;
    const unsigned number_;
    virtio::MmioTransport* transport_ = nullptr;
    BackendWork* work_ = nullptr;
    std::atomic<std::uint32_t> pending_{0};
    std::atomic<bool> busy_{false};
    unsigned next_ = 0;  ///< bit that is looked at first, so that all have their turn; of `busy_`
};

}  // namespace lkvm::hv
