// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/soft/soft_backend.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include <lkvm/guest_memory.hpp>
#include <lkvm/iocsr.hpp>
#include <lkvm/mmio_bus.hpp>

#include "loongarch/platform/memory_map.hpp"
#include "vmm/host/host_clock.hpp"
#include "vmm/machine/backend_request.hpp"
#include "vmm/machine/guest_ram.hpp"

namespace lkvm::test {
namespace {

class NoIocsr final : public Iocsr {
public:
    std::uint64_t read(unsigned, std::uint32_t, unsigned) override { return 0; }
    void write(unsigned, std::uint32_t, unsigned, std::uint64_t) override {}
};

/// In sanitized builds: its parts refer to each other until the last one is gone.
TEST(SoftBackend, GoesCleanlyWithAllItsCpusRunningOrNot) {
    for (const bool runs : {false, true}) {
        RamBanks plan;
        ASSERT_TRUE(plan.add({default_ram_base, std::uint64_t{1} << 20, nullptr}).has_value());
        vmm::GuestRam ram;
        ASSERT_TRUE(ram.map(plan).has_value());
        auto rom = vmm::MemoryMapping::create(la::memory_map::boot_rom_size,
                                              la::memory_map::boot_rom_base.value);
        ASSERT_TRUE(rom.has_value());
        const MmioBus bus;
        NoIocsr iocsr;
        vmm::HostClock clock;
        auto backend = vmm::make_soft_backend({.cpu_count = 4,
                                               .memory = ram.memory(),
                                               .bus = bus,
                                               .iocsr = iocsr,
                                               .clock = clock,
                                               .boot_rom = rom.value().bytes()});
        ASSERT_TRUE(backend.has_value());
        const std::unique_ptr<vmm::Backend> owned = std::move(backend).value();
        const vmm::VcpuStart start{.pc = default_ram_base.value};
        owned->reset(start, start);
        if (runs) owned->resume();
        owned->stop();
    }
}

}  // namespace
}  // namespace lkvm::test
