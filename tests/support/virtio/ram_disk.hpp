// SPDX-License-Identifier: GPL-2.0-or-later
// A disk in memory as back end of the block device: at once, later, or failing, as the test wants.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <vector>

#include <lkvm/block_backend.hpp>

namespace lkvm::test {

class RamDisk final : public BlockBackend {
public:
    explicit RamDisk(std::size_t size)
        : bytes(size) {}

    void submit(BlockRequest& request, BlockCompletion& completion) override {
        submitted.push_back(request.operation);
        last = request;
        if (later) {
            waiting.push_back({&request, &completion});
            return;
        }
        completion.complete(request, perform(request));
    }
    void end_batch() override {
        ++batches;
        if (!at_end_of_batch) return;
        while (!waiting.empty()) finish_oldest();
    }

    /// Does the oldest requests that were put off.
    void finish(std::size_t count = SIZE_MAX) {
        BlockCompletion* completion = nullptr;
        for (; count > 0 && !waiting.empty(); --count) {
            completion = finish_oldest();
        }
        if (completion != nullptr) completion->end_of_completions();
    }

    std::vector<std::byte> bytes;
    bool later = false;
    bool at_end_of_batch = false;  ///< with `later`: what was put off is done there
    BlockStatus answer = BlockStatus::ok;
    struct Waiting {
        BlockRequest* request = nullptr;
        BlockCompletion* completion = nullptr;
    };
    std::deque<Waiting> waiting;
    std::vector<BlockOperation> submitted;
    BlockRequest last;
    unsigned batches = 0;

private:
    BlockCompletion* finish_oldest() {
        const Waiting one = waiting.front();
        waiting.pop_front();
        one.completion->complete(*one.request, perform(*one.request));
        return one.completion;
    }

    BlockStatus perform(const BlockRequest& request) {
        if (answer != BlockStatus::ok) return answer;
        if (request.operation == BlockOperation::flush) return answer;
        if (request.offset > bytes.size() || request.length > bytes.size() - request.offset) {
            std::abort();  // the device let a request past the end
        }
        std::byte* at = bytes.data() + request.offset;
        if (request.operation == BlockOperation::discard ||
            request.operation == BlockOperation::write_zeroes) {
            std::memset(at, 0, request.length);
            return answer;
        }
        std::uint64_t total = 0;
        for (const HostBuffer& buffer : request.buffers) {
            const bool reading = request.operation == BlockOperation::read;
            std::memcpy(reading ? buffer.data : at, reading ? at : buffer.data, buffer.size);
            at += buffer.size;
            total += buffer.size;
        }
        if (total != request.length) std::abort();
        return answer;
    }
};

}  // namespace lkvm::test
