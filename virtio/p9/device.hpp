// SPDX-License-Identifier: GPL-2.0-or-later
// The 9P transport: a shared directory. VIRTIO 1.2 names the device type; queue, feature and
// configuration space are those of Linux' net/9p/trans_virtio.c.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/guest_memory.hpp>

#include "virtio/device.hpp"
#include "virtio/p9/reply.hpp"
#include "virtio/p9/server.hpp"

namespace lkvm::virtio::p9 {

/// Takes a request from the ring, has the server answer it, gives it back, and so on: in order, so
/// that a Flush finds everything before it done. Owner thread: that of the one queue. The driver's
/// mistakes become error replies; only a buffer without room for one breaks the device.
class P9Device final : public Device {
public:
    /// `tag`, which the guest mounts by, has 1 to max_tag bytes and outlives the device.
    P9Device(const GuestMemory& memory, std::string_view tag, Server& server);

    [[nodiscard]] DeviceType type() const override { return DeviceType::transport_9p; }
    [[nodiscard]] std::uint64_t features() const override;
    [[nodiscard]] std::span<Queue> queues() override { return {&queue_, 1}; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return queue_size; }
    void read_config(std::size_t offset, std::span<std::byte> out) override;
    void run(unsigned queue) override;
    void stop(unsigned queue) override;

private:
    // As many as Linux' driver uses at most for one request.
    static constexpr std::uint16_t queue_size = 128;
    /// Largest request without the data of a Write: Attach with two texts.
    static constexpr std::size_t max_body = 2 * max_path + 64;

    void serve(DescriptorChain&& chain);
    [[nodiscard]] std::uint32_t answer(ChainReader& reader, const Header& header,
                                       std::uint32_t readable);
    [[nodiscard]] std::uint32_t dispatch(const Request& request, ChainReader& reader,
                                         std::uint32_t after_header);
    [[nodiscard]] std::uint32_t negotiate(const Version& version);
    void end_session();

    const GuestMemory& memory_;
    const std::string_view tag_;
    Server& server_;
    Queue queue_;
    std::uint32_t msize_ = 0;  // 0: no session
    Reply reply_;
    std::array<std::byte, max_body> body_{};
    std::array<Segment, Reply::max_segments> segments_;
    std::array<HostBuffer, Reply::max_segments> data_;
};

}  // namespace lkvm::virtio::p9
