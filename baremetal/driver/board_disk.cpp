// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/driver/board_disk.hpp"

#include <lkvm/assert.hpp>

#include "baremetal/driver/virtio_device.hpp"
#include "virtio/blk/config.hpp"
#include "virtio/blk/request.hpp"
#include "virtio/blk/request_queue.hpp"
#include "virtio/mmio_registers.hpp"

namespace lkvm::hv {
namespace {

namespace blk = virtio::blk;
namespace mmio = virtio::mmio;

constexpr std::uint8_t status_unset = 0xff;

BlockStatus status_of(std::uint8_t status) {
    switch (static_cast<blk::RequestStatus>(status)) {
        case blk::RequestStatus::ok:
            return BlockStatus::ok;
        case blk::RequestStatus::unsupported:
            return BlockStatus::not_supported;
        case blk::RequestStatus::io_error:
            break;
    }
    return BlockStatus::io_error;
}

}  // namespace

Result<> BoardDisk::create(DeviceRegisters& registers, Arena& arena, BusAddress bus) {
    registers_ = &registers;
    LKVM_TRY(queue_.create(arena, bus));
    slots_ = LKVM_TRY((arena.make<std::array<Slot, Virtqueue::size>>()));
    const std::uint64_t features =
        LKVM_TRY(start_virtio(registers, blk::F_SEG_MAX | blk::F_RO | blk::F_FLUSH, queue_));
    const std::uint64_t high = registers.read(mmio::Config + 4);
    sectors_ = high << 32 | registers.read(mmio::Config);
    read_only_ = (features & blk::F_RO) != 0;
    flushes_ = (features & blk::F_FLUSH) != 0;
    // VIRTIO 1.2 §5.2.4: without SEG_MAX it is one piece.
    const std::uint32_t pieces = (features & blk::F_SEG_MAX) != 0
                                     ? registers.read(mmio::Config + offsetof(blk::Config, seg_max))
                                     : 1;
    if (pieces < blk::max_data_segments) return fail(ErrorCode::out_of_range, pieces);
    return {};
}

bool BoardDisk::submit(BlockRequest& request, std::uint64_t first_sector, DiskClient& client) {
    using enum BlockOperation;
    const SpinGuard guard{lock_};
    if (queue_.is_broken()) {
        client.finished(request, BlockStatus::io_error);
        return true;
    }
    if (request.operation == flush && !flushes_) {
        client.finished(request, BlockStatus::ok);
        return true;
    }
    if (queue_.in_flight() == Virtqueue::size) return false;
    Slot& slot = (*slots_)[queue_.next_slot()];
    slot.request = &request;
    slot.client = &client;
    slot.status = status_unset;
    const blk::RequestType type = request.operation == read    ? blk::RequestType::in
                                  : request.operation == write ? blk::RequestType::out
                                                               : blk::RequestType::flush;
    slot.header.type = static_cast<std::uint32_t>(type);
    slot.header.sector =
        request.operation == flush ? 0 : first_sector + request.offset / blk::sector_size;
    LKVM_ASSERT(request.buffers.size() <= max_pieces);
    DmaPiece* const pieces = pieces_.data();
    std::size_t count = 0;
    pieces[count++] = {reinterpret_cast<std::byte*>(&slot.header), sizeof(slot.header), false};
    if (request.operation != flush) {
        for (const HostBuffer& buffer : request.buffers) {
            pieces[count++] = {buffer.data, buffer.size, request.operation == read};
        }
    }
    pieces[count++] = {reinterpret_cast<std::byte*>(&slot.status), 1, true};
    queue_.add(std::span{pieces_}.first(count));
    if (queue_.wants_kick()) registers_->write(mmio::QueueNotify, 0);
    return true;
}

void BoardDisk::poll() {
    const SpinGuard guard{lock_};
    while (const auto number = queue_.poll()) {
        Slot& slot = (*slots_)[*number];
        slot.client->finished(*slot.request, status_of(slot.status));
        slot.request = nullptr;
    }
    if (queue_.is_broken()) give_up();
}

/// The disk answers with nonsense: all that it was asked for has failed.
void BoardDisk::give_up() {
    for (Slot& slot : *slots_) {
        if (slot.request == nullptr) continue;
        slot.client->finished(*slot.request, BlockStatus::io_error);
        slot.request = nullptr;
    }
}

}  // namespace lkvm::hv
