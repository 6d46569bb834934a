// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/console/device.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/virtio/driver.hpp"
#include "virtio/mmio_registers.hpp"

namespace lkvm::test {
namespace {

namespace console = virtio::console;
using console::ControlEvent;
using virtio::RingFormat;

class FakePortBackend final : public ConsoleBackend {
public:
    std::size_t write(std::span<const std::byte> bytes) override {
        const std::size_t count = std::min(bytes.size(), room);
        for (const std::byte byte : bytes.first(count)) output += std::to_integer<char>(byte);
        room -= count;
        return count;
    }
    std::size_t read(std::span<std::byte> to) override {
        const std::size_t count = std::min(to.size(), input.size());
        for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::byte>(input[i]);
        input.erase(0, count);
        return count;
    }
    void guest_opened(bool is_open) override { open = is_open; }

    std::string output;
    std::string input;
    std::size_t room = SIZE_MAX;
    bool open = false;
};

/// A message of the device, with what followed it.
struct Message {
    std::uint32_t id = 0;
    ControlEvent event{};
    std::uint16_t value = 0;
    std::string rest;
};

class ConsoleTest : public testing::TestWithParam<RingFormat> {
protected:
    ConsoleTest() {
        ports[0].connect(ram.memory, backends[0], console::Port::Role::console, {});
        ports[1].connect(ram.memory, backends[1], console::Port::Role::named, "data");
        device = std::make_unique<console::ConsoleDevice>(ram.memory, queues, ports);
        driver = std::make_unique<DriverHarness>(ram, *device, GetParam());
    }
    ~ConsoleTest() override { EXPECT_TRUE(driver->transport.reset()); }

    void start(std::uint64_t features = console::F_SIZE | console::F_MULTIPORT) {
        driver->start(features, 32);
    }
    void offer_control(unsigned count, std::uint32_t size = 64) {
        for (unsigned i = 0; i < count; ++i) {
            control.push_back(ram.allocate(size));
            driver->ring(console::control_receive_queue).add({{control.back(), size, true}});
        }
        driver->kick(console::control_receive_queue);
    }
    /// Messages so far; buffers come back in the order they were offered.
    std::vector<Message> messages() {
        std::vector<Message> result;
        while (const auto used = driver->ring(console::control_receive_queue).poll()) {
            const Gpa where = control.front();
            control.erase(control.begin());
            if (used->length == 0) continue;
            const auto wire = ram.get<console::ControlMessage>(where);
            Message message{wire.id, static_cast<ControlEvent>(wire.event.value()), wire.value, {}};
            for (std::uint32_t i = 8; i < used->length; ++i) {
                message.rest += ram.get<char>(Gpa{where.value + i});
            }
            result.push_back(message);
        }
        return result;
    }
    void say(std::uint32_t id, ControlEvent event, std::uint16_t value) {
        const Gpa where = ram.allocate(8);
        ram.put(where, console::ControlMessage{id, static_cast<std::uint16_t>(event), value});
        driver->ring(console::control_transmit_queue).add({{where, 8, false}});
        driver->kick(console::control_transmit_queue);
        EXPECT_TRUE(driver->ring(console::control_transmit_queue).poll().has_value());
    }
    void make_ready() {
        offer_control(16);
        say(0, ControlEvent::device_ready, 1);
        say(0, ControlEvent::port_ready, 1);
        say(1, ControlEvent::port_ready, 1);
        messages();
    }
    void transmit(unsigned port, const std::string& text) {
        const Gpa where = ram.allocate(text.size());
        ram.put_bytes(where, std::as_bytes(std::span{text}));
        driver->ring(console::transmit_queue(port))
            .add({{where, static_cast<std::uint32_t>(text.size()), false}});
        driver->kick(console::transmit_queue(port));
    }
    Gpa offer_input(unsigned port, std::uint32_t size) {
        const Gpa where = ram.allocate(size);
        driver->ring(console::receive_queue(port)).add({{where, size, true}});
        driver->kick(console::receive_queue(port));
        return where;
    }
    std::string text_at(Gpa where, std::size_t size) {
        const auto bytes = ram.bytes(where, size);
        return std::string(reinterpret_cast<const char*>(bytes.data()), size);
    }

