// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/frame_queue.hpp"

#include <utility>

#include "vmm/host/tcp_segment.hpp"

namespace lkvm::vmm {

namespace {

constexpr std::size_t max_spare = 64;

}  // namespace

bool FrameQueue::push(std::span<const std::byte> bytes) {
    if (bytes.size() > limit - waiting_) return false;
    waiting_ += bytes.size();
    if (join(bytes)) return true;
    Frame frame;
    if (!spare_.empty()) {
        frame.bytes = std::move(spare_.back());
        spare_.pop_back();
    }
    frame.bytes.assign(bytes.begin(), bytes.end());
    if ((offloads_ & net_offload::checksum) != 0) frame.header.flags = net_header::F_DATA_VALID;
    if (const auto segment = parse_segment(bytes)) {
        const NetOffloads needed =
            net_offload::checksum | (segment->ipv6 ? net_offload::tcp6 : net_offload::tcp4);
        frame.open = (needed & ~offloads_) == 0 && !segment->push;
    }
    frames_.push_back(std::move(frame));
    return true;
}

bool FrameQueue::join(std::span<const std::byte> bytes) {
    if (frames_.empty() || !frames_.back().open) return false;
    Frame& last = frames_.back();
    const auto segment = parse_segment(bytes);
    if (!segment.has_value()) return false;
    const std::size_t before = last.bytes.size();
    if (!join_segment(last.header, last.bytes, bytes, *segment)) {
        last.open = false;
        return false;
    }
    // Headers are not kept twice.
    waiting_ -= before + bytes.size() - last.bytes.size();
    // A short segment ends the row.
    last.open = segment->payload_size == last.header.gso_size.value() && !segment->push;
    return true;
}

std::optional<NetFrame> FrameQueue::front() {
    if (frames_.empty()) return std::nullopt;
    Frame& frame = frames_.front();
    frame.open = false;
    return NetFrame{frame.header, frame.bytes};
}

void FrameQueue::pop() {
    Frame& frame = frames_.front();
    waiting_ -= frame.bytes.size();
    if (spare_.size() < max_spare) spare_.push_back(std::move(frame.bytes));
    frames_.pop_front();
}

void FrameQueue::clear() {
    while (!frames_.empty()) pop();
}

}  // namespace lkvm::vmm
