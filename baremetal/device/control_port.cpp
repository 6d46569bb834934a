// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/control_port.hpp"

#include <cstring>

namespace lkvm::hv {

std::size_t ControlPort::write(std::span<const std::byte> bytes) {
    std::size_t taken = 0;
    // The device comes back with what is beyond that.
    if (bytes.size() > most_request) {
        bytes = bytes.first(most_request);
        runner_->raise(event_room);
    }
    while (taken < bytes.size() && reply_size_ == 0) {
        const auto c = static_cast<char>(bytes[taken++]);
        if (c == '\n') {
            take_line();
        } else if (request_size_ == request_.size()) {
            too_long_ = true;
        } else {
            request_[request_size_++] = c;
        }
    }
    return taken;
}

void ControlPort::take_line() {
    constexpr std::string_view complaint = R"({"error":"the line is too long"})";
    std::string_view line{request_.data(), request_size_};
    if (line.ends_with('\r')) line.remove_suffix(1);
    request_size_ = 0;
    const std::span<char> room = std::span{reply_}.first(reply_.size() - 1);
    if (too_long_) {
        std::memcpy(reply_.data(), complaint.data(), complaint.size());
        reply_size_ = complaint.size();
    } else if (!line.empty()) {
        reply_size_ = service_->answer(line, room);
    } else {
        return;
    }
    too_long_ = false;
    if (reply_size_ > room.size()) reply_size_ = room.size();
    reply_[reply_size_++] = '\n';
    reply_read_ = 0;
    runner_->raise(event_answer);
}

std::size_t ControlPort::read(std::span<std::byte> to) {
    const std::size_t rest = reply_size_ - reply_read_;
    const std::size_t count = rest < to.size() ? rest : to.size();
    if (count == 0) return 0;
    std::memcpy(to.data(), reply_.data() + reply_read_, count);
    reply_read_ += count;
    if (reply_read_ == reply_size_) {
        reply_size_ = 0;
        reply_read_ = 0;
        runner_->raise(event_room);
    }
    return count;
}

void ControlPort::guest_opened(bool) {
    // A new program starts with a new line.
    request_size_ = 0;
    too_long_ = false;
    reply_size_ = 0;
    reply_read_ = 0;
    runner_->raise(event_room);
}

}  // namespace lkvm::hv
