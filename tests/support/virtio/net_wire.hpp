// SPDX-License-Identifier: GPL-2.0-or-later
// A back end of the network device: keeps what is sent, and receives what the test puts there.
#pragma once

#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <lkvm/net_backend.hpp>

namespace lkvm::test {

using Bytes = std::vector<std::byte>;

class NetWire final : public NetBackend {
public:
    struct Frame {
        NetHeader header;
        Bytes bytes;
    };

    void connect(NetEvents& to) override { events = &to; }
    SendStatus send(const NetHeader& header, std::span<const HostBuffer> frame) override {
        if (busy) return SendStatus::busy;
        Frame& made = sent.emplace_back(Frame{header, {}});
        for (const HostBuffer& part : frame) {
            made.bytes.insert(made.bytes.end(), part.data, part.data + part.size);
        }
        EXPECT_GE(made.bytes.size(), ethernet_header_size);
        EXPECT_LE(made.bytes.size(), max_frame_size);
        return SendStatus::done;
    }
    void send_later() override { ++later; }
    std::optional<NetFrame> front() override {
        if (arriving.empty()) return std::nullopt;
        return NetFrame{arriving.front().header, arriving.front().bytes};
    }
    void pop() override { arriving.pop_front(); }
    void listen(bool on) override { listening = on; }

    /// A frame comes from the host.
    void arrive(Bytes bytes, const NetHeader& header = {}) {
        arriving.push_back({header, std::move(bytes)});
        if (listening) events->receive_ready();
    }

    NetEvents* events = nullptr;
    bool busy = false;
    bool listening = false;
    unsigned later = 0;
    std::vector<Frame> sent;
    std::deque<Frame> arriving;
};

class NetSwitches final : public NetControl {
public:
    void set_guest_offloads(NetOffloads value) override { offloads = value; }
    void set_queue_pairs(unsigned value) override { pairs = value; }

    NetOffloads offloads = 0;
    unsigned pairs = 1;
};

/// A frame of `size` bytes for the given address; what follows the addresses counts up.
inline Bytes make_frame(std::size_t size, const MacAddress& to = {2, 0, 0, 0, 0, 1}) {
    Bytes frame(size);
    for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<std::byte>(i);
    std::memcpy(frame.data(), to.data(), to.size());
    return frame;
}

}  // namespace lkvm::test
