// SPDX-License-Identifier: GPL-2.0-or-later
// A virtio-blk disk of the board, shared by the zones that have a part of it. VIRTIO 1.2 §5.2.
#pragma once

#include <array>
#include <cstdint>

#include <lkvm/block_backend.hpp>
#include <lkvm/endian.hpp>
#include <lkvm/result.hpp>
#include <lkvm/spin_lock.hpp>

#include "baremetal/device/arena.hpp"
#include "baremetal/driver/registers.hpp"
#include "baremetal/driver/virtqueue.hpp"

namespace lkvm::hv {

/// Who asked for a transfer.
class DiskClient {
public:
    /// Any CPU, with the disk's lock held.
    virtual void finished(BlockRequest& request, BlockStatus status) = 0;

protected:
    ~DiskClient() = default;  // never deleted through the interface
};

/// Any CPU. Requests are polled for, so that the board's interrupts stay unused.
class BoardDisk {
public:
    /// Most pieces of a request: what a zone's driver may send, and head and status.
    static constexpr std::size_t max_pieces = 130;

    BoardDisk() = default;
    BoardDisk(const BoardDisk&) = delete;
    BoardDisk& operator=(const BoardDisk&) = delete;

    /// Boot CPU. Errors: those of start_virtio() and Arena, `out_of_range` (takes too few pieces).
    [[nodiscard]] Result<> create(DeviceRegisters& registers, Arena& arena, BusAddress bus);

    [[nodiscard]] std::uint64_t sectors() const { return sectors_; }
    [[nodiscard]] bool read_only() const { return read_only_; }

    /// Starts read, write or flush; `first_sector` is where the client's part begins. False: the
    /// disk has enough to do, ask again after poll().
    [[nodiscard]] bool submit(BlockRequest& request, std::uint64_t first_sector,
                              DiskClient& client);
    /// Reports what is done.
    void poll();

private:
    struct Header {
        Le32 type;
        Le32 reserved;
        Le64 sector;
    };
    struct Slot {
        Header header;
        std::uint8_t status = 0;
        BlockRequest* request = nullptr;
        DiskClient* client = nullptr;
    };

    void give_up();

    DeviceRegisters* registers_ = nullptr;
    SpinLock lock_;
    Virtqueue queue_;
    std::array<DmaPiece, max_pieces + 2> pieces_;  // of the request that is being submitted
    std::array<Slot, Virtqueue::size>* slots_ = nullptr;
    std::uint64_t sectors_ = 0;
    bool read_only_ = false;
    bool flushes_ = false;
};

}  // namespace lkvm::hv
