// SPDX-License-Identifier: GPL-2.0-or-later
// Requests of the block device as the driver writes them. VIRTIO 1.2 §5.2.6.
#pragma once

#include <cstdint>

#include <lkvm/endian.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/result.hpp>

#include "virtio/chain.hpp"

namespace lkvm::virtio::blk {

inline constexpr std::uint32_t sector_size = 512;

enum class RequestType : std::uint32_t {
    in = 0,
    out = 1,
    flush = 4,
    get_id = 8,
    discard = 11,
    write_zeroes = 13,
};

/// Last byte of the writable part.
enum class RequestStatus : std::uint8_t { ok = 0, io_error = 1, unsupported = 2 };

struct RequestHeader {
    Le32 type;
    Le32 reserved;
    Le64 sector;
};
static_assert(sizeof(RequestHeader) == 16);

/// One piece of a discard or write-zeroes request.
struct Range {
    Le64 sector;
    Le32 sector_count;
    Le32 flags;
};
static_assert(sizeof(Range) == 16);
inline constexpr std::uint32_t range_unmap = 1;

/// A request, checked as far as it does not depend on the disk.
struct ParsedRequest {
    RequestType type = RequestType::in;
    std::uint64_t sector = 0;
    std::uint32_t data_in_bytes = 0;   ///< writable bytes before the status byte
    std::uint32_t data_out_bytes = 0;  ///< readable bytes after the header
};

/// Reads the header. Any cutting into descriptors is fine (VIRTIO 1.2 §2.7.4). Errors:
/// `truncated` (no whole header or no status byte: nothing can be answered), `not_supported`
/// (unknown type; detail: type).
[[nodiscard]] Result<ParsedRequest> parse_request(const GuestMemory& memory,
                                                  const DescriptorChain& chain);

/// Bytes of a range of sectors inside a disk of `disk_size` bytes.
struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};
/// Errors: `out_of_range`.
[[nodiscard]] Result<ByteRange> bytes_inside(std::uint64_t disk_size, std::uint64_t sector,
                                             std::uint64_t byte_count);

}  // namespace lkvm::virtio::blk
