// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/efi_tables.hpp"

#include <array>

#include "loongarch/boot/crc32.hpp"
#include "loongarch/boot/efi.hpp"
#include "loongarch/boot/efi_memory_map.hpp"
#include "loongarch/boot/runtime_services.hpp"

namespace lkvm::la {

namespace {

constexpr std::size_t max_rng_seed_size = 256;
constexpr std::size_t max_config_tables = 5;
constexpr std::array<Le16, 5> vendor_name{std::uint16_t{'l'}, std::uint16_t{'k'},
                                          std::uint16_t{'v'}, std::uint16_t{'m'}, std::uint16_t{0}};
static_assert(boot_table::rng_seed + sizeof(Le32) + max_rng_seed_size <=
              boot_table::runtime_properties);

/// Writes configuration tables and counts them.
class ConfigTables {
public:
    ConfigTables(const GuestMemory& memory, const BootLayout& layout)
        : memory_(memory)
        , start_(layout.tables.value + boot_table::config_tables) {}

    [[nodiscard]] Result<> add(const efi::Guid& guid, std::uint64_t address) {
        LKVM_ASSERT(count_ < max_config_tables);
        const efi::ConfigTable table{guid, address};
        LKVM_TRY(memory_.write(Gpa{start_ + count_ * sizeof(table)}, table));
        ++count_;
        return {};
    }

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t start() const { return start_; }

private:
    const GuestMemory& memory_;
    std::uint64_t start_;
    std::uint64_t count_ = 0;
};

}  // namespace

/// CRC-32 as in IEEE 802.3, bit by bit: it covers a hundred bytes once per boot.
std::uint32_t efi::crc32(std::span<const std::byte> bytes) {
    return la::crc32(bytes);
}

Result<> write_efi_tables(const GuestMemory& memory, const BootLayout& layout,
                          std::span<const std::byte> rng_seed, RuntimeClock clock) {
    if (rng_seed.size() > max_rng_seed_size) return fail(ErrorCode::invalid_argument);
    const std::uint64_t base = layout.tables.value;
    ConfigTables tables(memory, layout);
    LKVM_TRY(tables.add(efi::device_tree_guid, layout.device_tree.value));
    LKVM_TRY(tables.add(efi::memory_map_guid, base + boot_table::memory_map));
    LKVM_TRY(write_efi_memory_map(memory, layout));
    if (layout.initrd_size != 0) {
        const efi::InitrdRecord record{layout.initrd.value, layout.initrd_size};
        LKVM_TRY(memory.write(Gpa{base + boot_table::initrd_record}, record));
        LKVM_TRY(tables.add(efi::initrd_guid, base + boot_table::initrd_record));
    }
    if (!rng_seed.empty()) {
        const Le32 size = static_cast<std::uint32_t>(rng_seed.size());
        LKVM_TRY(memory.write(Gpa{base + boot_table::rng_seed}, size));
        LKVM_TRY(memory.write_bytes(Gpa{base + boot_table::rng_seed + sizeof(size)}, rng_seed));
        LKVM_TRY(tables.add(efi::rng_seed_guid, base + boot_table::rng_seed));
    }
    LKVM_TRY(memory.write(Gpa{base + boot_table::vendor}, vendor_name));

    efi::SystemTable system{};
    if (clock == RuntimeClock::offered) {
        const efi::RuntimeProperties properties{std::uint16_t{1},
                                                std::uint16_t{sizeof(efi::RuntimeProperties)},
                                                runtime_services_supported};
        LKVM_TRY(memory.write(Gpa{base + boot_table::runtime_properties}, properties));
        LKVM_TRY(tables.add(efi::runtime_properties_guid, base + boot_table::runtime_properties));
        system.runtime_services =
            LKVM_TRY(write_runtime_services(memory, Gpa{base + boot_table::runtime}));
    }
    system.header.signature = efi::system_table_signature;
    system.header.revision = efi::revision_2_10;
    system.header.header_size = sizeof(system);
    system.firmware_vendor = base + boot_table::vendor;
    system.table_count = tables.count();
    system.tables = tables.start();
    system.header.crc32 = efi::crc32(std::as_bytes(std::span{&system, 1}));
    return memory.write(Gpa{base + boot_table::system_table}, system);
}

}  // namespace lkvm::la
