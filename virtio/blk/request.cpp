// SPDX-License-Identifier: GPL-2.0-or-later
// Requests of the block device. VIRTIO 1.2 §5.2.6.
#include "virtio/blk/request.hpp"

namespace lkvm::virtio::blk {

namespace {

constexpr bool known(std::uint32_t type) {
    switch (static_cast<RequestType>(type)) {
        case RequestType::in:
        case RequestType::out:
        case RequestType::flush:
        case RequestType::get_id:
        case RequestType::discard:
        case RequestType::write_zeroes:
            return true;
    }
    return false;
}

}  // namespace

Result<ParsedRequest> parse_request(const GuestMemory& memory, const DescriptorChain& chain) {
    if (chain.writable_bytes() == 0) return fail(ErrorCode::truncated);
    const auto header = ChainReader(memory, chain).read<RequestHeader>();
    if (!header.has_value()) return fail(ErrorCode::truncated);
    if (!known(header->type)) return fail(ErrorCode::not_supported, header->type);
    ParsedRequest request;
    request.type = static_cast<RequestType>(header->type.value());
    request.sector = header->sector;
    request.data_in_bytes = chain.writable_bytes() - 1;
    request.data_out_bytes =
        chain.readable_bytes() - static_cast<std::uint32_t>(sizeof(RequestHeader));
    return request;
}

Result<ByteRange> bytes_inside(std::uint64_t disk_size, std::uint64_t sector,
                               std::uint64_t byte_count) {
    const std::uint64_t sectors = disk_size / sector_size;
    if (sector > sectors || byte_count > (sectors - sector) * sector_size) {
        return fail(ErrorCode::out_of_range);
    }
    return ByteRange{sector * sector_size, byte_count};
}

}  // namespace lkvm::virtio::blk
