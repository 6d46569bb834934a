// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/virtio_devices.hpp"

#include <algorithm>
#include <utility>

#include "loongarch/platform/memory_map.hpp"
#include "virtio/mmio_registers.hpp"
#include "vmm/devices/disk_device.hpp"
#include "vmm/devices/network_device.hpp"
#include "vmm/devices/rng_device.hpp"
#include "vmm/devices/share_device.hpp"
#include "vmm/devices/vsock_device.hpp"
#include "vmm/host/file_limit.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

/// Most threads that wait for disks of all devices together.
constexpr unsigned disk_workers = 8;

/// How long the host may take for the requests in flight: a guest that goes on needs them done,
/// and disks can be slow; at the end only the user waits.
constexpr std::chrono::seconds reset_patience{60};
constexpr std::chrono::seconds end_patience{10};

/// When the user is told what is waited for.
constexpr std::chrono::seconds silent_wait{2};

static_assert(la::memory_map::virtio_stride == virtio::mmio::window_size);

}  // namespace

VirtioDevices::~VirtioDevices() {
    static_cast<void>(stop(end_patience));
    leave_behind();
}

Outcome<> VirtioDevices::create(const DeviceOptions& options, const Wiring& wiring) {
    if (options.count() > la::max_virtio_slots) {
        return usage_failure(text("the machine has room for ", la::max_virtio_slots,
                                  " virtio devices, ", options.count(), " were asked for"));
    }
    // Each queue and connection takes some.
    static_cast<void>(raise_file_limit());
    LKVM_CHECK(add_disks(options, wiring));
    LKVM_CHECK(add_networks(options, wiring));
    LKVM_CHECK(add_console(options, wiring));
    if (options.rng) {
        add(std::make_unique<RngDevice>(next_place(wiring, "virtio-rng0")), wiring);
    }
    LKVM_CHECK(add_shares(options, wiring));
    add_balloon(options, wiring);
    if (options.vsock.has_value()) {
        DevicePlace place = next_place(wiring, "virtio-vsock0");
        add(LKVM_CHECK(VsockDevice::create(std::move(place), *options.vsock)), wiring);
        wiring.log.info(text("vsock: guest ", options.vsock->cid, " at ", options.vsock->path));
    }
    return {};
}

DevicePlace VirtioDevices::next_place(const Wiring& wiring, std::string name) const {
    const auto slot = static_cast<unsigned>(devices_.size());
    return {wiring.memory, wiring.interrupt(slot), wiring.log, std::move(name)};
}

void VirtioDevices::add(std::unique_ptr<HostedDevice> device, const Wiring& wiring) {
    const auto slot = static_cast<unsigned>(devices_.size());
    log_ = &wiring.log;
    // Slots do not overlap, and create() counted them.
    LKVM_MUST(wiring.bus.add(la::virtio_slot(slot).base, la::memory_map::virtio_stride,
                             device->transport()));
    devices_.push_back(std::move(device));
}

Outcome<> VirtioDevices::add_console(const DeviceOptions& options, const Wiring& wiring) {
    if (!options.has_console()) return {};
    std::unique_ptr<ConsoleDevice> device = LKVM_CHECK(
        ConsoleDevice::create(next_place(wiring, "virtio-console0"),
                              options.console ? &wiring.terminal : nullptr, options.ports));
    console_ = device.get();
    add(std::move(device), wiring);
    return {};
}

Outcome<> VirtioDevices::add_disks(const DeviceOptions& options, const Wiring& wiring) {
    if (!options.disks.empty()) workers_ = std::make_unique<WorkerPool>(disk_workers);
    unsigned number = 0;
    for (DiskOptions disk : options.disks) {
        // With one for each of them, vCPUs do not wait for each other's lock in the driver, and
        // Linux uses no I/O scheduler.
        if (disk.queues == 0) disk.queues = std::min(wiring.cpu_count, automatic_disk_queues);
        DiskImage image = LKVM_CHECK(DiskImage::open(disk));
        DevicePlace place = next_place(wiring, text("virtio-blk", number++));
        std::unique_ptr<DiskDevice> device =
            LKVM_CHECK(DiskDevice::create(std::move(place), std::move(image), disk, *workers_));
        wiring.log.debug(text(device->name(), ": '", disk.path, "', ", device->io_name()));
        add(std::move(device), wiring);
    }
    return {};
}

