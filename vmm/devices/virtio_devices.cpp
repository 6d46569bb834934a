// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/virtio_devices.hpp"

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

/// A reset waits this many times as long as a vCPU would (LoopOwner::wait()).
constexpr int reset_patience = 60;

static_assert(la::memory_map::virtio_stride == virtio::mmio::window_size);

}  // namespace

VirtioDevices::~VirtioDevices() {
    stop();
}

Outcome<> VirtioDevices::create(const DeviceOptions& options, const Wiring& wiring) {
    if (options.count() > la::max_virtio_slots) {
        return usage_failure(text("the machine has room for ", la::max_virtio_slots,
                                  " virtio devices, ", options.count(), " were asked for"));
    }
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
    for (const DiskOptions& disk : options.disks) {
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

Outcome<> VirtioDevices::reset() {
    for (const auto& device : devices_) {
        int tries = 0;
        while (!device->transport().reset()) {
            if (++tries == reset_patience) {
                return Failure{ExitCode::runtime_error,
                               text(device->name(), ": the host does not finish its requests")};
            }
        }
    }
    return {};
}

void VirtioDevices::stop() {
    if (!std::exchange(running_, false)) return;
    // What is in flight refers to guest memory and the devices; there is no telling how long the
    // host takes, but going on without is not possible.
    static_cast<void>(reset());
    for (const auto& device : devices_) device->stop();
}

}  // namespace lkvm::vmm