    TestRam ram;
    std::array<FakePortBackend, 2> backends;
    std::array<virtio::Queue, 6> queues;
    std::array<console::Port, 2> ports;
    std::unique_ptr<console::ConsoleDevice> device;
    std::unique_ptr<DriverHarness> driver;
    std::vector<Gpa> control;
};

TEST_P(ConsoleTest, AnnouncesItsPortsAndWhatTheyAre) {
    start();
    device->set_size(80, 25);
    device->set_host_open(0, true);
    offer_control(16);
    EXPECT_TRUE(messages().empty());
    say(0, ControlEvent::device_ready, 1);
    auto said = messages();
    ASSERT_EQ(said.size(), 2u);
    EXPECT_EQ(said[0].event, ControlEvent::device_add);
    EXPECT_EQ(said[0].id, 0u);
    EXPECT_EQ(said[1].id, 1u);
    say(0, ControlEvent::port_ready, 1);
    said = messages();
    ASSERT_EQ(said.size(), 3u);
    EXPECT_EQ(said[0].event, ControlEvent::console_port);
    EXPECT_EQ(said[1].event, ControlEvent::resize);
    EXPECT_EQ(said[1].rest, std::string("\x50\0\x19\0", 4)) << "columns, rows";
    EXPECT_EQ(said[2].event, ControlEvent::port_open);
    EXPECT_TRUE(backends[0].open);
    say(1, ControlEvent::port_ready, 1);
    said = messages();
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].event, ControlEvent::port_name);
    EXPECT_EQ(said[0].rest, "data");
    EXPECT_FALSE(backends[1].open) << "until a program opens it";
}

TEST_P(ConsoleTest, MessagesWaitForBuffers) {
    start();
    say(0, ControlEvent::device_ready, 1);
    offer_control(1);
    EXPECT_EQ(messages().size(), 1u);
    offer_control(1);
    EXPECT_EQ(messages().size(), 1u);
    offer_control(1);
    EXPECT_TRUE(messages().empty());
}

TEST_P(ConsoleTest, MessageThatDoesNotFitComesAgain) {
    start();
    offer_control(2);
    say(0, ControlEvent::device_ready, 1);
    EXPECT_EQ(messages().size(), 2u);
    offer_control(1, 10);
    say(1, ControlEvent::port_ready, 1);
    EXPECT_TRUE(messages().empty());
    offer_control(1, 12);
    const auto said = messages();
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].rest, "data");
}

TEST_P(ConsoleTest, OutputArrivesInOrder) {
    start();
    make_ready();
    transmit(0, "hello ");
    transmit(0, "world");
    EXPECT_EQ(backends[0].output, "hello world");
    EXPECT_TRUE(driver->ring(console::transmit_queue(0)).poll().has_value());
    EXPECT_TRUE(driver->ring(console::transmit_queue(0)).poll().has_value());
}

TEST_P(ConsoleTest, OutputWaitsForABusyHost) {
    start();
    make_ready();
    backends[0].room = 4;
    transmit(0, "abcdefgh");
    transmit(0, "ij");
    EXPECT_EQ(backends[0].output, "abcd");
    EXPECT_FALSE(driver->ring(console::transmit_queue(0)).poll().has_value());
    backends[0].room = 5;
    device->output_ready(0);
    EXPECT_EQ(backends[0].output, "abcdefghi");
    EXPECT_TRUE(driver->ring(console::transmit_queue(0)).poll().has_value());
    EXPECT_FALSE(driver->ring(console::transmit_queue(0)).poll().has_value());
    backends[0].room = SIZE_MAX;
    device->output_ready(0);
    EXPECT_EQ(backends[0].output, "abcdefghij");
}

TEST_P(ConsoleTest, InputFillsBuffersAsItComes) {
    start();
    make_ready();
    const Gpa first = offer_input(0, 4);
    const Gpa second = offer_input(0, 100);
    EXPECT_FALSE(driver->ring(0).poll().has_value());
    backends[0].input = "abcdef";
    const unsigned pulses = driver->pulse.count;
    device->input_ready(0);
    EXPECT_EQ(driver->ring(0).poll()->length, 4u);
    EXPECT_EQ(driver->ring(0).poll()->length, 2u);
    EXPECT_EQ(driver->pulse.count, pulses + 1);
    EXPECT_EQ(text_at(first, 4), "abcd");
    EXPECT_EQ(text_at(second, 2), "ef");
    backends[0].input = "xyz";
    device->input_ready(0);
    EXPECT_EQ(backends[0].input, "xyz") << "no buffer, nothing taken";
    const Gpa third = offer_input(0, 8);
    EXPECT_EQ(driver->ring(0).poll()->length, 3u);
    EXPECT_EQ(text_at(third, 3), "xyz");
}

