// SPDX-License-Identifier: GPL-2.0-or-later
// Replies of 9P2000.L, from fields to the buffer of the driver.
#include "virtio/p9/reply.hpp"

#include <cstring>

#include <lkvm/assert.hpp>
#include <lkvm/endian.hpp>

#include "virtio/p9/error_number.hpp"

namespace lkvm::virtio::p9 {

void Reply::start(const GuestMemory& memory, const DescriptorChain& chain, std::uint8_t type,
                  std::uint16_t tag, std::uint32_t limit) {
    memory_ = &memory;
    chain_ = &chain;
    type_ = type;
    tag_ = tag;
    limit_ = chain.writable_bytes() < limit ? chain.writable_bytes() : limit;
    LKVM_ASSERT(limit_ >= error_reply_size);
    room_ = limit_ - static_cast<std::uint32_t>(data_reply_head);
    data_ = 0;
    used_ = header_size;
}

void Reply::put(std::span<const std::byte> bytes) {
    LKVM_ASSERT(bytes.size() <= fields_.size() - used_);
    if (!bytes.empty()) std::memcpy(fields_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
}

void Reply::u8(std::uint8_t value) {
    put(std::as_bytes(std::span{&value, 1}));
}

void Reply::u16(std::uint16_t value) {
    const Le16 wire(value);
    put(std::as_bytes(std::span{&wire, 1}));
}

void Reply::u32(std::uint32_t value) {
    const Le32 wire(value);
    put(std::as_bytes(std::span{&wire, 1}));
}

void Reply::u64(std::uint64_t value) {
    const Le64 wire(value);
    put(std::as_bytes(std::span{&wire, 1}));
}

void Reply::qid(const Qid& value) {
    u8(value.type);
    u32(value.version);
    u64(value.path);
}

void Reply::text(std::string_view value) {
    value = value.substr(0, max_path);
    u16(static_cast<std::uint16_t>(value.size()));
    put(std::as_bytes(std::span{value}));
}

std::span<const HostBuffer> Reply::data_buffers(std::uint32_t count) {
    ChainWriter writer(*memory_, *chain_);
    writer.skip(data_reply_head);
    return writer.take(count < room_ ? count : room_, buffers_).pieces;
}

void Reply::set_data(std::uint32_t count) {
    LKVM_ASSERT(count <= room_ && used_ == header_size);
    u32(count);
    data_ = count;
}

std::uint32_t Reply::finish(std::uint32_t error) {
    if (error == 0 && used_ + data_ > limit_) error = error_number::message_too_long;
    std::uint8_t type = static_cast<std::uint8_t>(type_ + 1);
    if (error != 0) {
        used_ = header_size;
        data_ = 0;
        u32(error);
        type = static_cast<std::uint8_t>(MessageType::lerror) + 1;
    }
    const std::size_t fields = used_;
    const auto size = static_cast<std::uint32_t>(fields + data_);
    used_ = 0;
    u32(size);
    u8(type);
    u16(tag_);
    ChainWriter writer(*memory_, *chain_);
    // Chain and limit were checked above.
    LKVM_ASSERT(writer.write(std::span<const std::byte>{fields_}.first(fields)) == fields);
    return size;
}

}  // namespace lkvm::virtio::p9
