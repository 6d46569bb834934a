// SPDX-License-Identifier: GPL-2.0-or-later
// virtio over MMIO: features, status, setting up queues, resets. All under the transport's lock.
// VIRTIO 1.2 §2.1, §2.2, §2.6.1, §3.1, §4.2.3.
#include "virtio/features.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/status.hpp"
#include "virtio/transport_mmio.hpp"

namespace lkvm::virtio {

namespace {

constexpr std::uint32_t max_queue_size = 32768;

void put_low(std::uint64_t& whole, std::uint32_t value) {
    whole = (whole & ~std::uint64_t{UINT32_MAX}) | value;
}

void put_high(std::uint64_t& whole, std::uint32_t value) {
    whole = (whole & UINT32_MAX) | std::uint64_t{value} << 32;
}

}  // namespace

std::uint64_t MmioTransport::offered_features() const {
    std::uint64_t features =
        device_.features() | F_VERSION_1 | F_INDIRECT_DESC | F_EVENT_IDX | F_RING_RESET;
    if (format_ == RingFormat::packed) features |= F_RING_PACKED;
    return features;
}

void MmioTransport::write_driver_features(std::uint32_t value) {
    // VIRTIO 1.2 §3.1.1: fixed once FEATURES_OK is set.
    if ((status_.load(std::memory_order_relaxed) & status::FEATURES_OK) != 0) return;
    if (driver_features_sel_ == 0) put_low(driver_features_, value);
    if (driver_features_sel_ == 1) put_high(driver_features_, value);
    if (driver_features_sel_ > 1 && value != 0) {
        complain("the driver wants features that do not exist", value);
    }
}

bool MmioTransport::features_acceptable() {
    if ((driver_features_ & ~offered_features()) != 0) {
        complain("the driver wants features that were not offered",
                 driver_features_ & ~offered_features());
        return false;
    }
    if ((driver_features_ & F_VERSION_1) == 0) {
        complain("the driver knows only legacy devices", driver_features_);
        return false;
    }
    return device_.accept_features(driver_features_);
}

MmioTransport::Step MmioTransport::write_status(std::uint32_t value) {
    if (value == 0) return start_reset();
    const std::uint32_t now = status_.load(std::memory_order_acquire);
    constexpr std::uint32_t apart = status::DEVICE_NEEDS_RESET | status::FAILED;
    if (!legal_status_step(now & ~apart, value & ~apart)) {
        complain("illegal device status step", value);
        return Step::none;
    }
    std::uint32_t added = value & ~now & ~status::DEVICE_NEEDS_RESET;
    if ((added & status::FEATURES_OK) != 0 && !features_acceptable()) {
        // VIRTIO 1.2 §2.2.2: refused by not showing the bit. Nothing after it counts either.
        added &= ~(status::FEATURES_OK | status::DRIVER_OK);
    }
    const bool starts = (added & status::DRIVER_OK) != 0;
    if (starts) {
        started_ = true;
        device_.start(driver_features_);
    }
    // Release pairs with the acquires of the owners: the device is started.
    status_.fetch_or(added, std::memory_order_release);
    return starts ? Step::kick_all : Step::none;
}

void MmioTransport::write_queue_setup(std::uint64_t offset, std::uint32_t value) {
    if (!queue_selected()) return;
    // VIRTIO 1.2 §4.2.2.2: not while the queue is ready.
    if (queues_[queue_sel_].state() != Queue::State::disabled) return;
    QueueSetup& setup = setup_[queue_sel_];
    switch (offset) {
        case mmio::QueueNum:
            setup.size = value <= max_queue_size ? static_cast<std::uint16_t>(value) : 0;
            break;
        case mmio::QueueDescLow:
            put_low(setup.descriptors, value);
            break;
        case mmio::QueueDescHigh:
            put_high(setup.descriptors, value);
            break;
        case mmio::QueueDriverLow:
            put_low(setup.driver, value);
            break;
        case mmio::QueueDriverHigh:
            put_high(setup.driver, value);
            break;
        case mmio::QueueDeviceLow:
            put_low(setup.device, value);
            break;
        case mmio::QueueDeviceHigh:
            put_high(setup.device, value);
            break;
        default:
            break;
    }
}

MmioTransport::Step MmioTransport::write_queue_ready(std::uint32_t value) {
    if (!queue_selected()) return Step::none;
    Queue& queue = queues_[queue_sel_];
    if (value == 0) return queue.request_stop() ? Step::wait_selected : Step::none;
    if (value != 1 || queue.state() != Queue::State::disabled) return Step::none;
    const std::uint32_t now = status_.load(std::memory_order_relaxed);
    // Before FEATURES_OK nobody knows which format the ring has.
    if ((now & status::FEATURES_OK) == 0 || (now & status::DEVICE_NEEDS_RESET) != 0) {
        return Step::none;
    }
    const QueueSetup& setup = setup_[queue_sel_];
    const RingConfig config{.size = setup.size,
                            .descriptors = Gpa{setup.descriptors},
                            .driver = Gpa{setup.driver},
                            .device = Gpa{setup.device},
                            .indirect = (driver_features_ & F_INDIRECT_DESC) != 0,
                            .event_idx = (driver_features_ & F_EVENT_IDX) != 0};
    const bool too_large = setup.size > device_.max_queue_size(queue_sel_);
    if (too_large || !queue.enable(config, (driver_features_ & F_RING_PACKED) != 0)) {
        complain("the driver set up an impossible ring; queue", queue_sel_);
        needs_reset();
        return Step::none;
    }
    // A queue that comes back after QueueReset may hold buffers already.
    return (now & status::DRIVER_OK) != 0 ? Step::kick_all : Step::none;
}

MmioTransport::Step MmioTransport::write_queue_reset(std::uint32_t value) {
    if (value != 1 || !queue_selected() || (driver_features_ & F_RING_RESET) == 0) {
        return Step::none;
    }
    QueueSetup& setup = setup_[queue_sel_];
    if (setup.resetting) return Step::none;
    if (!queues_[queue_sel_].request_stop()) {
        forget(setup);
        return Step::none;
    }
    setup.resetting = true;
    ++queue_resets_;
    return Step::wait_selected;
}

void MmioTransport::forget(QueueSetup& setup) {
    if (setup.resetting) --queue_resets_;
    setup = QueueSetup{};
}

MmioTransport::Step MmioTransport::start_reset() {
    resetting_ = true;
    bool waiting = false;
    for (Queue& queue : queues_) waiting = queue.request_stop() || waiting;
    if (waiting) return Step::wait_all;
    finish_resets();
    return Step::none;
}

void MmioTransport::finish_resets() {
    for (std::size_t i = 0; queue_resets_ != 0 && i < queues_.size(); ++i) {
        const bool stopped = queues_[i].state() == Queue::State::disabled;
        if (setup_[i].resetting && stopped) forget(setup_[i]);
    }
    if (!resetting_ || !Stopped(queues_).met()) return;
    if (started_) device_.reset();
    started_ = false;
    for (QueueSetup& setup : setup_) forget(setup);
    driver_features_ = 0;
    device_features_sel_ = 0;
    driver_features_sel_ = 0;
    queue_sel_ = 0;
    interrupt_status_.store(0, std::memory_order_relaxed);
    status_.store(0, std::memory_order_release);
    resetting_ = false;
}

bool MmioTransport::reset() {
    Step step = Step::none;
    {
        const SpinGuard guard(lock_);
        finish_resets();
        step = start_reset();
        if (!resetting_) return true;
    }
    if (step == Step::wait_all) {
        for (unsigned i = 0; i < queues_.size(); ++i) services_.owner.kick(i);
        services_.owner.wait(Stopped(queues_));
    }
    const SpinGuard guard(lock_);
    finish_resets();
    return !resetting_;
}

}  // namespace lkvm::virtio
