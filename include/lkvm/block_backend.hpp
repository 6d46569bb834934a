// SPDX-License-Identifier: GPL-2.0-or-later
// What a block device stores its sectors on.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <lkvm/host_buffer.hpp>

namespace lkvm {

enum class BlockOperation : std::uint8_t {
    read,
    write,
    flush,        ///< everything completed before is durable afterwards
    discard,      ///< contents may be lost and space given back
    write_zeroes  ///< reads as zeroes afterwards
};

enum class BlockStatus : std::uint8_t { ok, io_error, not_supported };

/// One request in flight. Filled by the device, which keeps it and everything it refers to in
/// place until complete().
struct BlockRequest {
    BlockOperation operation = BlockOperation::read;
    bool durable = false;      ///< write, write_zeroes: durable when complete
    bool may_unmap = false;    ///< write_zeroes: space may be given back
    std::uint64_t offset = 0;  ///< bytes; multiple of 512, inside the disk
    std::uint64_t length = 0;  ///< bytes; that of the buffers for read and write
    std::span<const HostBuffer> buffers{};
    /// The back end's own while it has the request.
    std::array<std::uintptr_t, 4> backend{};
};

/// Told about finished requests, on the thread that submits for the same queue, possibly inside
/// submit().
class BlockCompletion {
public:
    virtual void complete(BlockRequest& request, BlockStatus status) = 0;
    /// After one or more completions outside submit(): no more for now.
    virtual void end_of_completions() = 0;

protected:
    ~BlockCompletion() = default;  // never deleted through the interface
};

/// Access to one disk for one queue. All calls on the queue's owner thread. Requests are
/// independent: any order, except that a flush covers what was completed before it.
class BlockBackend {
public:
    /// Failures are reported by completion.
    virtual void submit(BlockRequest& request, BlockCompletion& completion) = 0;
    /// Nothing more comes for now: what was held back to be started together starts. What finishes
    /// meanwhile may be completed inside, without end_of_completions().
    virtual void end_batch() {}

protected:
    ~BlockBackend() = default;  // never deleted through the interface
};

/// What a disk is like.
struct BlockProperties {
    std::uint64_t size = 0;  ///< bytes, multiple of 512
    bool read_only = false;
    std::uint32_t block_size = 512;            ///< smallest unit that needs no read-modify-write
    std::uint32_t physical_block_size = 512;   ///< a power-of-two multiple of block_size
    std::uint32_t optimal_io_size = 0;         ///< bytes, 0 if unknown
    bool discard = false;                      ///< discard gives space back
    std::uint32_t discard_granularity = 4096;  ///< bytes, multiple of 512
    std::array<char, 20> serial{};             ///< NUL-padded
};

}  // namespace lkvm
