// SPDX-License-Identifier: GPL-2.0-or-later
// virtio over MMIO: register accesses, interrupts, and serving queues. Setting up queues and
// resets are in transport_setup.cpp. VIRTIO 1.2 §4.2.
#include "virtio/transport_mmio.hpp"

#include <array>
#include <cstring>

#include <lkvm/assert.hpp>
#include <lkvm/endian.hpp>

#include "virtio/features.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/status.hpp"

namespace lkvm::virtio {

void copy_config(std::span<const std::byte> config, std::size_t offset, std::span<std::byte> out) {
    std::memset(out.data(), 0, out.size());
    if (offset >= config.size()) return;
    const std::size_t rest = config.size() - offset;
    std::memcpy(out.data(), config.data() + offset, rest < out.size() ? rest : out.size());
}

MmioTransport::MmioTransport(Device& device, const TransportServices& services,
                             std::string_view name, RingFormat format)
    : device_(device)
    , services_(services)
    , name_(name)
    , format_(format)
    , queues_(device.queues()) {
    LKVM_ASSERT(queues_.size() <= max_queues);
    device_.connect(*this);
    for (unsigned i = 0; i < queues_.size(); ++i) queues_[i].connect(services_.memory, *this, i);
}

void MmioTransport::complain(std::string_view what, std::uint64_t value) {
    {
        const SpinGuard guard(complaints_lock_);
        if (!complaints_.allow()) return;
    }
    services_.log.line(LogLevel::warn, name_, what, value);
}

// --- events ---

void MmioTransport::interrupt(std::uint32_t reason) {
    // Release: what the reason stands for is visible before the reason.
    interrupt_status_.fetch_or(reason, std::memory_order_release);
    services_.interrupt.signal();
}

void MmioTransport::used_buffers() {
    interrupt(mmio::interrupt_used_buffer);
}

void MmioTransport::config_changed() {
    generation_.fetch_add(1, std::memory_order_release);
    if ((status_.load(std::memory_order_acquire) & status::DRIVER_OK) == 0) return;
    interrupt(mmio::interrupt_config_change);
}

void MmioTransport::needs_reset() {
    const std::uint32_t before =
        status_.fetch_or(status::DEVICE_NEEDS_RESET, std::memory_order_acq_rel);
    // VIRTIO 1.2 §2.1.2: a running driver is told by a configuration change.
    const bool running = (before & status::DRIVER_OK) != 0;
    if (running && (before & status::DEVICE_NEEDS_RESET) == 0) {
        interrupt(mmio::interrupt_config_change);
    }
}

void MmioTransport::broken_ring(unsigned queue, ErrorCode why) {
    std::string_view what = "the driver broke a ring, device needs reset; queue";
    if (why == ErrorCode::out_of_range) {
        what = "a buffer is not in RAM, device needs reset; queue";
    } else if (why == ErrorCode::truncated) {
        what = "a buffer is too short to answer, device needs reset; queue";
    } else if (why == ErrorCode::too_many) {
        what = "a buffer has too many pieces, device needs reset; queue";
    }
    complain(what, queue);
    needs_reset();
}

void MmioTransport::more_work(unsigned queue) {
    services_.owner.kick(queue);
}

void MmioTransport::drained(unsigned queue) {
    // The caller may still be inside the device: the queue is handed back from run().
    services_.owner.kick(queue);
}

// --- owners ---

void MmioTransport::kick(std::uint32_t queue) {
    if (queue >= queues_.size()) return complain("kick of a queue that is not there", queue);
    // Before DRIVER_OK a kick means nothing; when that is set every queue is looked at.
    if ((status_.load(std::memory_order_acquire) & status::DRIVER_OK) == 0) return;
    services_.owner.kick(queue);
}

void MmioTransport::run(unsigned index) {
    Queue& queue = queues_[index];
    if (queue.state() == Queue::State::enabled) {
        // Acquire pairs with the release in write_status(): the device has been started.
        const std::uint32_t now = status_.load(std::memory_order_acquire);
        const bool runs = (now & status::DRIVER_OK) != 0 && (now & status::DEVICE_NEEDS_RESET) == 0;
        queue.begin_turn(services_.owner.allowance());
        if (runs) device_.run(index);
    }
    if (queue.state() != Queue::State::stopping) return;
    device_.stop(index);
    // Otherwise the last completion comes here again through drained().
    if (queue.held() != 0) return;
    queue.finish_stop();
    services_.owner.progress();
}

bool MmioTransport::Stopped::met() const {
    for (const Queue& queue : queues_) {
        if (queue.state() != Queue::State::disabled) return false;
    }
    return true;
}

// --- registers ---

std::uint64_t MmioTransport::read(std::uint64_t offset, unsigned size) {
    const SpinGuard guard(lock_);
    if (offset >= mmio::Config) return read_config(offset - mmio::Config, size);
    // VIRTIO 1.2 §4.2.2.2: control registers are read and written as aligned words only.
    if (size != mmio::register_size || offset % mmio::register_size != 0) return 0;
    finish_resets();
    return read_register(offset);
}

void MmioTransport::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const bool word = size == mmio::register_size && offset % mmio::register_size == 0;
    // Without the lock: the one register that is written all the time.
    if (offset == mmio::QueueNotify && word) return kick(static_cast<std::uint32_t>(value));
    Step step = Step::none;
    std::uint32_t queue = 0;
    {
        const SpinGuard guard(lock_);
        finish_resets();
        if (resetting_) return;
        if (offset >= mmio::Config) return write_config(offset - mmio::Config, size, value);
        if (!word) return;
        step = write_register(offset, static_cast<std::uint32_t>(value));
        queue = queue_sel_;
    }
    switch (step) {
        case Step::none:
            return;
        case Step::kick_all:
            for (unsigned i = 0; i < queues_.size(); ++i) services_.owner.kick(i);
            return;
        case Step::wait_all:
            for (unsigned i = 0; i < queues_.size(); ++i) services_.owner.kick(i);
            services_.owner.wait(Stopped(queues_));
            break;
        case Step::wait_selected:
            services_.owner.kick(queue);
            services_.owner.wait(Stopped(queues_.subspan(queue, 1)));
            break;
    }
    const SpinGuard guard(lock_);
    finish_resets();
}