TEST_P(ConsoleTest, NamedPortIsReadOnlyWhileOpen) {
    start();
    make_ready();
    offer_input(1, 8);
    backends[1].input = "early";
    device->input_ready(1);
    EXPECT_EQ(backends[1].input, "early");
    say(1, ControlEvent::port_open, 1);
    EXPECT_TRUE(backends[1].open);
    EXPECT_EQ(backends[1].input, "");
    say(1, ControlEvent::port_open, 0);
    EXPECT_FALSE(backends[1].open);
}

TEST_P(ConsoleTest, HostSideOpensAndCloses) {
    start();
    make_ready();
    device->set_host_open(1, true);
    device->set_host_open(1, true);
    auto said = messages();
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].event, ControlEvent::port_open);
    EXPECT_EQ(said[0].id, 1u);
    EXPECT_EQ(said[0].value, 1u);
    device->set_host_open(1, false);
    said = messages();
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].value, 0u);
}

TEST_P(ConsoleTest, NewSizeIsToldTwice) {
    start();
    make_ready();
    const std::uint32_t generation = driver->read(virtio::mmio::ConfigGeneration);
    device->set_size(132, 50);
    device->set_size(132, 50);
    const auto said = messages();
    ASSERT_EQ(said.size(), 1u) << "to drivers with multiport";
    EXPECT_EQ(said[0].event, ControlEvent::resize);
    EXPECT_EQ(driver->read(virtio::mmio::ConfigGeneration), generation + 1) << "and to the others";
    EXPECT_EQ(driver->transport.read(virtio::mmio::Config, 2), 132u);
    EXPECT_EQ(driver->transport.read(virtio::mmio::Config + 2, 2), 50u);
    EXPECT_EQ(driver->transport.read(virtio::mmio::Config + 4, 4), 2u);
}

TEST_P(ConsoleTest, FirstPortWorksWithoutMultiport) {
    start(0);
    EXPECT_TRUE(backends[0].open);
    transmit(0, "plain");
    EXPECT_EQ(backends[0].output, "plain");
    const Gpa where = offer_input(0, 8);
    backends[0].input = "in";
    device->input_ready(0);
    EXPECT_EQ(text_at(where, 2), "in");
}

TEST_P(ConsoleTest, ResetInTheMiddleGivesEverythingBack) {
    start();
    make_ready();
    backends[0].room = 1;
    transmit(0, "stuck");
    offer_input(0, 8);
    driver->write(virtio::mmio::Status, 0);
    EXPECT_EQ(driver->status(), 0u);
    start();
    EXPECT_FALSE(backends[0].open);
    backends[0].room = SIZE_MAX;
    make_ready();
    transmit(0, "again");
    EXPECT_EQ(backends[0].output, "sagain");
}

TEST_P(ConsoleTest, NonsenseFromTheDriverIsIgnored) {
    start();
    offer_control(16);
    say(77, ControlEvent::port_ready, 1);
    say(UINT32_MAX, ControlEvent::port_open, 1);
    say(0, ControlEvent::device_ready, 0);
    say(0, static_cast<ControlEvent>(99), 1);
    say(1, ControlEvent::port_open, 1);
    EXPECT_FALSE(backends[1].open) << "not ready";
    // Too short for a message, empty, and the wrong way round.
    DriverRing& ring = driver->ring(console::control_transmit_queue);
    ring.add({{ram.allocate(8), 7, false}});
    ring.add({{ram.allocate(8), 0, false}});
    ring.add({{ram.allocate(8), 8, true}});
    driver->kick(console::control_transmit_queue);
    for (unsigned i = 0; i < 3; ++i) EXPECT_TRUE(ring.poll().has_value());
    EXPECT_TRUE(messages().empty());
    // Buffers of the wrong direction on a port.
    make_ready();
    driver->ring(0).add({{ram.allocate(8), 8, false}});
    driver->kick(0);
    EXPECT_EQ(driver->ring(0).poll()->length, 0u);
    driver->ring(1).add({{ram.allocate(8), 8, true}});
    driver->kick(1);
    EXPECT_EQ(driver->ring(1).poll()->length, 0u);
    EXPECT_EQ(backends[0].output, "");
    EXPECT_FALSE(driver->broken());
}

INSTANTIATE_TEST_SUITE_P(All, ConsoleTest, testing::Values(RingFormat::split, RingFormat::packed),
                         [](const testing::TestParamInfo<RingFormat>& info) {
                             return info.param == RingFormat::split ? "Split" : "Packed";
                         });

}  // namespace
}  // namespace lkvm::test
