// SPDX-License-Identifier: GPL-2.0-or-later
// Runs where firmware loaded the image, with firmware's translation: physical addresses are
// pointers, and the windows of physical.hpp do not exist yet. UEFI 2.10 §4.1, §7.2, §7.4, §12.4.
#include "baremetal/boot/efi_application.hpp"

#include <array>
#include <string_view>

#include "baremetal/boot/banner.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "loongarch/boot/efi.hpp"

namespace lkvm::hv {
namespace {

namespace efi = la::efi;
using Status = std::uint64_t;

constexpr Status error_bit = std::uint64_t{1} << 63;
constexpr Status unsupported = error_bit | 3;
constexpr Status buffer_too_small = error_bit | 5;

/// EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL, its first two members.
struct TextOutput {
    Status (*reset)(TextOutput*, bool);
    Status (*output_string)(TextOutput*, const char16_t*);
};

/// EFI_BOOT_SERVICES: functions by their place in the table.
struct BootServices {
    efi::TableHeader header;
    std::array<void*, 44> functions;
};
constexpr std::size_t service_get_memory_map = 4;
constexpr std::size_t service_exit_boot_services = 26;
using GetMemoryMap = Status (*)(std::size_t* size, void* map, std::size_t* key, std::size_t* step,
                                std::uint32_t* version);
using ExitBootServices = Status (*)(void* image, std::size_t key);

constexpr std::size_t console_out = 3;  ///< in SystemTable::console

constexpr std::size_t max_map_bytes = 0x4000;
/// Survives the clearing of .bss that follows.
struct Handover {
    std::size_t map_size = 0;
    std::size_t map_step = 0;
    alignas(8) std::array<std::byte, max_map_bytes> map{};
};
[[gnu::section(".handover")]] constinit Handover handover{};

void print(const efi::SystemTable& system, std::string_view text) {
    auto* const out = reinterpret_cast<TextOutput*>(system.console[console_out].value());
    if (out == nullptr) return;
    std::array<char16_t, 128> wide{};
    std::size_t size = 0;
    for (const char c : text) {
        if (size + 3 < wide.size()) wide[size++] = static_cast<char16_t>(c);
    }
    wide[size++] = u'\r';
    wide[size++] = u'\n';
    out->output_string(out, wide.data());
}

/// Firmware lets go when it is told its present map, which a first attempt may have changed.
Status leave_firmware(void* image, const efi::SystemTable& system) {
    auto* const services = reinterpret_cast<BootServices*>(system.boot_services.value());
    const auto get_map =
        reinterpret_cast<GetMemoryMap>(services->functions[service_get_memory_map]);
    const auto exit =
        reinterpret_cast<ExitBootServices>(services->functions[service_exit_boot_services]);
    constexpr int attempts = 3;
    Status status = unsupported;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        std::size_t size = handover.map.size();
        std::size_t key = 0;
        std::uint32_t version = 0;
        status = get_map(&size, handover.map.data(), &key, &handover.map_step, &version);
        if (status != 0) return status;
        handover.map_size = size;
        status = exit(image, key);
        if (status == 0) return 0;
    }
    return status;
}

}  // namespace

extern "C" std::uint64_t lkvm_zones_efi(void* image, const efi::SystemTable* system);

std::uint64_t lkvm_zones_efi(void* image, const efi::SystemTable* system) {
    print(*system, banner);
    if ((read_cpucfg(2) & cpucfg2_lvz) == 0) {
        print(*system, no_lvz);
        return unsupported;
    }
    const Status status = leave_firmware(image, *system);
    if (status == buffer_too_small) {
        print(*system, "lkvm-zones: firmware's memory map is too long");
    } else if (status != 0) {
        print(*system, "lkvm-zones: firmware does not let go");
    }
    return status;
}

EfiMemoryMap efi_memory_map() {
    return {std::span{handover.map}.first(handover.map_size), handover.map_step};
}

}  // namespace lkvm::hv
