// SPDX-License-Identifier: GPL-2.0-or-later
// The 9P transport: a shared directory.
#include "virtio/p9/device.hpp"

#include <cstring>
#include <variant>

#include <lkvm/assert.hpp>
#include <lkvm/endian.hpp>

#include "virtio/features.hpp"
#include "virtio/p9/error_number.hpp"

namespace lkvm::virtio::p9 {

namespace {

constexpr std::uint64_t F_MOUNT_TAG = feature(0);

/// Configuration space: tag_len[2] tag[tag_len].
constexpr std::size_t config_tag = 2;

/// A request that could not be decoded.
std::uint32_t error_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::not_supported:
            return error_number::not_supported;
        case ErrorCode::out_of_range:
            return error_number::name_too_long;
        case ErrorCode::truncated:
            return error_number::protocol_error;
        default:
            return error_number::invalid_argument;
    }
}

}  // namespace

P9Device::P9Device(const GuestMemory& memory, std::string_view tag, Server& server)
    : memory_(memory)
    , tag_(tag)
    , server_(server) {
    LKVM_ASSERT(!tag.empty() && tag.size() <= max_tag);
}

std::uint64_t P9Device::features() const {
    return F_MOUNT_TAG;
}

void P9Device::read_config(std::size_t offset, std::span<std::byte> out) {
    std::array<std::byte, config_tag + max_tag> config{};
    const Le16 length(static_cast<std::uint16_t>(tag_.size()));
    std::memcpy(config.data(), &length, sizeof(length));
    std::memcpy(config.data() + config_tag, tag_.data(), tag_.size());
    copy_config(std::span{config}.first(config_tag + tag_.size()), offset, out);
}

void P9Device::run(unsigned) {
    queue_.drain([this] { return std::span<Segment>{segments_}; },
                 [this](DescriptorChain&& chain) { serve(std::move(chain)); });
}

void P9Device::stop(unsigned) {
    end_session();
}

void P9Device::end_session() {
    msize_ = 0;
    server_.reset();
}

void P9Device::serve(DescriptorChain&& chain) {
    ChainReader reader(memory_, chain);
    std::array<std::byte, header_size> bytes;
    std::uint32_t written = 0;
    if (chain.writable_bytes() < error_reply_size || reader.read(bytes) != bytes.size()) {
        queue_.give_up(ErrorCode::truncated);
    } else {
        const Header header = decode_header(bytes);
        reply_.start(memory_, chain, header.type, header.tag, msize_ == 0 ? min_msize : msize_);
        const std::uint32_t error = answer(reader, header, chain.readable_bytes());
        written = reply_.finish(error);
    }
    queue_.complete(std::move(chain), written);
    // At once, as the next request may take long.
    queue_.notify();
}

std::uint32_t P9Device::answer(ChainReader& reader, const Header& header, std::uint32_t readable) {
    if (header.size < header_size || header.size > readable) return error_number::protocol_error;
    const auto after_header = static_cast<std::uint32_t>(header.size - header_size);
    std::size_t body_size = after_header;
    const bool writes = header.type == static_cast<std::uint8_t>(MessageType::write);
    if (writes) {
        constexpr std::size_t fixed = write_head - header_size;
        if (body_size > fixed) body_size = fixed;
    } else if (body_size > body_.size()) {
        return error_number::message_too_long;
    }
    const std::span<std::byte> body = std::span{body_}.first(body_size);
    // The chain has as many readable bytes as the size says, or more.
    LKVM_ASSERT(reader.read(body) == body.size());
    const Result<Request> request = decode_request(header.type, body);
    if (!request.has_value()) return error_of(request.error().code);
    return dispatch(*request, reader, after_header);
}

std::uint32_t P9Device::dispatch(const Request& request, ChainReader& reader,
                                 std::uint32_t after_header) {
    if (const auto* version = std::get_if<Version>(&request)) return negotiate(*version);
    if (msize_ == 0) return error_number::protocol_error;
    // Everything before it has been answered already.
    if (std::holds_alternative<Flush>(request)) return 0;
    // No user has to prove anything: the whole guest is one party.
    if (std::holds_alternative<Auth>(request)) return error_number::not_supported;
    std::span<const HostBuffer> data;
    if (const auto* write = std::get_if<Write>(&request)) {
        if (write->count > after_header - (write_head - header_size)) {
            return error_number::protocol_error;
        }
        data = reader.take(write->count, data_).pieces;
    }
    return server_.handle(request, data, reply_);
}

std::uint32_t P9Device::negotiate(const Version& version) {
    end_session();
    if (version.msize < min_msize) return error_number::message_too_long;
    const std::uint32_t msize = version.msize < max_msize ? version.msize : max_msize;
    reply_.u32(msize);
    // A version that is not known is no error, but starts no session.
    const bool known = version.version == protocol_version;
    reply_.text(known ? protocol_version : "unknown");
    if (known) msize_ = msize;
    return 0;
}

}  // namespace lkvm::virtio::p9
