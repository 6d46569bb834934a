// SPDX-License-Identifier: GPL-2.0-or-later
// Runs where firmware loaded the image, with firmware's translation: physical addresses are
// pointers, and the windows of physical.hpp do not exist yet. UEFI 2.10 §4.1, §7.2, §7.4, §12.4.
#include "baremetal/boot/efi_application.hpp"

#include <array>
#include <cstring>
#include <string_view>

#include "baremetal/boot/banner.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "loongarch/boot/efi.hpp"

namespace lkvm::hv {
namespace {

namespace efi = la::efi;

/// In the image's header: not 0 if a bundle is behind it.
extern "C" const Le64 bundle_slot;

using Status = std::uint64_t;

constexpr Status error_bit = std::uint64_t{1} << 63;
constexpr Status unsupported = error_bit | 3;
constexpr Status buffer_too_small = error_bit | 5;
constexpr Status not_found = error_bit | 14;

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
constexpr std::size_t service_allocate_pages = 2;
constexpr std::size_t service_get_memory_map = 4;
constexpr std::size_t service_handle_protocol = 16;
constexpr std::size_t service_locate_device_path = 20;
constexpr std::size_t service_exit_boot_services = 26;
using GetMemoryMap = Status (*)(std::size_t* size, void* map, std::size_t* key, std::size_t* step,
                                std::uint32_t* version);
using ExitBootServices = Status (*)(void* image, std::size_t key);
using AllocatePages = Status (*)(std::uint32_t kind, std::uint32_t type, std::size_t pages,
                                 std::uint64_t* where);
using HandleProtocol = Status (*)(void* handle, const efi::Guid*, void** interface);
using LocateDevicePath = Status (*)(const efi::Guid*, const void** path, void** handle);

/// EFI_LOAD_FILE2_PROTOCOL, UEFI 2.10 §13.2.
struct LoadFile2 {
    Status (*load)(LoadFile2*, const void* path, bool boot_policy, std::size_t* size, void* to);
};
constexpr efi::Guid load_file2_guid{{0xc1, 0xc0, 0x06, 0x40, 0xb3, 0xfc, 0x3e, 0x40, 0x99, 0x6d,
                                     0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};

/// A medium of a vendor's, UEFI 2.10 §10.3.5.3: how boot loaders offer Linux its initial RAM disk.
struct VendorMedia {
    std::uint8_t type = 4;
    std::uint8_t subtype = 3;
    Le16 length{std::uint16_t{20}};
    efi::Guid vendor = efi::initrd_guid;
    std::array<std::uint8_t, 4> end{0x7f, 0xff, 4, 0};
};
static_assert(sizeof(VendorMedia) == 24);
constexpr VendorMedia initrd_path;

constexpr std::size_t console_out = 3;  ///< in SystemTable::console

constexpr std::size_t max_map_bytes = 0x8000;
/// Survives the clearing of .bss that follows.
struct Handover {
    std::size_t map_size = 0;
    std::size_t map_step = 0;
    std::uint64_t initrd = 0;
    std::size_t initrd_size = 0;
};
[[gnu::section(".handover")]] constinit Handover handover{};
/// Not in the file, and not cleared: handover.map_size bytes are valid.
[[gnu::section(".handover_map")]] alignas(
    8) constinit std::array<std::byte, max_map_bytes> handover_map{};

void print(const efi::SystemTable& system, std::string_view text) {
    auto* const out = reinterpret_cast<TextOutput*>(system.console[console_out].value());
    if (out == nullptr) return;
    std::array<char16_t, 160> wide{};
    std::size_t size = 0;
    for (const char c : text) {
        if (size + 3 < wide.size()) wide[size++] = static_cast<char16_t>(c);
    }
    wide[size++] = u'\r';
    wide[size++] = u'\n';
    out->output_string(out, wide.data());
}

template<class Function>
Function service(const efi::SystemTable& system, std::size_t place) {
    auto* const services = reinterpret_cast<BootServices*>(system.boot_services.value());
    return reinterpret_cast<Function>(services->functions[place]);
}

/// Puts the initial RAM disk that is offered, if any is, into memory.
Status take_initrd(const efi::SystemTable& system) {
    const void* path = &initrd_path;
    void* handle = nullptr;
    void* interface = nullptr;
    if (service<LocateDevicePath>(system, service_locate_device_path)(&load_file2_guid, &path,
                                                                      &handle) != 0 ||
        service<HandleProtocol>(system, service_handle_protocol)(handle, &load_file2_guid,
                                                                 &interface) != 0) {
        return 0;
    }
    auto* const file = static_cast<LoadFile2*>(interface);
    std::size_t size = 0;
    Status status = file->load(file, path, false, &size, nullptr);
    if (size == 0) return status == buffer_too_small ? 0 : status;
    constexpr std::uint32_t anywhere = 0;
    constexpr auto type = static_cast<std::uint32_t>(efi::MemoryType::loader_data);
    std::uint64_t where = 0;
    status = service<AllocatePages>(system, service_allocate_pages)(
        anywhere, type, (size + efi::page_size - 1) / efi::page_size, &where);
    if (status != 0) return status;
    status = file->load(file, path, false, &size, reinterpret_cast<void*>(where));
    if (status != 0) return status;
    handover.initrd = where;
    handover.initrd_size = size;
    return 0;
}

bool has_table(const efi::SystemTable& system, const efi::Guid& guid) {
    const auto* const tables = reinterpret_cast<const efi::ConfigTable*>(system.tables.value());
    for (std::uint64_t i = 0; i < system.table_count; ++i) {
        if (std::memcmp(&tables[i].guid, &guid, sizeof(guid)) == 0) return true;
    }
    return false;
}

/// What can be told while firmware's console is there.
Status prepare(const efi::SystemTable& system) {
    if (!has_table(system, efi::device_tree_guid) && !has_table(system, efi::acpi_guid)) {
        print(system, "lkvm-zones: firmware gives neither a device tree nor ACPI tables");
        return not_found;
    }
    if (bundle_slot != 0) return 0;
    const Status status = take_initrd(system);
    if (status != 0) {
        print(system, "lkvm-zones: firmware offers an initial RAM disk and cannot read it");
        return status;
    }
    if (handover.initrd_size == 0 && !has_table(system, efi::initrd_guid)) {
        print(system,
              "lkvm-zones: no bundle: expected one behind the image ('lkvm pack --image') "
              "or as initial RAM disk");
        return not_found;
    }
    return 0;
}

/// Firmware lets go when it is told its present map, which a first attempt may have changed.
Status leave_firmware(void* image, const efi::SystemTable& system) {
    const auto get_map = service<GetMemoryMap>(system, service_get_memory_map);
    const auto exit = service<ExitBootServices>(system, service_exit_boot_services);
    constexpr int attempts = 3;
    Status status = unsupported;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        std::size_t size = handover_map.size();
        std::size_t key = 0;
        std::uint32_t version = 0;
        status = get_map(&size, handover_map.data(), &key, &handover.map_step, &version);
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
    if (const Status missing = prepare(*system); missing != 0) return missing;
    const Status status = leave_firmware(image, *system);
    if (status == buffer_too_small) {
        print(*system, "lkvm-zones: firmware's memory map is too long");
    } else if (status != 0) {
        print(*system, "lkvm-zones: firmware does not let go");
    }
    return status;
}

EfiMemoryMap efi_memory_map() {
    return {std::span{handover_map}.first(handover.map_size), handover.map_step};
}

std::span<const std::byte> efi_initrd() {
    return {reinterpret_cast<const std::byte*>(handover.initrd), handover.initrd_size};
}

}  // namespace lkvm::hv
