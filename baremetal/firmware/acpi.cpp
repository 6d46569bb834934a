// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/firmware/acpi.hpp"

#include <cstring>
#include <string_view>

#include <lkvm/endian.hpp>

#include "baremetal/memory/physical.hpp"

namespace lkvm::hv {
namespace {

constexpr std::size_t header_size = 36;
/// Far above that of any board's.
constexpr std::size_t max_table_size = 0x100000;

template<class T>
T read_at(std::span<const std::byte> table, std::size_t offset) {
    T value{};
    if (offset <= table.size() && sizeof(T) <= table.size() - offset) {
        std::memcpy(&value, table.data() + offset, sizeof(T));
    }
    return value;
}

/// The table at a physical address, or nothing if it has another signature.
std::span<const std::byte> table_at(std::uint64_t address, std::string_view signature) {
    constexpr std::size_t length_offset = 4;
    if (address == 0) return {};
    const auto* const start = physical_pointer<const std::byte>(address);
    if (std::memcmp(start, signature.data(), signature.size()) != 0) return {};
    const std::size_t length = read_at<Le32>({start, header_size}, length_offset);
    if (length < header_size || length > max_table_size) return {};
    return {start, length};
}

/// The first table of that signature, or nothing.
std::span<const std::byte> find_table(std::uint64_t root, std::string_view signature) {
    constexpr std::size_t root_size = 36;
    constexpr std::size_t revision_offset = 15;
    constexpr std::size_t list_offset = 24;
    const std::span root_bytes{physical_pointer<const std::byte>(root), root_size};
    constexpr std::string_view root_signature = "RSD PTR ";
    if (std::memcmp(root_bytes.data(), root_signature.data(), root_signature.size()) != 0 ||
        std::to_integer<unsigned>(root_bytes[revision_offset]) < 2) {
        return {};
    }
    const auto list = table_at(read_at<Le64>(root_bytes, list_offset), "XSDT");
    for (std::size_t at = header_size; at + sizeof(Le64) <= list.size(); at += sizeof(Le64)) {
        const auto table = table_at(read_at<Le64>(list, at), signature);
        if (!table.empty()) return table;
    }
    return {};
}

/// First number of the package _S5_, if it is as compilers write it.
int sleep_type_off(std::span<const std::byte> definitions) {
    constexpr std::string_view name = "_S5_";
    constexpr std::byte package{0x12};
    constexpr std::byte byte_prefix{0x0a};
    std::span<const std::byte> rest = definitions;
    while (rest.size() > name.size() && std::memcmp(rest.data(), name.data(), name.size()) != 0) {
        rest = rest.subspan(1);
    }
    if (rest.size() < name.size() + 1 || rest[name.size()] != package) return -1;
    rest = rest.subspan(name.size() + 1);
    if (rest.empty()) return -1;
    // Bytes of the package's length, and the number of its members.
    const std::size_t skip = 1 + (std::to_integer<std::size_t>(rest[0]) >> 6) + 1;
    if (rest.size() < skip + 2) return -1;
    const std::byte type = rest[skip] == byte_prefix ? rest[skip + 1] : rest[skip];
    constexpr int max_type = 7;
    const int value = std::to_integer<int>(type);
    return value <= max_type ? value : -1;
}

/// Of a generic address, or 0 if it is no place in memory.
std::uint64_t address_in_memory(std::span<const std::byte> table, std::size_t offset) {
    constexpr std::uint8_t system_memory = 0;
    if (read_at<std::uint8_t>(table, offset) != system_memory) return 0;
    return read_at<Le64>(table, offset + 4);
}

}  // namespace

Result<unsigned> read_acpi_cpus(std::uint64_t root, std::span<unsigned> cpus) {
    constexpr std::uint8_t core_type = 17;
    constexpr std::size_t first_entry = 44;
    constexpr std::size_t core_id_offset = 7;
    constexpr std::size_t flags_offset = 11;
    constexpr std::uint32_t enabled = 1;
    const auto table = find_table(root, "APIC");
    if (table.empty()) return fail(ErrorCode::not_found);
    unsigned count = 0;
    for (std::size_t at = first_entry; at + 2 <= table.size();) {
        const std::size_t length = read_at<std::uint8_t>(table, at + 1);
        if (length < 2 || length > table.size() - at) return fail(ErrorCode::bad_format);
        const auto entry = table.subspan(at, length);
        at += length;
        if (read_at<std::uint8_t>(entry, 0) != core_type) continue;
        if ((read_at<Le32>(entry, flags_offset) & enabled) == 0) continue;
        if (count == cpus.size()) return fail(ErrorCode::too_many);
        cpus[count++] = read_at<Le32>(entry, core_id_offset);
    }
    if (count == 0) return fail(ErrorCode::not_found);
    return count;
}

PowerOffRegister find_acpi_power_off(std::uint64_t root) {
    constexpr std::size_t dsdt_offset = 40;
    constexpr std::size_t flags_offset = 112;
    constexpr std::size_t long_dsdt_offset = 140;
    constexpr std::size_t pm1_control_offset = 172;
    constexpr std::size_t sleep_control_offset = 244;
    constexpr std::uint32_t hardware_reduced = 1u << 20;
    const auto table = find_table(root, "FACP");
    std::uint64_t dsdt = read_at<Le64>(table, long_dsdt_offset);
    if (dsdt == 0) dsdt = read_at<Le32>(table, dsdt_offset);
    const int type = sleep_type_off(table_at(dsdt, "DSDT"));
    if (type < 0) return {};
    const auto kind = static_cast<std::uint32_t>(type);
    // ACPI 6.5 §4.8.3.7 and §4.8.3.2.1: the type, and the bit that says go.
    if ((read_at<Le32>(table, flags_offset) & hardware_reduced) != 0) {
        return {address_in_memory(table, sleep_control_offset), kind << 2 | 1u << 5, 1};
    }
    const auto width = read_at<std::uint8_t>(table, pm1_control_offset + 1);
    return {address_in_memory(table, pm1_control_offset), kind << 10 | 1u << 13,
            width > 16 ? 4u : 2u};
}

}  // namespace lkvm::hv
