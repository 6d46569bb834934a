// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/uring_block_backend.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>

#include <lkvm/assert.hpp>

#include <linux/falloc.h>
#include <sys/epoll.h>
#include <sys/uio.h>

namespace lkvm::vmm {

namespace {

/// Becomes whatever integer type the installed liburing takes for offsets.
struct AnyInteger {
    std::uint64_t value;
    template<class T>
    operator T() const {
        return static_cast<T>(value);
    }
};

// Registered files, by position.
constexpr int cached_file = 0;
constexpr int direct_file = 1;

// A list of buffers is handed to the kernel as it stands.
static_assert(sizeof(HostBuffer) == sizeof(iovec) &&
              offsetof(HostBuffer, data) == offsetof(iovec, iov_base) &&
              offsetof(HostBuffer, size) == offsetof(iovec, iov_len));

// What the back end keeps in BlockRequest::backend.
constexpr std::size_t completion_word = 0;

}  // namespace

std::unique_ptr<UringBlockBackend> UringBlockBackend::create(const DiskImage& image,
                                                             WorkerPool& workers, EventLoop& loop,
                                                             unsigned entries) {
    std::unique_ptr<UringBlockBackend> backend(new UringBlockBackend(image, workers, loop));
    if (!backend->open(entries)) return nullptr;
    loop.watch(backend->ring_.ring_fd, EPOLLIN,
               [self = backend.get()](std::uint32_t) { self->reap(); });
    return backend;
}

UringBlockBackend::~UringBlockBackend() {
    if (!open_) return;
    loop_.unwatch(ring_.ring_fd);
    ::io_uring_queue_exit(&ring_);
}

bool UringBlockBackend::open(unsigned entries) {
    // The completions of one thread need no interruption of it; older kernels lack the flag.
    if (::io_uring_queue_init(entries, &ring_, IORING_SETUP_COOP_TASKRUN) != 0 &&
        ::io_uring_queue_init(entries, &ring_, 0) != 0) {
        return false;
    }
    open_ = true;
    if (!supported()) {
        ::io_uring_queue_exit(&ring_);
        open_ = false;
        return false;
    }
    const std::array<int, 2> files{image_.fd(), image_.direct_fd()};
    if (::io_uring_register_files(&ring_, files.data(), files.size()) != 0) {
        ::io_uring_queue_exit(&ring_);
        open_ = false;
        return false;
    }
    return true;
}

bool UringBlockBackend::supported() const {
    io_uring_probe* const probe = ::io_uring_get_probe();
    if (probe == nullptr) return false;
    bool all = true;
    for (const int operation : {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READV, IORING_OP_WRITEV,
                                IORING_OP_FSYNC, IORING_OP_FALLOCATE}) {
        all = all && ::io_uring_opcode_supported(probe, operation) != 0;
    }
    ::io_uring_free_probe(probe);
    return all;
}

io_uring_sqe* UringBlockBackend::next_entry() {
    if (io_uring_sqe* const entry = ::io_uring_get_sqe(&ring_)) return entry;
    ::io_uring_submit(&ring_);
    return ::io_uring_get_sqe(&ring_);
}

void UringBlockBackend::fill(io_uring_sqe& entry, const BlockRequest& request) const {
    const bool direct = image_.direct_fd() >= 0 && image_.fd_for(request) == image_.direct_fd();
    const int file = direct ? direct_file : cached_file;
    const auto count = static_cast<unsigned>(request.buffers.size());
    const HostBuffer* const first = request.buffers.data();
    const auto* const list = reinterpret_cast<const iovec*>(first);
    // A request is shorter than 4 GiB, as is every chain.
    const bool one = count == 1;
    switch (request.operation) {
        case BlockOperation::read:
            if (one) {
                ::io_uring_prep_read(&entry, file, first->data, static_cast<unsigned>(first->size),
                                     request.offset);
            } else {
                ::io_uring_prep_readv(&entry, file, list, count, request.offset);
            }
            break;
        case BlockOperation::write:
            if (one) {
                ::io_uring_prep_write(&entry, file, first->data, static_cast<unsigned>(first->size),
                                      request.offset);
            } else {
                ::io_uring_prep_writev(&entry, file, list, count, request.offset);
            }
            if (request.durable) entry.rw_flags = RWF_DSYNC;
            break;
        case BlockOperation::flush:
            ::io_uring_prep_fsync(&entry, cached_file, IORING_FSYNC_DATASYNC);
            break;
        case BlockOperation::discard:
            ::io_uring_prep_fallocate(&entry, cached_file,
                                      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                      AnyInteger{request.offset}, AnyInteger{request.length});
            break;
        case BlockOperation::write_zeroes:
            LKVM_PANIC("zeroes are written by threads");
    }
    entry.flags |= IOSQE_FIXED_FILE;
}

void UringBlockBackend::submit(BlockRequest& request, BlockCompletion& completion) {
    if (request.operation == BlockOperation::write_zeroes) {
        return threads_.submit(request, completion);
    }
    io_uring_sqe* const entry = next_entry();
    if (entry == nullptr) return threads_.submit(request, completion);
    fill(*entry, request);
    request.backend[completion_word] = std::bit_cast<std::uintptr_t>(&completion);
    ::io_uring_sqe_set_data(entry, &request);
}

void UringBlockBackend::end_batch() {
    // What the host's cache holds is done when it is submitted, and needs no turn of the loop.
    while (::io_uring_sq_ready(&ring_) != 0 && ::io_uring_submit(&ring_) > 0) collect();
}

void UringBlockBackend::reap() {
    if (BlockCompletion* const completion = collect()) completion->end_of_completions();
}

BlockCompletion* UringBlockBackend::collect() {
    BlockCompletion* completion = nullptr;
    // In rounds, as the completions may submit more.
    while (true) {
        std::array<io_uring_cqe*, 64> batch{};
        const unsigned count =
            ::io_uring_peek_batch_cqe(&ring_, batch.data(), static_cast<unsigned>(batch.size()));
        if (count == 0) break;
        for (unsigned i = 0; i < count; ++i) {
            auto& request = *static_cast<BlockRequest*>(::io_uring_cqe_get_data(batch[i]));
            const int result = batch[i]->res;
            completion = std::bit_cast<BlockCompletion*>(request.backend[completion_word]);
            ::io_uring_cqe_seen(&ring_, batch[i]);
            finish(request, result);
        }
    }
    return completion;
}

void UringBlockBackend::finish(BlockRequest& request, int result) {
    auto& completion = *std::bit_cast<BlockCompletion*>(request.backend[completion_word]);
    const bool transfer =
        request.operation == BlockOperation::read || request.operation == BlockOperation::write;
    if (transfer && result >= 0 && static_cast<std::uint64_t>(result) == request.length) {
        return completion.complete(request, BlockStatus::ok);
    }
    // Short, interrupted or out of resources: all of it again, by a thread. Doing a part twice
    // changes nothing.
    if ((transfer && result > 0) || result == -EAGAIN || result == -EINTR || result == -ENOMEM) {
        return threads_.submit(request, completion);
    }
    if (!transfer && result == 0) return completion.complete(request, BlockStatus::ok);
    if (result == -EOPNOTSUPP) return completion.complete(request, BlockStatus::not_supported);
    // A read of nothing: somebody shortened the file.
    image_.failed(result == 0 ? EIO : -result);
    completion.complete(request, BlockStatus::io_error);
}

}  // namespace lkvm::vmm
