// SPDX-License-Identifier: GPL-2.0-or-later
// A network device, its driver and a back end per queue pair.
#pragma once

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/virtio/driver.hpp"
#include "tests/support/virtio/net_wire.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/net/config.hpp"
#include "virtio/net/device.hpp"

namespace lkvm::test {

namespace net = virtio::net;
using virtio::RingFormat;

inline constexpr MacAddress own_mac{2, 0, 0, 0, 0, 1};
inline constexpr NetOffloads all_offloads = 0x1f;

inline NetProperties net_properties() {
    return {own_mac, 1500, all_offloads, all_offloads};
}

class NetFixture {
public:
    explicit NetFixture(RingFormat format, std::size_t pair_count = 1,
                        const NetProperties& properties = net_properties())
        : wires(std::make_unique<NetWire[]>(pair_count))
        , queues(std::make_unique<virtio::Queue[]>(2 * pair_count + 1))
        , pairs(std::make_unique<net::QueuePair[]>(pair_count))
        , device(ram.memory, properties,
                 {{queues.get(), 2 * pair_count + 1},
                  {pairs.get(), pair_count},
                  backends(pair_count),
                  control})
        , driver(ram, device, format) {}
    ~NetFixture() { EXPECT_TRUE(driver.transport.reset()); }

    static constexpr std::uint32_t header_size = sizeof(NetHeader);

    /// Sends a frame in two pieces; true if the buffer came back.
    bool send(const Bytes& frame, const NetHeader& header = {}, unsigned queue = 1) {
        const Gpa where = ram.allocate(header_size + frame.size());
        ram.put(where, header);
        const Gpa data{where.value + header_size};
        ram.put_bytes(data, frame);
        driver.ring(queue).add(
            {{where, header_size, false}, {data, static_cast<std::uint32_t>(frame.size()), false}});
        driver.kick(queue);
        return driver.ring(queue).poll().has_value();
    }
    /// Offers a buffer for frames.
    Gpa offer(std::uint32_t size, unsigned queue = 0) {
        const Gpa where = ram.allocate(size);
        driver.ring(queue).add({{where, size, true}});
        driver.kick(queue);
        return where;
    }
    [[nodiscard]] NetWire& wire() { return wires[0]; }

    TestRam ram;
    NetSwitches control;
    std::unique_ptr<NetWire[]> wires;
    std::unique_ptr<virtio::Queue[]> queues;
    std::unique_ptr<net::QueuePair[]> pairs;
    net::NetDevice device;
    DriverHarness driver;

private:
    [[nodiscard]] std::vector<NetBackend*> backends(std::size_t count) {
        std::vector<NetBackend*> list;
        for (std::size_t i = 0; i < count; ++i) list.push_back(&wires[i]);
        return list;
    }
};

}  // namespace lkvm::test
