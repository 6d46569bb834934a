// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/boot/board_devices.hpp"

#include "baremetal/console/console.hpp"
#include "baremetal/driver/board_entropy.hpp"
#include "baremetal/driver/virtio_device.hpp"
#include "baremetal/memory/physical.hpp"
#include "virtio/device.hpp"

namespace lkvm::hv {
namespace {

class PhysicalRegisters final : public DeviceRegisters {
public:
    explicit PhysicalRegisters(std::uint64_t base)
        : base_(base) {}
    [[nodiscard]] std::uint32_t read(std::uint64_t offset) override { return at(offset); }
    void write(std::uint64_t offset, std::uint32_t value) override { at(offset) = value; }

private:
    [[nodiscard]] volatile std::uint32_t& at(std::uint64_t offset) const {
        // Device registers: every access happens, in order.
        return *reinterpret_cast<volatile std::uint32_t*>(uncached_window | (base_ + offset));
    }

    std::uint64_t base_;
};

bool belongs_to_a_zone(std::uint64_t base, std::span<const bundle::Zone> zones) {
    for (const bundle::Zone& zone : zones) {
        for (std::size_t i = 0; i < zone.passed_count; ++i) {
            const bundle::Passed& passed = zone.passed[i];
            if (base >= passed.base && base - passed.base < passed.size) return true;
        }
    }
    return false;
}

}  // namespace

Result<> BoardDevices::start_disk(std::uint64_t base, Arena& arena) {
    if (disk_count_ == disks_.size()) return fail(ErrorCode::too_many);
    auto* const registers = LKVM_TRY(arena.make<PhysicalRegisters>(base));
    BoardDisk* const disk = LKVM_TRY(arena.make<BoardDisk>());
    LKVM_TRY(disk->create(*registers, arena, physical_address));
    disks_[disk_count_++] = disk;
    return {};
}

Result<> BoardDevices::read_entropy(std::uint64_t base, Arena& arena) {
    if (random_size_ == random_.size()) return {};
    auto* const registers = LKVM_TRY(arena.make<PhysicalRegisters>(base));
    const auto bytes = LKVM_TRY(read_board_entropy(*registers, arena, physical_address, random_));
    random_size_ = bytes;
    return {};
}

void BoardDevices::start(const Board& board, std::span<const bundle::Zone> zones, Arena& arena) {
    for (std::size_t i = 0; i < board.virtio_count; ++i) {
        const std::uint64_t base = board.virtio[i];
        if (belongs_to_a_zone(base, zones)) continue;
        PhysicalRegisters registers(base);
        Result<> done{};
        switch (static_cast<virtio::DeviceType>(probe_virtio(registers))) {
            case virtio::DeviceType::block:
                done = start_disk(base, arena);
                break;
            case virtio::DeviceType::entropy:
                done = read_entropy(base, arena);
                break;
            default:
                break;
        }
        if (!done.has_value()) console.line("a device of the board does not start, at", base);
    }
}

}  // namespace lkvm::hv
