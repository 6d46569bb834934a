// SPDX-License-Identifier: GPL-2.0-or-later
// What a virtio device is to its transport, and who runs its queues. VIRTIO 1.2 §2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "virtio/queue.hpp"

namespace lkvm::virtio {

/// VIRTIO 1.2 §5.
enum class DeviceType : std::uint32_t {
    network = 1,
    block = 2,
    console = 3,
    entropy = 4,
    balloon = 5,
    transport_9p = 9,
    socket = 19,
};

/// A transport as its device sees it. Any thread.
class DeviceEvents {
public:
    /// Configuration space changed: new generation, interrupt.
    virtual void config_changed() = 0;
    /// The driver broke the rules in a way that no request can report: DEVICE_NEEDS_RESET. All
    /// queues stand still until the driver resets the device.
    virtual void needs_reset() = 0;

protected:
    ~DeviceEvents() = default;  // never deleted through the interface
};

/// One virtio device behind a transport. Three kinds of callers:
///  * vCPU threads, under the transport's lock: read_config(), write_config(), start(), reset().
///    Short, never waiting; what they share with the owners is atomic or has a lock of its own.
///  * the owner thread of a queue: run(), stop() and the queue itself, one queue per call. Queues
///    of one device may have different owners.
///  * whatever the device's back end documents, normally the owner.
///
/// Life of a queue: the driver enables it; after DRIVER_OK run() is called for every kick, and
/// once without one. When the driver resets the queue or the device, stop() is called instead,
/// until no chain is held; only then the reset is reported as done.
class Device {
public:
    [[nodiscard]] virtual DeviceType type() const = 0;
    /// Features of the device type (bits 0..23 and 50..127 of VIRTIO 1.2 §2.2). The transport
    /// adds those of rings and transport.
    [[nodiscard]] virtual std::uint64_t features() const = 0;
    /// All queues, in the order of their numbers; the same span at every call.
    [[nodiscard]] virtual std::span<Queue> queues() = 0;
    /// Largest size of a queue: a power of two up to 32768. Also the number of chains that the
    /// device may have to hold at once.
    [[nodiscard]] virtual std::uint16_t max_queue_size(unsigned queue) const = 0;

    /// Bytes [offset, offset + out.size()) of configuration space; what lies beyond it reads 0.
    virtual void read_config(std::size_t offset, std::span<std::byte> out) = 0;
    virtual void write_config(std::size_t offset, std::span<const std::byte> in) {
        static_cast<void>(offset);
        static_cast<void>(in);
    }

    /// Whether `features`, a subset of those offered, make sense together.
    [[nodiscard]] virtual bool accept_features(std::uint64_t features) {
        static_cast<void>(features);
        return true;
    }
    /// The driver is ready (DRIVER_OK), with these features. Before any run().
    virtual void start(std::uint64_t features) { static_cast<void>(features); }
    /// Back to the state after creation. No queue is enabled and no chain held.
    virtual void reset() {}

    /// Handles what is available in an enabled queue.
    virtual void run(unsigned queue) = 0;
    /// Completes every chain of the queue that no back end works on (what is completed now is not
    /// shown to the driver), and gives up other state that belongs to the queue. May come again.
    virtual void stop(unsigned queue) { static_cast<void>(queue); }

    /// Called once by the transport.
    void connect(DeviceEvents& events) { events_ = &events; }

protected:
    ~Device() = default;  // never deleted through the interface, so no operator delete in the core

    [[nodiscard]] DeviceEvents& events() { return *events_; }

private:
    DeviceEvents* events_ = nullptr;
};

/// Copies the part of a configuration structure that an access covers; zeroes beyond its end.
void copy_config(std::span<const std::byte> config, std::size_t offset, std::span<std::byte> out);

/// Something a vCPU waits for.
class WaitCondition {
public:
    /// Any thread.
    [[nodiscard]] virtual bool met() const = 0;

protected:
    ~WaitCondition() = default;  // never deleted through the interface
};

/// Runs the queues of one device: on a hosted system its threads, on bare metal the CPU that took
/// the kick. Each queue always has the same owner.
class QueueOwner {
public:
    /// Have MmioTransport::run(queue) called on the owner soon. Any thread, does not wait; several
    /// kicks may become one call.
    virtual void kick(unsigned queue) = 0;
    /// Waits until the condition is met, or until a vCPU has stood still long enough (hosted: one
    /// second). On a vCPU thread, without locks.
    virtual void wait(const WaitCondition& condition) = 0;
    /// A condition may be met now. On an owner.
    virtual void progress() = 0;
    /// What a queue may do in one turn, see Queue::begin_turn(). Default: so that others of a
    /// thread have their turn.
    [[nodiscard]] virtual std::int32_t allowance() const { return 4096; }

protected:
    ~QueueOwner() = default;  // never deleted through the interface
};

}  // namespace lkvm::virtio
