// SPDX-License-Identifier: GPL-2.0-or-later
// A queue pair on a queue of a tap interface.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <lkvm/net_backend.hpp>

#include "vmm/host/event_loop.hpp"
#include "vmm/host/unique_fd.hpp"

namespace lkvm::vmm {

/// Lives on its loop, except where said otherwise.
class TapBackend final : public NetBackend {
public:
    /// `headers` as in TapInterface. Main thread, before the loop starts. `gone` is called when
    /// the interface does not exist any more.
    TapBackend(UniqueFd fd, bool headers, EventLoop& loop, std::function<void()> gone);
    /// After the loop stopped.
    ~TapBackend();
    TapBackend(const TapBackend&) = delete;
    TapBackend& operator=(const TapBackend&) = delete;

    /// Any thread: whether the interface gives this queue frames, from soon on. It does at first.
    void set_attached(bool attached);
    /// Any thread: what frames may leave to the guest, for the whole interface, from soon on.
    void set_offloads(NetOffloads offloads);

    void connect(NetEvents& events) override { events_ = &events; }
    [[nodiscard]] SendStatus send(const NetHeader& header,
                                  std::span<const HostBuffer> frame) override;
    void send_later() override { loop_.trigger(send_trigger_); }
    [[nodiscard]] std::optional<NetFrame> front() override;
    void pop() override { frame_size_ = 0; }
    void listen(bool on) override;

private:
    void serve(std::uint32_t ready);
    void serve_switches();
    /// Has the loop look out for what is wanted now.
    void watch();
    void lose();

    const UniqueFd fd_;
    const bool headers_;
    EventLoop& loop_;
    const std::function<void()> gone_;
    NetEvents* events_ = nullptr;
    unsigned send_trigger_ = 0;
    unsigned switch_trigger_ = 0;
    std::atomic<bool> attach_wanted_{true};
    std::atomic<NetOffloads> offloads_wanted_{0};
    NetOffloads offloads_ = 0;
    bool attached_ = true;
    bool listening_ = false;
    bool blocked_ = false;       // send() was busy
    bool lost_ = false;          // the interface is gone
    std::uint32_t watched_ = 0;  // events
    NetHeader header_;
    std::size_t frame_size_ = 0;  // 0: none
    std::unique_ptr<std::array<std::byte, max_frame_size>> frame_;
};

}  // namespace lkvm::vmm
