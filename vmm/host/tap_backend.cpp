// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/tap_backend.hpp"

#include <cerrno>
#include <utility>

#include <lkvm/assert.hpp>

#include "vmm/host/tap_interface.hpp"

#include <sys/epoll.h>
#include <sys/uio.h>

namespace lkvm::vmm {

namespace {

/// Linux's IOV_MAX, and the header.
constexpr std::size_t max_pieces = 1024;

}  // namespace

TapBackend::TapBackend(UniqueFd fd, bool headers, EventLoop& loop, std::function<void()> gone)
    : fd_(std::move(fd))
    , headers_(headers)
    , loop_(loop)
    , gone_(std::move(gone))
    , frame_(std::make_unique<std::array<std::byte, max_frame_size>>()) {
    send_trigger_ = loop.add_trigger([this] {
        if (events_ != nullptr) events_->send_ready();
    });
    switch_trigger_ = loop.add_trigger([this] { serve_switches(); });
}

TapBackend::~TapBackend() {
    if (watched_ != 0) loop_.unwatch(fd_.value());
}

void TapBackend::set_attached(bool attached) {
    attach_wanted_.store(attached);
    loop_.trigger(switch_trigger_);
}

void TapBackend::set_offloads(NetOffloads offloads) {
    offloads_wanted_.store(offloads);
    loop_.trigger(switch_trigger_);
}

void TapBackend::serve_switches() {
    if (lost_) return;
    const NetOffloads offloads = offloads_wanted_.load();
    // A refusal costs nothing but frames that the device then drops.
    if (std::exchange(offloads_, offloads) != offloads) set_tap_offloads(fd_.value(), offloads);
    const bool attach = attach_wanted_.load();
    if (attach == attached_ || !set_tap_attached(fd_.value(), attach)) return;
    attached_ = attach;
    frame_size_ = 0;
    blocked_ = false;
    watch();
}

void TapBackend::watch() {
    std::uint32_t events = 0;
    // A detached queue only ever reports an error.
    if (attached_ && !lost_) {
        if (listening_) events |= EPOLLIN;
        if (blocked_) events |= EPOLLOUT;
    }
    if (events == watched_) return;
    if (watched_ == 0) {
        loop_.watch(fd_.value(), events, [this](std::uint32_t ready) { serve(ready); });
    } else if (events == 0) {
        loop_.unwatch(fd_.value());
    } else {
        loop_.change(fd_.value(), events);
    }
    watched_ = events;
}

void TapBackend::serve(std::uint32_t ready) {
    if ((ready & (EPOLLERR | EPOLLHUP)) != 0) return lose();
    if ((ready & EPOLLOUT) != 0 && std::exchange(blocked_, false)) {
        watch();
        events_->send_ready();
    }
    if ((ready & EPOLLIN) != 0 && listening_) events_->receive_ready();
}

void TapBackend::lose() {
    if (std::exchange(lost_, true)) return;
    blocked_ = false;
    watch();
    gone_();
}

void TapBackend::listen(bool on) {
    listening_ = on;
    watch();
}

SendStatus TapBackend::send(const NetHeader& header, std::span<const HostBuffer> frame) {
    if (lost_ || !attached_) return SendStatus::done;
    // Not initialized: only what the frame needs is touched.
    std::array<iovec, max_pieces> pieces;
    LKVM_ASSERT(frame.size() < pieces.size());
    std::size_t count = 0;
    NetHeader copy = header;
    if (headers_) pieces[count++] = iovec{&copy, sizeof(copy)};
    for (const HostBuffer& part : frame) pieces[count++] = iovec{part.data, part.size};
    ssize_t sent = 0;
    do {
        sent = ::writev(fd_.value(), pieces.data(), static_cast<int>(count));
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return SendStatus::done;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        blocked_ = true;
        watch();
        return SendStatus::busy;
    }
    if (errno == EBADFD) lose();
    // Otherwise the interface is down or does not like the frame.
    return SendStatus::done;
}

std::optional<NetFrame> TapBackend::front() {
    if (frame_size_ == 0) {
        if (lost_ || !attached_) return std::nullopt;
        header_ = NetHeader{};
        std::array<iovec, 2> pieces{
            {{&header_, sizeof(header_)}, {frame_->data(), frame_->size()}}};
        const std::size_t skip = headers_ ? 0 : 1;
        const ssize_t got =
            ::readv(fd_.value(), pieces.data() + skip, static_cast<int>(pieces.size() - skip));
        if (got < 0 && errno == EBADFD) lose();
        const std::size_t header_size = headers_ ? sizeof(header_) : 0;
        if (got < 0 || static_cast<std::size_t>(got) <= header_size) return std::nullopt;
        frame_size_ = static_cast<std::size_t>(got) - header_size;
    }
    return NetFrame{header_, std::span{*frame_}.first(frame_size_)};
}

}  // namespace lkvm::vmm
