// SPDX-License-Identifier: GPL-2.0-or-later
// One queue of the block device. VIRTIO 1.2 §5.2.6.
#include "virtio/blk/request_queue.hpp"

#include <utility>

namespace lkvm::virtio::blk {

namespace {

/// A back end that does longer requests at once bounds what it does itself.
constexpr std::uint64_t most_charged = 0x4000;

/// Bytes of a failed request that are cleared at once.
constexpr std::uint64_t clear_piece = 0x4000;

RequestStatus answer_of(BlockStatus status) {
    switch (status) {
        case BlockStatus::ok:
            return RequestStatus::ok;
        case BlockStatus::not_supported:
            return RequestStatus::unsupported;
        case BlockStatus::io_error:
            break;
    }
    return RequestStatus::io_error;
}

}  // namespace

// Not defaulted: value-initialization would then zero the pieces and so touch all of them.
RequestQueue::RequestQueue() {
    // The slot that is taken next is the one last given back, or the lowest.
    for (std::uint16_t i = 0; i < queue_size; ++i) {
        free_[i] = static_cast<std::uint16_t>(queue_size - 1 - i);
    }
}

void RequestQueue::connect(const GuestMemory& memory, Queue& queue, BlockBackend& backend,
                           Shared& shared) {
    memory_ = &memory;
    queue_ = &queue;
    backend_ = &backend;
    shared_ = &shared;
}

void RequestQueue::run() {
    do {
        take();
        // May complete what it took, so that there is room for more of it.
        backend_->end_batch();
        queue_->notify();
    } while (starved_ && free_count_ != 0);
}

void RequestQueue::take() {
    starved_ = false;
    if (clearing_ != 0) go_on_clearing();
    queue_->drain(
        [this]() -> std::span<Segment> {
            starved_ = free_count_ == 0;
            if (starved_) return {};
            return pieces_[free_[free_count_ - 1]].segments;
        },
        [this](DescriptorChain&& chain) { start(std::move(chain)); });
}

void RequestQueue::start(DescriptorChain&& chain) {
    Slot& slot = slots_[free_[--free_count_]];
    slot.chain = std::move(chain);
    slot.range = 0;
    slot.range_count = 1;
    const Result<ParsedRequest> parsed = parse_request(*memory_, slot.chain);
    if (!parsed.has_value()) {
        slot.parsed = ParsedRequest{};
        if (slot.chain.writable_bytes() == 0) {
            queue_->give_up(ErrorCode::truncated);
            queue_->complete(std::move(slot.chain), 0);
            free_[free_count_++] = number(slot);
            return;
        }
        slot.parsed.data_in_bytes = slot.chain.writable_bytes() - 1;
        const bool unknown = parsed.error().code == ErrorCode::not_supported;
        return finish(slot, unknown ? RequestStatus::unsupported : RequestStatus::io_error);
    }
    slot.parsed = parsed.value();
    RequestStatus answer = RequestStatus::ok;
    if (!prepare(slot, answer)) return finish(slot, answer);
    advance(slot);
}

bool RequestQueue::prepare(Slot& slot, RequestStatus& answer) {
    answer = RequestStatus::io_error;
    slot.request = BlockRequest{};
    switch (slot.parsed.type) {
        case RequestType::in:
        case RequestType::out:
            return prepare_transfer(slot, answer);
        case RequestType::flush:
            slot.request.operation = BlockOperation::flush;
            return true;
        case RequestType::get_id:
            answer = RequestStatus::ok;
            return false;
        case RequestType::discard:
        case RequestType::write_zeroes:
            return prepare_ranges(slot, answer);
    }
    return false;
}

bool RequestQueue::prepare_transfer(Slot& slot, RequestStatus& answer) {
    const bool reading = slot.parsed.type == RequestType::in;
    const std::uint32_t length = reading ? slot.parsed.data_in_bytes : slot.parsed.data_out_bytes;
    if (!reading && shared_->properties.read_only) return false;
    if (length % sector_size != 0) return false;
    const Result<ByteRange> range =
        bytes_inside(shared_->properties.size, slot.parsed.sector, length);
    if (!range.has_value()) return false;
    if (length == 0) {
        answer = RequestStatus::ok;
        return false;
    }
    std::span<HostBuffer> buffers = pieces_[number(slot)].buffers;
    SegmentCursor::Buffers taken;
    if (reading) {
        taken = ChainWriter(*memory_, slot.chain).take(length, buffers);
    } else {
        ChainReader reader(*memory_, slot.chain);
        reader.skip(sizeof(RequestHeader));
        taken = reader.take(length, buffers);
    }
    // There are as many buffers as a chain can have segments.
    LKVM_ASSERT(taken.bytes == length);
    slot.request.operation = reading ? BlockOperation::read : BlockOperation::write;
    slot.request.durable = !reading && shared_->write_through.load(std::memory_order_relaxed);
    slot.request.offset = range->offset;
    slot.request.length = range->length;
    slot.request.buffers = taken.pieces;
    return true;
}

bool RequestQueue::prepare_ranges(Slot& slot, RequestStatus& answer) {
    if (shared_->properties.read_only) return false;
    const bool discards = slot.parsed.type == RequestType::discard;
    if (discards && !shared_->properties.discard) {
        answer = RequestStatus::unsupported;
        return false;
    }
    const std::uint32_t bytes = slot.parsed.data_out_bytes;
    if (bytes == 0 || bytes % sizeof(Range) != 0) return false;
    if (bytes / sizeof(Range) > max_ranges) return false;
    slot.range_count = static_cast<std::uint32_t>(bytes / sizeof(Range));
    return next_range(slot, answer);
}

bool RequestQueue::next_range(Slot& slot, RequestStatus& answer) {
    const bool discards = slot.parsed.type == RequestType::discard;
    ChainReader reader(*memory_, slot.chain);
    reader.skip(sizeof(RequestHeader) + slot.range * sizeof(Range));
    // prepare_ranges() counted them.
    const auto range = reader.read<Range>();
    LKVM_ASSERT(range.has_value());
    const std::uint32_t flags = range->flags;
    // VIRTIO 1.2 §5.2.6.2: unknown flags, and unmap in a discard, are not supported.
    if ((flags & ~range_unmap) != 0 || (discards && flags != 0)) {
        answer = RequestStatus::unsupported;
        return false;
    }
    const std::uint32_t sectors = range->sector_count;
    const auto inside =
        bytes_inside(shared_->properties.size, range->sector, std::uint64_t{sectors} * sector_size);
    if (!inside.has_value() ||
        sectors > (discards ? max_discard_sectors : max_write_zeroes_sectors)) {
        answer = RequestStatus::io_error;
        return false;
    }
    slot.request.operation = discards ? BlockOperation::discard : BlockOperation::write_zeroes;
    slot.request.may_unmap = (flags & range_unmap) != 0;
    slot.request.durable = !discards && shared_->write_through.load(std::memory_order_relaxed);
    slot.request.offset = inside->offset;
    slot.request.length = inside->length;
    return true;
}

void RequestQueue::advance(Slot& slot) {
    while (true) {
        slot.status = BlockStatus::ok;
        slot.in_flight = true;
        if (slot.request.length == 0 && slot.request.operation != BlockOperation::flush) {
            slot.in_flight = false;  // an empty range
        } else {
            slot.submitting = true;
            queue_->charge(slot.request.length < most_charged ? slot.request.length : most_charged);
            backend_->submit(slot.request, *this);
            slot.submitting = false;
        }
        if (slot.in_flight) return;
        ++slot.range;
        if (slot.status != BlockStatus::ok || slot.range >= slot.range_count) {
            return finish(slot, answer_of(slot.status));
        }
        RequestStatus answer = RequestStatus::ok;
        if (!next_range(slot, answer)) return finish(slot, answer);
    }
}

void RequestQueue::complete(BlockRequest& request, BlockStatus status) {
    // The request is the first member of its slot, and slots are all in one array.
    const auto distance = reinterpret_cast<const std::byte*>(&request) -
                          reinterpret_cast<const std::byte*>(slots_.data());
    Slot& slot = slots_[static_cast<std::size_t>(distance) / sizeof(Slot)];
    LKVM_ASSERT(&slot.request == &request && slot.in_flight);
    slot.in_flight = false;
    slot.status = status;
    // Inside submit() the loop in advance() goes on.
    if (slot.submitting) return;
    if (++slot.range < slot.range_count && status == BlockStatus::ok) {
        RequestStatus answer = RequestStatus::ok;
        if (!next_range(slot, answer)) return finish(slot, answer);
        return advance(slot);
    }
    finish(slot, answer_of(status));
}

void RequestQueue::end_of_completions() {
    if (starved_) return run();
    backend_->end_batch();
    queue_->notify();
}

void RequestQueue::finish(Slot& slot, RequestStatus status) {
    ChainWriter writer(*memory_, slot.chain);
    const std::uint32_t data = slot.parsed.data_in_bytes;
    if (slot.parsed.type == RequestType::get_id && status == RequestStatus::ok) {
        writer.write(std::as_bytes(std::span{shared_->properties.serial})
                         .first(data < shared_->properties.serial.size()
                                    ? data
                                    : shared_->properties.serial.size()));
    }
    if (slot.parsed.type == RequestType::in && status == RequestStatus::ok) {
        writer.skip(data);
    }
    slot.cleared = slot.chain.writable_bytes() - writer.remaining();
    slot.answer = status;
    if (clear(slot)) return answer(slot);
    slot.clearing = true;
    ++clearing_;
    queue_->come_back();
}

bool RequestQueue::clear(Slot& slot) {
    // The used length counts from the start of the chain, so nothing before the status is left
    // as it was; after a failed read the driver sees zeroes.
    const std::uint64_t rest = slot.chain.writable_bytes() - 1 - slot.cleared;
    const std::uint64_t piece = rest < clear_piece ? rest : clear_piece;
    ChainWriter writer(*memory_, slot.chain);
    writer.skip(slot.cleared);
    writer.write_zeroes(piece);
    queue_->charge(piece);
    slot.cleared += piece;
    return piece == rest;
}

/// A piece of one of them, if there are.
void RequestQueue::go_on_clearing() {
    for (Slot& slot : slots_) {
        if (!slot.clearing) continue;
        if (!clear(slot)) return queue_->come_back();
        slot.clearing = false;
        answer(slot);
        if (--clearing_ != 0) queue_->come_back();
        return;
    }
}

void RequestQueue::stop() {
    for (Slot& slot : slots_) {
        if (clearing_ == 0) return;
        if (!slot.clearing) continue;
        slot.clearing = false;
        --clearing_;
        answer(slot);
    }
}

void RequestQueue::answer(Slot& slot) {
    ChainWriter writer(*memory_, slot.chain);
    writer.skip(slot.chain.writable_bytes() - 1);
    static_cast<void>(writer.write(static_cast<std::uint8_t>(slot.answer)));
    const std::uint32_t written = slot.chain.writable_bytes();
    queue_->complete(std::move(slot.chain), written);
    free_[free_count_++] = number(slot);
}

}  // namespace lkvm::virtio::blk
