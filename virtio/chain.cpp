// SPDX-License-Identifier: GPL-2.0-or-later
// A buffer that the driver offered. VIRTIO 1.2 §2.6.
#include "virtio/chain.hpp"

#include <cstring>

namespace lkvm::virtio {

Result<> ChainBuilder::add(std::uint64_t address, std::uint32_t length, bool writable) {
    ++steps_;
    // VIRTIO 1.2 §2.7.4.2: all readable descriptors come before the writable ones.
    if (writable_seen_ && !writable) return fail(ErrorCode::bad_format);
    writable_seen_ = writable;
    if (length > UINT32_MAX - readable_bytes_ - writable_bytes_) {
        return fail(ErrorCode::bad_format);
    }
    (writable ? writable_bytes_ : readable_bytes_) += length;
    if (length > UINT64_MAX - address) return fail(ErrorCode::out_of_range);
    while (length != 0) {
        const RamBank* bank = memory_.banks().find(Gpa{address});
        if (bank == nullptr) return fail(ErrorCode::out_of_range);
        if (count_ == storage_.size()) return fail(ErrorCode::too_many);
        const std::uint64_t rest = bank->size - (address - bank->base.value);
        const std::uint32_t part = length <= rest ? length : static_cast<std::uint32_t>(rest);
        storage_[count_++] = Segment{address, part};
        if (!writable) readable_count_ = count_;
        length -= part;
        address += part;
    }
    return {};
}

DescriptorChain ChainBuilder::finish(std::uint16_t id, std::uint16_t descriptors) const {
    DescriptorChain chain;
    const std::span<const Segment> all = storage_.first(count_);
    chain.readable_ = all.first(readable_count_);
    chain.writable_ = all.subspan(readable_count_);
    chain.readable_bytes_ = readable_bytes_;
    chain.writable_bytes_ = writable_bytes_;
    chain.id_ = id;
    chain.descriptors_ = descriptors;
    chain.steps_ = steps_;
    chain.live_ = true;
    return chain;
}

std::uint64_t SegmentCursor::remaining() const {
    std::uint64_t sum = 0;
    for (const Segment& segment : segments_) sum += segment.length;
    return sum - offset_;
}

std::span<std::byte> SegmentCursor::next(std::uint64_t limit) {
    if (segments_.empty() || limit == 0) return {};
    const Segment& segment = segments_.front();
    const std::uint32_t rest = segment.length - offset_;
    const std::uint32_t count = limit < rest ? static_cast<std::uint32_t>(limit) : rest;
    // ChainBuilder found the whole segment inside a bank, and banks do not change.
    const std::span<std::byte> bytes =
        LKVM_MUST(memory_.slice(Gpa{segment.address + offset_}, count));
    offset_ += count;
    if (offset_ == segment.length) {
        segments_ = segments_.subspan(1);
        offset_ = 0;
    }
    return bytes;
}

std::uint64_t SegmentCursor::skip(std::uint64_t count) {
    std::uint64_t done = 0;
    while (done < count) {
        const std::size_t part = next(count - done).size();
        if (part == 0) break;
        done += part;
    }
    return done;
}

SegmentCursor::Buffers SegmentCursor::take(std::uint64_t count, std::span<HostBuffer> out) {
    std::uint64_t done = 0;
    std::size_t used = 0;
    while (done < count && used < out.size()) {
        const std::span<std::byte> part = next(count - done);
        if (part.empty()) break;
        out[used++] = HostBuffer{part.data(), part.size()};
        done += part.size();
    }
    return Buffers{out.first(used), done};
}

std::size_t ChainReader::read(std::span<std::byte> to) {
    std::size_t done = 0;
    while (done < to.size()) {
        const std::span<const std::byte> part = next(to.size() - done);
        if (part.empty()) break;
        std::memcpy(to.data() + done, part.data(), part.size());
        done += part.size();
    }
    return done;
}

std::size_t ChainWriter::write(std::span<const std::byte> from) {
    std::size_t done = 0;
    while (done < from.size()) {
        const std::span<std::byte> part = next(from.size() - done);
        if (part.empty()) break;
        std::memcpy(part.data(), from.data() + done, part.size());
        done += part.size();
    }
    return done;
}

std::uint64_t ChainWriter::write_zeroes(std::uint64_t count) {
    std::uint64_t done = 0;
    while (done < count) {
        const std::span<std::byte> part = next(count - done);
        if (part.empty()) break;
        std::memset(part.data(), 0, part.size());
        done += part.size();
    }
    return done;
}

}  // namespace lkvm::virtio
