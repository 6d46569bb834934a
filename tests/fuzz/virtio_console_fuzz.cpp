// SPDX-License-Identifier: GPL-2.0-or-later
// The console device against any driver.
#include "tests/fuzz/virtio_machine.hpp"
#include "virtio/console/device.hpp"

namespace {

class Backend final : public lkvm::ConsoleBackend {
public:
    std::size_t write(std::span<const std::byte> bytes) override {
        const std::size_t count = bytes.size() < room ? bytes.size() : room;
        room -= count;
        for (const std::byte byte : bytes.first(count)) sum += std::to_integer<unsigned>(byte);
        return count;
    }
    std::size_t read(std::span<std::byte> to) override {
        const std::size_t count = to.size() < input ? to.size() : input;
        std::memset(to.data(), 'x', count);
        input -= count;
        return count;
    }
    std::size_t room = 100;
    std::size_t input = 0;
    unsigned sum = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lkvm::test;
    namespace console = lkvm::virtio::console;
    static FuzzRam ram;
    FuzzInput input(data, size);
    constexpr unsigned count = 3;
    std::array<Backend, count> backends;
    std::array<console::Port, count> ports;
    std::array<lkvm::virtio::Queue, console::queue_count(count)> queues;
    ports[0].connect(ram.memory(), backends[0], console::Port::Role::console, {});
    ports[1].connect(ram.memory(), backends[1], console::Port::Role::named, "one");
    ports[2].connect(ram.memory(), backends[2], console::Port::Role::named, "two");
    console::ConsoleDevice device(ram.memory(), queues, ports);
    VirtioMachine machine(ram, device, input);
    machine.set_up(console::F_SIZE | console::F_MULTIPORT);
    machine.play([&](std::uint8_t what) {
        const unsigned port = what % count;
        switch (what / count % 4) {
            case 0:
                backends[port].input += what;
                device.input_ready(port);
                break;
            case 1:
                backends[port].room += what;
                device.output_ready(port);
                break;
            case 2:
                device.set_host_open(port, (what & 64) != 0);
                break;
            default:
                device.set_size(what, 25);
                break;
        }
    });
    machine.finish();
    return 0;
}
