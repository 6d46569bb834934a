// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/zone/device_world.hpp"

#include <cstring>
#include <optional>

#include "baremetal/boot/board_devices.hpp"
#include "baremetal/console/console.hpp"
#include "baremetal/control/line_writer.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/irq/board_interrupts.hpp"
#include "baremetal/memory/stage2.hpp"
#include "baremetal/zone/zone.hpp"

namespace lkvm::hv {
namespace {

class BoardChunks final : public ChunkSource {
public:
    explicit BoardChunks(BoardMemory& memory)
        : memory_(memory) {}
    [[nodiscard]] Result<std::span<std::byte>> chunk(std::size_t size) override {
        const std::uint64_t where = LKVM_TRY(memory_.allocate(size, Stage2::page_size));
        const std::span<std::byte> bytes{physical_pointer(where), size};
        std::memset(bytes.data(), 0, bytes.size());
        return bytes;
    }

private:
    BoardMemory& memory_;
};

constinit std::optional<BoardChunks> chunks;
constinit std::optional<Arena> arena;
constinit Networks networks;
constinit BoardDevices board_devices;
constinit SharedRegions regions{physical_address};
constinit RandomPool pool;
constinit std::optional<DeviceWorld> world;

}  // namespace

void open_device_world(Board& board, std::span<const bundle::Zone> zones, Clock& clock) {
    board_interrupts.set_edges(board.edge_pins);
    chunks.emplace(board.memory);
    arena.emplace(*chunks);
    board_devices.start(board, zones, *arena);
    pool.add(board_devices.random_bytes());
    pool.add(board.random_seed);
    if (!pool.seeded()) {
        console.line("no good random numbers on this board: zones get no virtio-rng");
    }
    world.emplace(DeviceWorld{*arena, clock, networks, regions, board_devices.disks(),
                              pool.seeded() ? &pool : nullptr, &control_service()});
}

const DeviceWorld& device_world() {
    return *world;
}

RandomPool& random_pool() {
    return pool;
}

void ZoneLog::line(LogLevel, std::string_view device, std::string_view what, std::uint64_t value) {
    std::array<char, OutputMux::most_written> buffer;
    LineWriter text{buffer};
    text.add(device).add(": ").add(what).add(' ').hex(value);
    console.line(number_, name_, text.text());
}

}  // namespace lkvm::hv
