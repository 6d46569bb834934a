// SPDX-License-Identifier: GPL-2.0-or-later
// The network device behind its transport: descriptors, headers, frames and commands of a hostile
// driver, and frames of a careless host. An input is a set of features and a list of steps, see
// net_fuzz.hpp.
#include "tests/fuzz/net_fuzz.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include <lkvm/assert.hpp>

#include "virtio/features.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/net/device.hpp"
#include "virtio/transport_mmio.hpp"

namespace {

using namespace lkvm;
namespace mmio = virtio::mmio;
using fuzz::NetStep;

constexpr std::size_t pair_count = 2;
constexpr std::size_t queue_count = 2 * pair_count + 1;

class Wire final : public NetBackend {
public:
    void connect(NetEvents& to) override { events = &to; }
    SendStatus send(const NetHeader& header, std::span<const HostBuffer> frame) override {
        std::size_t size = 0;
        for (const HostBuffer& part : frame) {
            sum += std::to_integer<unsigned>(part.data[0]) +
                   std::to_integer<unsigned>(part.data[part.size - 1]);
            size += part.size;
        }
        LKVM_ASSERT(size >= ethernet_header_size && size <= max_frame_size);
        LKVM_ASSERT(header.flags == 0 || header.csum_start + header.csum_offset + 2u <= size);
        return busy ? SendStatus::busy : SendStatus::done;
    }
    void send_later() override {}
    std::optional<NetFrame> front() override {
        if (!waiting) return std::nullopt;
        return NetFrame{arriving, bytes};
    }
    void pop() override { waiting = false; }
    void listen(bool on) override { listening = on; }

    NetEvents* events = nullptr;
    unsigned sum = 0;
    bool busy = false;
    bool waiting = false;
    bool listening = false;
    NetHeader arriving;
    std::vector<std::byte> bytes;
};

struct Switches final : NetControl {
    void set_guest_offloads(NetOffloads) override {}
    void set_queue_pairs(unsigned pairs) override { LKVM_ASSERT(pairs <= pair_count); }
};

struct Pulse final : IrqPulse {
    void signal() override {}
};

struct Silence final : Log {
    void line(LogLevel, std::string_view, std::string_view, std::uint64_t) override {}
};

struct Owner final : virtio::QueueOwner {
    void kick(unsigned queue) override { kicked.insert(queue); }
    void wait(const virtio::WaitCondition&) override { run(); }
    void progress() override {}
    void run() {
        while (!kicked.empty()) {
            const unsigned queue = *kicked.begin();
            kicked.erase(kicked.begin());
            transport->run(queue);
        }
    }
    std::set<unsigned> kicked;
    virtio::MmioTransport* transport = nullptr;
};

struct Machine {
    explicit Machine(virtio::RingFormat format)
        : ram(fuzz::net_ram_size)
        , transport(device, {memory, pulse, owner, log}, "virtio-net0", format) {
        LKVM_MUST(banks.add({fuzz::net_ram, ram.size(), ram.data()}));
        owner.transport = &transport;
    }
    ~Machine() {
        for (Wire& wire : wires) wire.busy = false;
        LKVM_ASSERT(transport.reset());
    }

    void write(std::uint64_t reg, std::uint64_t value) {
        transport.write(reg, 4, value & UINT32_MAX);
    }
    void start(std::uint64_t features) {
        write(mmio::Status, 3);
        write(mmio::DriverFeaturesSel, 0);
        write(mmio::DriverFeatures, features);
        write(mmio::DriverFeaturesSel, 1);
        write(mmio::DriverFeatures, features >> 32);
        write(mmio::Status, 11);
        for (unsigned queue = 0; queue < queue_count; ++queue) {
            const std::uint64_t ring = fuzz::net_ring(queue).value;
            write(mmio::QueueSel, queue);
            write(mmio::QueueNum, fuzz::net_ring_size);
            write(mmio::QueueDescLow, ring);
            write(mmio::QueueDriverLow, ring + fuzz::net_driver_offset);
            write(mmio::QueueDeviceLow, ring + fuzz::net_device_offset);
            write(mmio::QueueReady, 1);
        }
        write(mmio::Status, 15);
        owner.run();
    }

    RamBanks banks;
    std::vector<std::byte> ram;
    GuestMemory memory{banks};
    std::array<Wire, pair_count> wires;
    Switches switches;
    Pulse pulse;
    Silence log;
    Owner owner;
    std::array<virtio::Queue, queue_count> queues;
    std::array<virtio::net::QueuePair, pair_count> pairs;
    std::array<NetBackend*, pair_count> backends{&wires[0], &wires[1]};
    virtio::net::NetDevice device{
        memory, {{2, 0, 0, 0, 0, 1}, 1500, 0x1f, 0x1f}, {queues, pairs, backends, switches}};
    virtio::MmioTransport transport;
};

/// The rest of the input.
class Input {
public:
    explicit Input(std::span<const std::byte> bytes)
        : bytes_(bytes) {}

    template<class T>
    T take() {
        T value{};
        const std::size_t size = std::min(sizeof(T), bytes_.size());
        std::memcpy(&value, bytes_.data(), size);
        bytes_ = bytes_.subspan(size);
        return value;
    }
    std::span<const std::byte> take(std::size_t size) {
        const auto part = bytes_.first(std::min(size, bytes_.size()));
        bytes_ = bytes_.subspan(part.size());
        return part;
    }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }

private:
    std::span<const std::byte> bytes_;
};

void step(Machine& machine, Input& input) {
    const auto what =
        static_cast<NetStep>(input.take<std::uint8_t>() % static_cast<unsigned>(NetStep::count));
    Wire& wire = machine.wires[0];
    switch (what) {
        case NetStep::store: {
            const std::size_t where = input.take<Le16>() * std::size_t{16} % machine.ram.size();
            const auto bytes = input.take(input.take<std::uint8_t>());
            const std::size_t size = std::min(bytes.size(), machine.ram.size() - where);
            std::memcpy(machine.ram.data() + where, bytes.data(), size);
            break;
        }
        case NetStep::kick:
            machine.write(mmio::QueueNotify, input.take<std::uint8_t>());
            machine.owner.run();
            break;
        case NetStep::arrive: {
            wire.arriving = input.take<NetHeader>();
            const std::size_t size = input.take<Le16>();
            const std::byte fill = input.take<std::byte>();
            wire.bytes.assign(size, fill);
            wire.waiting = true;
            if (wire.listening) wire.events->receive_ready();
            break;
        }
        case NetStep::busy:
            wire.busy = !wire.busy;
            if (!wire.busy) wire.events->send_ready();
            break;
        case NetStep::write: {
            const std::uint64_t offset = input.take<std::uint8_t>() * std::uint64_t{4};
            machine.write(offset, input.take<Le32>());
            machine.owner.run();
            break;
        }
        case NetStep::restart:
            machine.write(mmio::Status, 0);
            machine.start(input.take<Le64>());
            break;
        case NetStep::count:
            break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(std::as_bytes(std::span{data, size}));
    const std::uint64_t features = input.take<Le64>();
    const bool packed = (features & virtio::F_RING_PACKED) != 0;
    const auto machine =
        std::make_unique<Machine>(packed ? virtio::RingFormat::packed : virtio::RingFormat::split);
    machine->start(features);
    while (!input.empty()) step(*machine, input);
    return 0;
}
