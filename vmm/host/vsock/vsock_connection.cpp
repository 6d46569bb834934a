// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/vsock/vsock_connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

namespace lkvm::vmm {

namespace vsock = virtio::vsock;

namespace {

constexpr std::size_t max_pieces = 64;

/// The first `limit` bytes of the buffers; returns how many pieces that takes.
std::size_t to_iovec(std::span<const HostBuffer> buffers, std::size_t limit,
                     std::array<iovec, max_pieces>& out) {
    std::size_t count = 0;
    for (const HostBuffer& buffer : buffers) {
        if (limit == 0 || count == out.size()) break;
        const std::size_t part = std::min(limit, buffer.size);
        out[count++] = {buffer.data, part};
        limit -= part;
    }
    return count;
}

}  // namespace

// --- credit ---

void VsockConnection::update_credit(const vsock::Packet& packet) {
    guest_buffer_ = packet.buffer_size;
    guest_forwarded_ = packet.forwarded;
    if (guest_room() != 0) asked_credit_ = false;
}

std::uint32_t VsockConnection::guest_room() const {
    const std::uint32_t in_flight = sent_ - guest_forwarded_;
    // A guest may shrink its buffer, or lie.
    return in_flight < guest_buffer_ ? guest_buffer_ - in_flight : 0;
}

void VsockConnection::describe(vsock::Packet& packet, vsock::Operation operation) {
    packet.operation = operation;
    packet.type = vsock::SocketType::stream;
    packet.length = 0;
    packet.flags = 0;
    packet.buffer_size = buffer_size_;
    packet.forwarded = forwarded_;
    told_forwarded_ = forwarded_;
    pending_ &= ~unsigned{send_credit};
}

// --- from the guest ---

void VsockConnection::establish(bool answer) {
    state_ = State::established;
    if (answer) pending_ |= send_response;
}

void VsockConnection::receive(std::span<const HostBuffer> payload, std::uint32_t length) {
    if (state_ != State::established || (guest_shutdown_ & vsock::shutdown_send) != 0) {
        return abort();
    }
    const std::uint32_t kept = received_ - forwarded_;
    if (length > buffer_size_ - kept) return abort();
    received_ += length;
    std::size_t done = 0;
    if (waiting_.empty() && !write_broken_) {
        std::array<iovec, max_pieces> pieces;
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = to_iovec(payload, length, pieces);
        ssize_t sent = 0;
        do {
            sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        } while (sent < 0 && errno == EINTR);
        if (sent >= 0) {
            done = static_cast<std::size_t>(sent);
        } else if (errno != EAGAIN) {
            write_failed();
        }
    }
    if (write_broken_) done = length;
    forwarded_ += static_cast<std::uint32_t>(done);
    for (const HostBuffer& buffer : payload) {
        const std::size_t skip = std::min(done, buffer.size);
        done -= skip;
        keep(buffer.data + skip, buffer.size - skip);
    }
    // Until the socket takes no more, as only then its next edge is sure to come.
    output_ready();
}

void VsockConnection::keep(const std::byte* bytes, std::size_t count) {
    if (waiting_.size() + count > buffer_size_) {
        waiting_.erase(waiting_.begin(),
                       waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_done_));
        waiting_done_ = 0;
    }
    const std::size_t needed = waiting_.size() + count;
    // By itself it could grow to twice what is bounded.
    if (needed > waiting_.capacity()) {
        waiting_.reserve(std::max<std::size_t>(
            needed, std::min<std::size_t>(2 * waiting_.capacity(), buffer_size_)));
    }
    waiting_.insert(waiting_.end(), bytes, bytes + count);
}

void VsockConnection::guest_shut_down(std::uint32_t flags) {
    guest_shutdown_ |= flags & vsock::shutdown_both;
    // The program's writes fail from now on.
    if ((guest_shutdown_ & vsock::shutdown_receive) != 0) ::shutdown(fd(), SHUT_RD);
    flushed();
}

void VsockConnection::guest_reset() {
    const bool said_goodbye = guest_shutdown_ == vsock::shutdown_both;
    pending_ = 0;
    state_ = said_goodbye && !waiting_.empty() ? State::lingering : State::ended;
}

void VsockConnection::abort() {
    pending_ = send_reset;
    waiting_.clear();
    waiting_done_ = 0;
    state_ = State::ended;
    // The program need not wait until the guest has room for that.
    ::shutdown(fd(), SHUT_RDWR);
}

