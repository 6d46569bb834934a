// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/driver/board_entropy.hpp"

#include "baremetal/driver/virtio_device.hpp"
#include "baremetal/driver/virtqueue.hpp"
#include "virtio/mmio_registers.hpp"

namespace lkvm::hv {
namespace {

/// A device that takes longer than this many looks is none.
constexpr unsigned most_looks = 50'000'000;

}  // namespace

Result<std::size_t> read_board_entropy(DeviceRegisters& registers, Arena& arena, BusAddress bus,
                                       std::span<std::byte> to) {
    Virtqueue* const queue = LKVM_TRY(arena.make<Virtqueue>());
    LKVM_TRY(queue->create(arena, bus));
    LKVM_TRY(start_virtio(registers, 0, *queue));
    const DmaPiece piece{to.data(), to.size(), true};
    queue->add({&piece, 1});
    registers.write(virtio::mmio::QueueNotify, 0);
    unsigned looks = 0;
    while (!queue->poll().has_value()) {
        if (queue->is_broken() || ++looks == most_looks) {
            registers.write(virtio::mmio::Status, 0);
            return fail(ErrorCode::not_found);
        }
    }
    registers.write(virtio::mmio::Status, 0);
    const std::size_t size = queue->last_length();
    return size < to.size() ? size : to.size();
}

}  // namespace lkvm::hv
