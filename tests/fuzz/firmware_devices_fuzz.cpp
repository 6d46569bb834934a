// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration device and the flash of variables under any accesses of a guest.
#include <array>
#include <vector>

#include <lkvm/mmio_bus.hpp>

#include "loongarch/platform/firmware/fw_cfg.hpp"
#include "loongarch/platform/firmware/nor_flash.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "tests/fuzz/virtio_machine.hpp"

namespace {

using namespace lkvm;

/// The commands of the flash, so that they need not be guessed.
constexpr std::array<std::uint8_t, 12> commands{0xff, 0x70, 0x90, 0x98, 0x50, 0x40,
                                                0xe8, 0x20, 0x60, 0xd0, 0x01, 0x1f};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lkvm::test;
    static FuzzRam ram;
    FuzzInput input(data, size);
    la::FwCfg fw_cfg(ram.memory());
    std::vector<std::byte> contents(2 * la::NorFlash::block_size, std::byte{0xff});
    la::NorFlash flash(contents);
    const std::vector<std::byte> kernel(300, std::byte{0x4b});
    fw_cfg.set(la::FwCfgKey::kernel_data, kernel);
    fw_cfg.set_number(la::FwCfgKey::ram_size, std::uint64_t{3 * FuzzRam::bank_size});
    static_cast<void>(fw_cfg.add_file("etc/memmap", kernel));
    MmioBus bus;
    LKVM_MUST(bus.add(la::memory_map::fw_cfg_base, la::memory_map::fw_cfg_size, fw_cfg));
    // Larger than the contents, as firmware may find.
    LKVM_MUST(bus.add(la::memory_map::variables_base, 3 * la::NorFlash::block_size, flash));
    while (!input.empty()) {
        const auto what = input.take<std::uint8_t>();
        const unsigned bytes = 1u << (what & 3);
        const Gpa config{la::memory_map::fw_cfg_base.value + (what >> 3 & 7) * 4};
        const auto offset = input.take<std::uint32_t>() % (3 * la::NorFlash::block_size);
        const Gpa cell{la::memory_map::variables_base.value + (offset & ~(bytes - 1))};
        switch (input.take<std::uint8_t>() % 6) {
            case 0:
                static_cast<void>(bus.read(config, bytes));
                break;
            case 1:
                bus.write(config, bytes, input.take<std::uint64_t>());
                break;
            case 2: {  // a transfer whose descriptor lies in RAM
                const auto descriptor = input.bytes(16);
                for (std::size_t i = 0; i < descriptor.size(); ++i) {
                    ram.bytes()[i] = std::byte{descriptor[i]};
                }
                bus.write(Gpa{la::memory_map::fw_cfg_base.value + 16}, 8,
                          swap_bytes(FuzzRam::base.value));
                break;
            }
            case 3:
                static_cast<void>(bus.read(cell, bytes));
                break;
            case 4:
                bus.write(cell, bytes, input.take<std::uint32_t>());
                break;
            default:
                bus.write(cell, 4, commands[input.take<std::uint8_t>() % commands.size()]);
                break;
        }
    }
    return 0;
}
