// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/driver/virtio_device.hpp"

#include "virtio/features.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/status.hpp"

namespace lkvm::hv {
namespace {

namespace mmio = virtio::mmio;
namespace status = virtio::status;

constexpr unsigned reset_tries = 100'000;

std::uint64_t read_features(DeviceRegisters& registers) {
    registers.write(mmio::DeviceFeaturesSel, 1);
    const std::uint64_t high = registers.read(mmio::DeviceFeatures);
    registers.write(mmio::DeviceFeaturesSel, 0);
    return high << 32 | registers.read(mmio::DeviceFeatures);
}

void write_features(DeviceRegisters& registers, std::uint64_t features) {
    registers.write(mmio::DriverFeaturesSel, 1);
    registers.write(mmio::DriverFeatures, static_cast<std::uint32_t>(features >> 32));
    registers.write(mmio::DriverFeaturesSel, 0);
    registers.write(mmio::DriverFeatures, static_cast<std::uint32_t>(features));
}

void write_address(DeviceRegisters& registers, std::uint64_t low, std::uint64_t address) {
    registers.write(low, static_cast<std::uint32_t>(address));
    registers.write(low + 4, static_cast<std::uint32_t>(address >> 32));
}

}  // namespace

std::uint32_t probe_virtio(DeviceRegisters& registers) {
    if (registers.read(mmio::MagicValue) != mmio::magic) return 0;
    if (registers.read(mmio::Version) != mmio::version) return 0;
    return registers.read(mmio::DeviceID);
}

Result<std::uint64_t> start_virtio(DeviceRegisters& registers, std::uint64_t wanted,
                                   const Virtqueue& queue) {
    registers.write(mmio::Status, 0);
    for (unsigned i = 0; registers.read(mmio::Status) != 0; ++i) {
        if (i == reset_tries) return fail(ErrorCode::not_supported);
    }
    std::uint32_t now = status::ACKNOWLEDGE | status::DRIVER;
    registers.write(mmio::Status, now);
    constexpr std::uint64_t needed = virtio::F_VERSION_1 | virtio::F_INDIRECT_DESC;
    const std::uint64_t offered = read_features(registers);
    if ((offered & needed) != needed) return fail(ErrorCode::not_supported);
    const std::uint64_t features = offered & (wanted | needed);
    write_features(registers, features);
    now |= status::FEATURES_OK;
    registers.write(mmio::Status, now);
    if ((registers.read(mmio::Status) & status::FEATURES_OK) == 0) {
        return fail(ErrorCode::not_supported);
    }
    registers.write(mmio::QueueSel, 0);
    if (registers.read(mmio::QueueNumMax) < Virtqueue::size) return fail(ErrorCode::out_of_range);
    registers.write(mmio::QueueNum, Virtqueue::size);
    write_address(registers, mmio::QueueDescLow, queue.descriptors());
    write_address(registers, mmio::QueueDriverLow, queue.driver_area());
    write_address(registers, mmio::QueueDeviceLow, queue.device_area());
    registers.write(mmio::QueueReady, 1);
    registers.write(mmio::Status, now | status::DRIVER_OK);
    return features;
}

}  // namespace lkvm::hv