// --- to the host's program ---

void VsockConnection::write_failed() {
    write_broken_ = true;
    waiting_.clear();
    waiting_done_ = 0;
    forwarded_ = received_;
    tell_shutdown(vsock::shutdown_receive);
}

void VsockConnection::output_ready() {
    while (!waiting_.empty()) {
        const ssize_t sent = ::send(fd(), waiting_.data() + waiting_done_,
                                    waiting_.size() - waiting_done_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) break;
        if (sent < 0) {
            write_failed();
            break;
        }
        forwarded_ += static_cast<std::uint32_t>(sent);
        waiting_done_ += static_cast<std::size_t>(sent);
        if (waiting_done_ == waiting_.size()) {
            waiting_.clear();
            waiting_done_ = 0;
        }
    }
    flushed();
}

void VsockConnection::flushed() {
    // The guest counts on what it was told last.
    const std::uint32_t guest_sees = buffer_size_ - (received_ - told_forwarded_);
    if (guest_sees < buffer_size_ / 2 && forwarded_ != told_forwarded_) pending_ |= send_credit;
    if (!waiting_.empty()) return;
    if (state_ == State::lingering) {
        state_ = State::ended;
        return;
    }
    if (guest_shutdown_ == vsock::shutdown_both) return abort();  // the proper end of a stream
    if ((guest_shutdown_ & vsock::shutdown_send) != 0) ::shutdown(fd(), SHUT_WR);
}

// --- to the guest ---

void VsockConnection::input_ready(bool hung_up) {
    readable_ = true;
    hung_up_ = hung_up_ || hung_up;
}

void VsockConnection::tell_shutdown(std::uint32_t flags) {
    if ((flags & ~told_shutdown_) == 0) return;
    told_shutdown_ |= flags;
    pending_ |= send_shutdown;
}

bool VsockConnection::has_next() const {
    if (pending_ != 0) return true;
    const bool sends = state_ == State::established &&
                       (told_shutdown_ & vsock::shutdown_send) == 0 &&
                       (guest_shutdown_ & vsock::shutdown_receive) == 0;
    return sends && readable_ && (guest_room() != 0 || !asked_credit_);
}

bool VsockConnection::next(vsock::Packet& packet, std::span<const HostBuffer> space,
                           std::uint32_t room) {
    if (next_control(packet)) return true;
    if (!has_next()) return false;
    if (guest_room() == 0) {
        // Its own update may be long in coming, or lost to a full ring of its own.
        asked_credit_ = true;
        describe(packet, vsock::Operation::credit_request);
        return true;
    }
    if (next_data(packet, space, room)) return true;
    return next_control(packet);
}

bool VsockConnection::next_control(vsock::Packet& packet) {
    const auto take = [&](Pending what, vsock::Operation operation) {
        if ((pending_ & what) == 0) return false;
        pending_ &= ~unsigned{what};
        describe(packet, operation);
        return true;
    };
    if (take(send_reset, vsock::Operation::reset)) return true;
    if (take(send_request, vsock::Operation::request)) return true;
    if (take(send_response, vsock::Operation::response)) return true;
    if (take(send_shutdown, vsock::Operation::shutdown)) {
        packet.flags = told_shutdown_;
        return true;
    }
    return take(send_credit, vsock::Operation::credit_update);
}

bool VsockConnection::next_data(vsock::Packet& packet, std::span<const HostBuffer> space,
                                std::uint32_t room) {
    std::array<iovec, max_pieces> pieces;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = to_iovec(space, std::min(room, guest_room()), pieces);
    // A buffer of the guest may have room for a header only.
    if (message.msg_iovlen == 0) return false;
    ssize_t count = 0;
    do {
        count = ::recvmsg(fd(), &message, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
        describe(packet, vsock::Operation::data);
        packet.length = static_cast<std::uint32_t>(count);
        sent_ += packet.length;
        return true;
    }
    readable_ = false;
    if (count < 0 && errno == EAGAIN) return false;
    // The end. A program that is gone takes nothing either.
    const bool gone = count < 0 || hung_up_;
    tell_shutdown(gone ? vsock::shutdown_both : vsock::shutdown_send);
    return false;
}

}  // namespace lkvm::vmm
