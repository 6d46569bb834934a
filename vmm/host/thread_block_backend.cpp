// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/thread_block_backend.hpp"

namespace lkvm::vmm {

ThreadBlockBackend::ThreadBlockBackend(const DiskImage& image, WorkerPool& workers, EventLoop& loop)
    : image_(image)
    , workers_(workers)
    , loop_(loop)
    , trigger_(loop.add_trigger([this] { deliver(); })) {}

void ThreadBlockBackend::submit(BlockRequest& request, BlockCompletion& completion) {
    workers_.add([this, &request, &completion] {
        const BlockStatus status = perform(image_, request);
        {
            const std::lock_guard lock(mutex_);
            done_.push_back({&request, &completion, status});
        }
        loop_.trigger(trigger_);
    });
}

void ThreadBlockBackend::deliver() {
    std::vector<Done> done;
    {
        const std::lock_guard lock(mutex_);
        done.swap(done_);
    }
    for (const Done& one : done) one.completion->complete(*one.request, one.status);
    // One queue, one completion.
    if (!done.empty()) done.front().completion->end_of_completions();
}

}  // namespace lkvm::vmm
