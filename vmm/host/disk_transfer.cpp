// SPDX-License-Identifier: GPL-2.0-or-later
// Requests to a disk image, done on the spot.
#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <vector>

#include "vmm/host/disk_image.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/uio.h>

namespace lkvm::vmm {

namespace {

/// Calls `transfer(iovec*, count, offset)` until everything is done. A read that ends early, in a
/// file that somebody shortened, is an error.
template<class Transfer>
BlockStatus transfer_all(const DiskImage& image, const BlockRequest& request, Transfer transfer) {
    std::vector<iovec> pieces;
    pieces.reserve(request.buffers.size());
    for (const HostBuffer& buffer : request.buffers) pieces.push_back({buffer.data, buffer.size});
    std::uint64_t offset = request.offset;
    std::size_t at = 0;
    while (at < pieces.size()) {
        const int count = static_cast<int>(std::min<std::size_t>(pieces.size() - at, IOV_MAX));
        const ssize_t moved = transfer(&pieces[at], count, static_cast<off_t>(offset));
        if (moved < 0 && errno == EINTR) continue;
        if (moved <= 0) {
            image.failed(moved == 0 ? EIO : errno);
            return BlockStatus::io_error;
        }
        offset += static_cast<std::uint64_t>(moved);
        auto left = static_cast<std::size_t>(moved);
        while (at < pieces.size() && left >= pieces[at].iov_len) left -= pieces[at++].iov_len;
        if (left == 0) continue;
        pieces[at].iov_base = static_cast<std::byte*>(pieces[at].iov_base) + left;
        pieces[at].iov_len -= left;
    }
    return BlockStatus::ok;
}

BlockStatus read_request(const DiskImage& image, const BlockRequest& request) {
    return transfer_all(image, request,
                        [fd = image.fd_for(request)](iovec* to, int count, off_t where) {
                            return ::preadv(fd, to, count, where);
                        });
}

BlockStatus write_request(const DiskImage& image, const BlockRequest& request) {
    const int flags = request.durable ? RWF_DSYNC : 0;
    return transfer_all(image, request,
                        [fd = image.fd_for(request), flags](iovec* from, int count, off_t where) {
                            return ::pwritev2(fd, from, count, where, flags);
                        });
}

bool allocate(const DiskImage& image, const BlockRequest& request, int mode) {
    int result = 0;
    do {
        result =
            ::fallocate(image.fd(), mode | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(request.offset),
                        static_cast<off_t>(request.length));
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

bool write_zero_bytes(const DiskImage& image, const BlockRequest& request) {
    static constexpr std::array<std::byte, 65536> zeroes{};
    std::uint64_t done = 0;
    while (done < request.length) {
        const auto part = std::min<std::uint64_t>(zeroes.size(), request.length - done);
        const ssize_t moved = ::pwrite(image.fd(), zeroes.data(), static_cast<std::size_t>(part),
                                       static_cast<off_t>(request.offset + done));
        if (moved < 0 && errno == EINTR) continue;
        if (moved <= 0) {
            image.failed(moved == 0 ? EIO : errno);
            return false;
        }
        done += static_cast<std::uint64_t>(moved);
    }
    return true;
}

bool sync(const DiskImage& image) {
    if (::fdatasync(image.fd()) == 0) return true;
    image.failed(errno);
    return false;
}

BlockStatus zero_request(const DiskImage& image, const BlockRequest& request) {
    // A hole reads as zeroes too, but only where the driver lets space go.
    bool done = request.may_unmap && allocate(image, request, FALLOC_FL_PUNCH_HOLE);
    done = done || allocate(image, request, FALLOC_FL_ZERO_RANGE);
    done = done || write_zero_bytes(image, request);
    if (done && request.durable) done = sync(image);
    return done ? BlockStatus::ok : BlockStatus::io_error;
}

}  // namespace

BlockStatus perform(const DiskImage& image, const BlockRequest& request) {
    switch (request.operation) {
        case BlockOperation::read:
            return read_request(image, request);
        case BlockOperation::write:
            return write_request(image, request);
        case BlockOperation::flush:
            return sync(image) ? BlockStatus::ok : BlockStatus::io_error;
        case BlockOperation::discard:
            if (allocate(image, request, FALLOC_FL_PUNCH_HOLE)) return BlockStatus::ok;
            if (errno == EOPNOTSUPP) return BlockStatus::not_supported;
            image.failed(errno);
            return BlockStatus::io_error;
        case BlockOperation::write_zeroes:
            return zero_request(image, request);
    }
    return BlockStatus::io_error;
}

}  // namespace lkvm::vmm
