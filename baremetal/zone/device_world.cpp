// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/zone/device_world.hpp"

#include <cstring>
#include <optional>

#include "baremetal/console/console.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/memory/stage2.hpp"

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
constinit RandomPool pool;
constinit std::optional<DeviceWorld> world;

}  // namespace

void open_device_world(Board& board, Clock& clock) {
    chunks.emplace(board.memory);
    arena.emplace(*chunks);
    pool.add(board.random_seed);
    if (!pool.seeded()) {
        console.line("no good random numbers on this board: zones get no virtio-rng");
    }
    world.emplace(DeviceWorld{*arena, clock, networks, pool.seeded() ? &pool : nullptr});
}

const DeviceWorld& device_world() {
    return *world;
}

RandomPool& random_pool() {
    return pool;
}

void ZoneLog::line(LogLevel, std::string_view device, std::string_view what, std::uint64_t value) {
    console.line(zone_, device, what, value);
}

}  // namespace lkvm::hv
