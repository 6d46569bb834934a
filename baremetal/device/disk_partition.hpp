// SPDX-License-Identifier: GPL-2.0-or-later
// A zone's disk on a part of one of the board's.
#pragma once

#include <cstdint>

#include <lkvm/block_backend.hpp>
#include <lkvm/spin_lock.hpp>

#include "baremetal/device/queue_runner.hpp"
#include "baremetal/driver/board_disk.hpp"

namespace lkvm::hv {

/// Nothing outside [first_sector, first_sector + sector_count) is ever asked for.
class DiskPartition final : public BlockBackend, public BackendWork, private DiskClient {
public:
    DiskPartition() = default;
    DiskPartition(const DiskPartition&) = delete;
    DiskPartition& operator=(const DiskPartition&) = delete;

    /// Once, before use.
    void connect(BoardDisk& disk, std::uint64_t first_sector, std::uint64_t sector_count,
                 QueueRunner& runner) {
        disk_ = &disk;
        first_sector_ = first_sector;
        sector_count_ = sector_count;
        runner_ = &runner;
    }

    // Owner.
    void submit(BlockRequest& request, BlockCompletion& completion) override;
    void work(unsigned event) override;

private:
    /// Requests in a row, through BlockRequest::backend.
    struct List {
        BlockRequest* first = nullptr;
        BlockRequest* last = nullptr;

        void append(BlockRequest& request);
        void put_back(BlockRequest& request);
        [[nodiscard]] BlockRequest* take();
    };

    void finished(BlockRequest& request, BlockStatus status) override;
    /// Hands over what waits, as long as the disk takes it.
    void feed();
    [[nodiscard]] bool inside(const BlockRequest& request) const;

    BoardDisk* disk_ = nullptr;
    std::uint64_t first_sector_ = 0;
    std::uint64_t sector_count_ = 0;
    QueueRunner* runner_ = nullptr;
    BlockCompletion* completion_ = nullptr;
    List waiting_;            // owner
    unsigned in_flight_ = 0;  // owner
    SpinLock done_lock_;
    List done_;
};

}  // namespace lkvm::hv
