// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/ram_disk.hpp"

#include <cstring>

namespace lkvm::hv {
namespace {

// What BlockRequest::backend holds.
constexpr std::size_t next_request = 0;   ///< pointer
constexpr std::size_t done_bytes = 1;     ///< of the request
constexpr std::size_t buffer_number = 2;  ///< that is worked on
constexpr std::size_t buffer_bytes = 3;   ///< of that one done

}  // namespace

void RamDisk::append(BlockRequest& request) {
    request.backend[next_request] = 0;
    if (first_ == nullptr) {
        first_ = &request;
    } else {
        // The list is made of the words that the device keeps for us.
        last_->backend[next_request] = reinterpret_cast<std::uintptr_t>(&request);
    }
    last_ = &request;
}

void RamDisk::submit(BlockRequest& request, BlockCompletion& completion) {
    completion_ = &completion;
    // Memory is as durable as it gets; contents of a discarded range may stay.
    const bool nothing_to_do =
        request.operation == BlockOperation::flush || request.operation == BlockOperation::discard;
    if (nothing_to_do && first_ == nullptr) {
        return completion.complete(request, BlockStatus::ok);
    }
    request.backend = {};
    if (nothing_to_do) request.length = 0;
    if (first_ == nullptr && advance(request)) {
        return completion.complete(request, BlockStatus::ok);
    }
    append(request);
    runner_->raise(0);
}

void RamDisk::work(unsigned) {
    if (first_ == nullptr) return;
    BlockRequest& request = *first_;
    if (advance(request)) {
        first_ = reinterpret_cast<BlockRequest*>(request.backend[next_request]);  // see append()
        completion_->complete(request, BlockStatus::ok);
        completion_->end_of_completions();
    }
    if (first_ != nullptr) runner_->raise(0);
}

bool RamDisk::advance(BlockRequest& request) {
    std::uint64_t budget = piece_size;
    std::uintptr_t& done = request.backend[done_bytes];
    // The device checked that the request lies inside the disk.
    while (budget != 0 && done < request.length) {
        std::byte* const at = bytes_.data() + request.offset + done;
        std::uint64_t count = request.length - done;
        if (request.operation == BlockOperation::write_zeroes) {
            if (count > budget) count = budget;
            std::memset(at, 0, count);
        } else {
            const HostBuffer& buffer = request.buffers[request.backend[buffer_number]];
            std::uintptr_t& inside = request.backend[buffer_bytes];
            std::byte* const memory = buffer.data + inside;
            count = buffer.size - inside;
            if (count > budget) count = budget;
            const bool reading = request.operation == BlockOperation::read;
            std::memcpy(reading ? memory : at, reading ? at : memory, count);
            inside += count;
            if (inside == buffer.size) {
                ++request.backend[buffer_number];
                inside = 0;
            }
        }
        done += count;
        budget -= count;
    }
    return done >= request.length;
}

}  // namespace lkvm::hv
