// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/disk_partition.hpp"

namespace lkvm::hv {
namespace {

// What BlockRequest::backend holds.
constexpr std::size_t next_request = 0;  ///< pointer
constexpr std::size_t final_status = 1;  ///< BlockStatus
constexpr std::size_t flush_next = 2;    ///< a durable write is followed by a flush

constexpr unsigned event_poll = 0;

constexpr std::uint64_t sector_size = 512;

/// Requests handed over or completed at once.
constexpr unsigned most_requests = 8;

}  // namespace

void DiskPartition::List::append(BlockRequest& request) {
    request.backend[next_request] = 0;
    if (first == nullptr) {
        first = &request;
    } else {
        // The list is made of the words that the device keeps for us.
        last->backend[next_request] = reinterpret_cast<std::uintptr_t>(&request);
    }
    last = &request;
}

void DiskPartition::List::put_back(BlockRequest& request) {
    request.backend[next_request] = reinterpret_cast<std::uintptr_t>(first);  // see append()
    if (first == nullptr) last = &request;
    first = &request;
}

BlockRequest* DiskPartition::List::take() {
    BlockRequest* const request = first;
    if (request != nullptr) {
        first = reinterpret_cast<BlockRequest*>(request->backend[next_request]);  // see append()
    }
    return request;
}

bool DiskPartition::inside(const BlockRequest& request) const {
    const std::uint64_t size = sector_count_ * sector_size;
    return request.offset <= size && request.length <= size - request.offset;
}

void DiskPartition::submit(BlockRequest& request, BlockCompletion& completion) {
    completion_ = &completion;
    using enum BlockOperation;
    const bool possible =
        request.operation == read || request.operation == write || request.operation == flush;
    if (!possible) return completion.complete(request, BlockStatus::not_supported);
    // The device checked it already; here is where another zone's sectors begin.
    if (!inside(request)) return completion.complete(request, BlockStatus::io_error);
    request.backend = {};
    request.backend[flush_next] = request.operation == write && request.durable ? 1 : 0;
    waiting_.append(request);
    feed();
    runner_->raise(event_poll);
}

void DiskPartition::feed() {
    for (unsigned i = 0; i < most_requests; ++i) {
        BlockRequest* const request = waiting_.take();
        if (request == nullptr) return;
        ++in_flight_;
        if (disk_->submit(*request, first_sector_, *this)) continue;
        --in_flight_;
        return waiting_.put_back(*request);
    }
}

void DiskPartition::finished(BlockRequest& request, BlockStatus status) {
    request.backend[final_status] = static_cast<std::uintptr_t>(status);
    {
        const SpinGuard guard{done_lock_};
        done_.append(request);
    }
    runner_->raise(event_poll);
}

void DiskPartition::work(unsigned) {
    disk_->poll();
    bool completed = false;
    for (unsigned i = 0; i < most_requests; ++i) {
        BlockRequest* request = nullptr;
        {
            const SpinGuard guard{done_lock_};
            request = done_.take();
        }
        if (request == nullptr) break;
        --in_flight_;
        const auto status = static_cast<BlockStatus>(request->backend[final_status]);
        if (status == BlockStatus::ok && request->backend[flush_next] != 0) {
            request->backend[flush_next] = 0;
            request->operation = BlockOperation::flush;
            waiting_.append(*request);
            continue;
        }
        completed = true;
        completion_->complete(*request, status);
    }
    if (completed) completion_->end_of_completions();
    feed();
    // Nobody else tells that the disk is done.
    if (in_flight_ != 0 || waiting_.first != nullptr) runner_->raise(event_poll);
}

}  // namespace lkvm::hv