std::uint32_t MmioTransport::read_register(std::uint64_t offset) {
    const QueueSetup none;
    const QueueSetup& setup = queue_selected() ? setup_[queue_sel_] : none;
    switch (offset) {
        case mmio::MagicValue:
            return mmio::magic;
        case mmio::Version:
            return mmio::version;
        case mmio::DeviceID:
            return static_cast<std::uint32_t>(device_.type());
        case mmio::VendorID:
            return mmio::vendor;
        case mmio::DeviceFeatures:
            if (device_features_sel_ > 1) return 0;
            return static_cast<std::uint32_t>(offered_features() >> (32 * device_features_sel_));
        case mmio::QueueNumMax:
            return queue_selected() ? device_.max_queue_size(queue_sel_) : 0;
        case mmio::QueueReady:
            if (!queue_selected() || setup.resetting) return 0;
            return queues_[queue_sel_].state() != Queue::State::disabled ? 1 : 0;
        case mmio::QueueReset:
            return setup.resetting ? 1 : 0;
        case mmio::InterruptStatus:
            // Acquire pairs with the release in interrupt().
            return interrupt_status_.load(std::memory_order_acquire);
        case mmio::Status:
            return status_.load(std::memory_order_relaxed);
        // VIRTIO 1.2 §4.2.2.1: a shared memory region that is not there has length and base -1.
        case mmio::SHMLenLow:
        case mmio::SHMLenHigh:
        case mmio::SHMBaseLow:
        case mmio::SHMBaseHigh:
            return UINT32_MAX;
        case mmio::ConfigGeneration:
            return generation_.load(std::memory_order_acquire);
        default:
            return 0;
    }
}

MmioTransport::Step MmioTransport::write_register(std::uint64_t offset, std::uint32_t value) {
    switch (offset) {
        case mmio::DeviceFeaturesSel:
            device_features_sel_ = value;
            break;
        case mmio::DriverFeaturesSel:
            driver_features_sel_ = value;
            break;
        case mmio::DriverFeatures:
            write_driver_features(value);
            break;
        case mmio::QueueSel:
            queue_sel_ = value;
            break;
        case mmio::QueueReady:
            return write_queue_ready(value);
        case mmio::QueueReset:
            return write_queue_reset(value);
        case mmio::InterruptACK:
            interrupt_status_.fetch_and(~value, std::memory_order_acq_rel);
            break;
        case mmio::Status:
            return write_status(value);
        default:
            write_queue_setup(offset, value);
            break;
    }
    return Step::none;
}

std::uint64_t MmioTransport::read_config(std::uint64_t offset, unsigned size) {
    std::array<std::byte, 8> bytes{};
    if (size > bytes.size()) return 0;
    device_.read_config(static_cast<std::size_t>(offset), std::span{bytes}.first(size));
    Le64 value;
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
}

void MmioTransport::write_config(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const Le64 wire(value);
    std::array<std::byte, 8> bytes{};
    if (size > bytes.size()) return;
    std::memcpy(bytes.data(), &wire, bytes.size());
    device_.write_config(static_cast<std::size_t>(offset), std::span{bytes}.first(size));
}

}  // namespace lkvm::virtio
