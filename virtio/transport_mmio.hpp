// SPDX-License-Identifier: GPL-2.0-or-later
// virtio over MMIO, version 2 ("modern") only. VIRTIO 1.2 §4.2.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/guest_memory.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/log.hpp>
#include <lkvm/mmio_device.hpp>
#include <lkvm/spin_lock.hpp>

#include "virtio/device.hpp"
#include "virtio/queue.hpp"

namespace lkvm::virtio {

enum class RingFormat : std::uint8_t { split, packed };

/// What a transport talks to; outlives it.
struct TransportServices {
    const GuestMemory& memory;
    IrqPulse& interrupt;
    QueueOwner& owner;
    Log& log;
};

/// Registers, status, features and queue set-up of one device. Registers: any vCPU, under a lock.
/// run(): the owner of that queue. A write that resets lets the vCPU wait as long as
/// QueueOwner::wait() allows; a reset that takes longer goes on, reads as not done, and until it
/// is done all other register writes are ignored.
class MmioTransport final : public MmioDevice, private DeviceEvents, private QueueEvents {
public:
    static constexpr std::size_t max_queues = 128;

    /// `name` as in "virtio-blk0"; the text outlives the transport. With RingFormat::packed the
    /// driver may choose packed rings.
    MmioTransport(Device& device, const TransportServices& services, std::string_view name,
                  RingFormat format);
    MmioTransport(const MmioTransport&) = delete;
    MmioTransport& operator=(const MmioTransport&) = delete;

    // vCPU threads.
    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    /// What a write of `queue` to QueueNotify does; for doorbells that bypass the register. Any
    /// thread.
    void kick(std::uint32_t queue);

    /// Serves a queue on its owner thread.
    void run(unsigned queue);

    /// Resets the device from outside, vCPUs standing still. False: requests are still in flight
    /// after QueueOwner::wait(), call again.
    [[nodiscard]] bool reset();

    [[nodiscard]] std::string_view name() const { return name_; }
    [[nodiscard]] Device& device() { return device_; }

private:
    /// What the driver set up for one queue. Under the lock.
    struct QueueSetup {
        std::uint16_t size = 0;
        std::uint64_t descriptors = 0;
        std::uint64_t driver = 0;
        std::uint64_t device = 0;
        bool resetting = false;  // by QueueReset
    };

    /// Met when all queues, or one, are disabled.
    class Stopped final : public WaitCondition {
    public:
        explicit Stopped(std::span<const Queue> queues)
            : queues_(queues) {}
        [[nodiscard]] bool met() const override;

    private:
        std::span<const Queue> queues_;
    };

    enum class Step : std::uint8_t { none, wait_all, wait_selected, kick_all };

    // DeviceEvents and QueueEvents: any thread.
    void config_changed() override;
    void needs_reset() override;
    void used_buffers() override;
    void broken_ring(unsigned queue, ErrorCode why) override;
    void more_work(unsigned queue) override;
    void drained(unsigned queue) override;

    void interrupt(std::uint32_t reason);
    void complain(std::string_view what, std::uint64_t value);

    // Under the lock.
    [[nodiscard]] std::uint32_t read_register(std::uint64_t offset);
    [[nodiscard]] Step write_register(std::uint64_t offset, std::uint32_t value);
    [[nodiscard]] std::uint64_t read_config(std::uint64_t offset, unsigned size);
    void write_config(std::uint64_t offset, unsigned size, std::uint64_t value);
    [[nodiscard]] Step write_status(std::uint32_t value);
    [[nodiscard]] Step write_queue_ready(std::uint32_t value);
    [[nodiscard]] Step write_queue_reset(std::uint32_t value);
    void write_queue_setup(std::uint64_t offset, std::uint32_t value);
    void write_driver_features(std::uint32_t value);
    [[nodiscard]] bool features_acceptable();
    [[nodiscard]] std::uint64_t offered_features() const;
    [[nodiscard]] Step start_reset();
    /// Ends a reset under way if every queue is disabled by now.
    void finish_resets();
    [[nodiscard]] bool queue_selected() const { return queue_sel_ < queues_.size(); }
    void forget(QueueSetup& setup);

    Device& device_;
    const TransportServices services_;
    const std::string_view name_;
    const RingFormat format_;
    const std::span<Queue> queues_;

    // Written under the lock; bits are added by any thread, and cleared only while no queue runs.
    std::atomic<std::uint32_t> status_{0};
    std::atomic<std::uint32_t> interrupt_status_{0};
    std::atomic<std::uint32_t> generation_{0};

    SpinLock lock_;
    QueueSetup setup_[max_queues];
    std::uint64_t driver_features_ = 0;
    std::uint32_t device_features_sel_ = 0;
    std::uint32_t driver_features_sel_ = 0;
    std::uint32_t queue_sel_ = 0;
    bool resetting_ = false;
    unsigned queue_resets_ = 0;  // setups with `resetting`
    bool started_ = false;       // since the last reset: the device may have state to reset

    SpinLock complaints_lock_;
    LogLimiter complaints_{16};
};

}  // namespace lkvm::virtio
