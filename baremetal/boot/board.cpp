// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/boot/board.hpp"

#include <cstring>
#include <string_view>

#include <libfdt.h>

#include "baremetal/boot/efi_application.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "loongarch/boot/efi.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "loongarch/platform/power.hpp"

namespace lkvm::hv {
namespace {

namespace efi = la::efi;

extern "C" const char _head[];
extern "C" const char _end[];
/// In the image's header: distance of a bundle that `lkvm pack --image` put behind it, or 0.
extern "C" const Le64 bundle_slot;

/// The header's size in memory then covers the bundle.
std::span<const std::byte> appended_bundle() {
    constexpr std::size_t size_offset = 0x10;
    Le64 size;
    std::memcpy(&size, _head + size_offset, sizeof(size));
    const std::uint64_t offset = bundle_slot;
    if (size < offset) return {};
    return {physical_pointer(physical_address(_head) + offset),
            static_cast<std::size_t>(size - offset)};
}

constexpr std::uint64_t max_config_tables = 64;

/// Physical address that the configuration table of `guid` names, or 0.
std::uint64_t config_table(const efi::SystemTable& system, const efi::Guid& guid) {
    const auto* tables = physical_pointer<const efi::ConfigTable>(system.tables);
    const std::uint64_t count = system.table_count;
    for (std::uint64_t i = 0; i < count && i < max_config_tables; ++i) {
        if (std::memcmp(&tables[i].guid, &guid, sizeof(guid)) == 0) return tables[i].address;
    }
    return 0;
}

std::uint64_t cells64(const void* data, int cell) {
    const auto* cells = static_cast<const Be32*>(data) + cell;
    return std::uint64_t{cells[0].value()} << 32 | cells[1].value();
}

/// Of QEMU's board and ours, the only ones whose tree has it.
constexpr PowerOffRegister platform_power_off{la::memory_map::power_base.value,
                                              la::power::sleep_off, 1};

Result<> read_tree(const void* tree, Board& board) {
    if (fdt_check_header(tree) != 0) return fail(ErrorCode::bad_format);
    for (int node = fdt_next_node(tree, -1, nullptr); node >= 0;
         node = fdt_next_node(tree, node, nullptr)) {
        int length = 0;
        // The chosen node is the only one with a seed. Linux Documentation/devicetree, rng-seed.
        const void* const seed = fdt_getprop(tree, node, "rng-seed", &length);
        if (seed != nullptr && length > 0) {
            board.random_seed = {static_cast<const std::byte*>(seed),
                                 static_cast<std::size_t>(length)};
        }
        // Pin and trigger, for devices on the PCH-PIC.
        const void* const line = fdt_getprop(tree, node, "interrupts", &length);
        if (line != nullptr && length == 8) {
            const auto* const cells = static_cast<const Be32*>(line);
            constexpr std::uint32_t rising_edge = 1;
            if (cells[0] < 64 && cells[1] == rising_edge) {
                board.edge_pins |= std::uint64_t{1} << cells[0].value();
            }
        }
        if (fdt_node_check_compatible(tree, node, "syscon-poweroff") == 0) {
            board.power_off = platform_power_off;
        }
        if (fdt_node_check_compatible(tree, node, "virtio,mmio") == 0) {
            const void* const place = fdt_getprop(tree, node, "reg", &length);
            const bool usable = place != nullptr && length == 16;
            if (usable && board.virtio_count < board.virtio.size()) {
                board.virtio[board.virtio_count++] = cells64(place, 0);
            }
            continue;
        }
        const void* const type = fdt_getprop(tree, node, "device_type", &length);
        if (type == nullptr || length <= 0) continue;
        const std::string_view kind{static_cast<const char*>(type),
                                    static_cast<std::size_t>(length) - 1};
        const void* const reg = fdt_getprop(tree, node, "reg", &length);
        if (reg == nullptr) continue;
        if (kind == "memory") {
            if (!efi_memory_map().bytes.empty()) continue;  // firmware knows better
            for (int cell = 0; cell + 4 <= length / 4; cell += 4) {
                LKVM_TRY(board.memory.add(cells64(reg, cell), cells64(reg, cell + 2)));
            }
        } else if (kind == "cpu" && length == 4) {
            if (board.cpu_count == max_board_cpus) return fail(ErrorCode::too_many);
            board.cpus[board.cpu_count++] = static_cast<const Be32*>(reg)->value();
        }
    }
    return {};
}

}  // namespace

Result<> read_board(std::uint64_t system_table, Board& board) {
    if (system_table == 0) return fail(ErrorCode::not_found);
    const auto& system = *physical_pointer<const efi::SystemTable>(system_table);
    if (system.header.signature != efi::system_table_signature) return fail(ErrorCode::bad_format);
    const std::uint64_t tree = config_table(system, efi::device_tree_guid);
    const std::uint64_t acpi = config_table(system, efi::acpi_guid);
    if (const EfiMemoryMap map = efi_memory_map(); !map.bytes.empty()) {
        LKVM_TRY(add_efi_memory(map, board.memory));
    }
    if (tree != 0) {
        LKVM_TRY(read_tree(physical_pointer<const void>(tree), board));
        LKVM_TRY(board.memory.reserve(tree & address_mask,
                                      fdt_totalsize(physical_pointer<const void>(tree))));
    } else if (acpi != 0 && !efi_memory_map().bytes.empty()) {
        // The tables lie in memory that firmware's map does not offer.
        board.cpu_count = LKVM_TRY(read_acpi_cpus(acpi, board.cpus));
        board.power_off = find_acpi_power_off(acpi);
    } else {
        return fail(ErrorCode::not_found);
    }
    const std::uint64_t head = physical_address(_head);
    LKVM_TRY(board.memory.reserve(head, physical_address(_end) - head));
    if (bundle_slot != 0) {
        board.bundle = appended_bundle();
        return board.memory.reserve(physical_address(board.bundle.data()), board.bundle.size());
    }
    if (const std::span<const std::byte> handed = efi_initrd(); !handed.empty()) {
        board.bundle = {physical_pointer(physical_address(handed.data())), handed.size()};
        return board.memory.reserve(physical_address(handed.data()), handed.size());
    }
    const std::uint64_t initrd = config_table(system, efi::initrd_guid);
    if (initrd == 0) return fail(ErrorCode::not_found);
    const auto& record = *physical_pointer<const efi::InitrdRecord>(initrd);
    board.bundle = {physical_pointer(record.base), static_cast<std::size_t>(record.size.value())};
    return board.memory.reserve(record.base, record.size);
}

}  // namespace lkvm::hv
