// SPDX-License-Identifier: GPL-2.0-or-later
// A zone's disk in the board's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/block_backend.hpp>

#include "baremetal/device/queue_runner.hpp"

namespace lkvm::hv {

/// Requests are carried out in order and in pieces, so that no request keeps its CPU from
/// interrupts for long: up to `piece_size` bytes at once, the rest when the runner comes again.
class RamDisk final : public BlockBackend, public BackendWork {
public:
    static constexpr std::uint64_t piece_size = 0x4000;

    RamDisk() = default;
    RamDisk(const RamDisk&) = delete;
    RamDisk& operator=(const RamDisk&) = delete;

    /// Once, before use.
    void connect(std::span<std::byte> bytes, QueueRunner& runner) {
        bytes_ = bytes;
        runner_ = &runner;
    }

    // All: owner
    void submit(BlockRequest& request, BlockCompletion& completion) override;
    void work(unsigned event) override;

private:
    /// Does a piece of the request. True: it is done.
    [[nodiscard]] bool advance(BlockRequest& request);
    void append(BlockRequest& request);

    std::span<std::byte> bytes_;
    QueueRunner* runner_ = nullptr;
    BlockCompletion* completion_ = nullptr;
    // Requests that are not finished, through BlockRequest::backend.
    BlockRequest* first_ = nullptr;
    BlockRequest* last_ = nullptr;
};

}  // namespace lkvm::hv