Outcome<> VirtioDevices::add_networks(const DeviceOptions& options, const Wiring& wiring) {
    unsigned number = 0;
    for (const NetOptions& network : options.networks) {
        DevicePlace place = next_place(wiring, text("virtio-net", number));
        std::unique_ptr<NetworkDevice> device =
            LKVM_CHECK(NetworkDevice::create(std::move(place), network, number++));
        wiring.log.debug(text(device->name(), ": ", device->description()));
        add(std::move(device), wiring);
    }
    return {};
}

Outcome<> VirtioDevices::add_shares(const DeviceOptions& options, const Wiring& wiring) {
    if (options.shares.empty()) return {};
    // Half of what this process may have open is for its own needs.
    const std::size_t files_each = raise_file_limit() / 2 / options.shares.size();
    unsigned number = 0;
    for (const ShareOptions& share : options.shares) {
        DevicePlace place = next_place(wiring, text("virtio-9p", number++));
        add(LKVM_CHECK(ShareDevice::create(std::move(place), share, files_each)), wiring);
    }
    return {};
}

void VirtioDevices::add_balloon(const DeviceOptions& options, const Wiring& wiring) {
    if (!options.balloon) return;
    auto device = std::make_unique<BalloonDevice>(next_place(wiring, "virtio-balloon0"));
    balloon_ = device.get();
    add(std::move(device), wiring);
}

std::uint32_t VirtioDevices::edge_pins() const {
    std::uint32_t pins = 0;
    for (unsigned slot = 0; slot < devices_.size(); ++slot) {
        pins |= std::uint32_t{1} << la::virtio_slot(slot).pin;
    }
    return pins;
}

void VirtioDevices::connect_doorbells(const MakeDoorbell& make) {
    for (unsigned slot = 0; slot < devices_.size(); ++slot) {
        const Gpa notify{la::virtio_slot(slot).base.value + virtio::mmio::QueueNotify};
        HostedDevice& device = *devices_[slot];
        const std::size_t queues = device.transport().device().queues().size();
        for (unsigned queue = 0; queue < queues; ++queue) {
            const int doorbell = make(notify, queue);
            if (doorbell >= 0) device.add_doorbell(queue, doorbell);
        }
    }
}

void VirtioDevices::start() {
    if (std::exchange(running_, true)) return;
    for (const auto& device : devices_) device->start();
}

Outcome<> VirtioDevices::reset(const std::function<bool()>& give_up) {
    return reset_within(reset_patience, give_up);
}

Outcome<> VirtioDevices::reset_within(std::chrono::milliseconds limit,
                                      const std::function<bool()>& give_up) {
    const auto started = std::chrono::steady_clock::now();
    bool told = false;
    busy_.clear();
    for (const auto& device : devices_) busy_.push_back(device.get());
    while (true) {
        // Those that are not ready wait a moment, see LoopOwner::wait().
        std::erase_if(busy_, [](HostedDevice* device) { return device->transport().reset(); });
        if (busy_.empty()) return {};
        std::string names;
        for (const HostedDevice* const device : busy_) {
            names += text(names.empty() ? "" : ", ", device->name());
        }
        const auto waited = std::chrono::steady_clock::now() - started;
        if (waited >= limit || give_up()) {
            return Failure{ExitCode::runtime_error,
                           text(names, ": the host does not finish its requests")};
        }
        if (!told && waited >= silent_wait) {
            log_->warn(text(names, ": waiting for the host to finish its requests"));
            told = true;
        }
    }
}

Outcome<> VirtioDevices::stop() {
    return stop(end_patience);
}

Outcome<> VirtioDevices::stop(std::chrono::milliseconds limit) {
    if (!std::exchange(running_, false)) return {};
    // What is in flight refers to guest memory and the devices.
    Outcome<> outcome = reset_within(limit, [] { return false; });
    for (const auto& device : devices_) {
        if (std::ranges::find(busy_, device.get()) == busy_.end()) device->stop();
    }
    return outcome;
}

void VirtioDevices::leave_behind() {
    if (busy_.empty()) return;
    balloon_ = nullptr;
    console_ = nullptr;
    for (auto& device : devices_) {
        // On purpose never deleted: see stop().
        if (std::ranges::find(busy_, device.get()) != busy_.end()) {
            static_cast<void>(device.release());
        }
    }
    devices_.clear();
    static_cast<void>(workers_.release());
}

}  // namespace lkvm::vmm
