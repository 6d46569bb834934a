// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/firmware/acpi.hpp"

#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <lkvm/endian.hpp>

#include "tests/unit/baremetal/physical_memory.hpp"

namespace lkvm::hv {
namespace {

/// Tables in "physical" memory, one after the other.
class AcpiBoard : public testing::Test {
protected:
    using Table = std::vector<std::uint8_t>;

    AcpiBoard() {
        place(std::vector<std::uint8_t>(36, 0));  // the root pointer
    }

    static Table header(std::string_view signature) {
        Table table(signature.begin(), signature.end());
        table.resize(36, 0);
        return table;
    }
    static void put(Table& table, std::size_t at, std::uint64_t value, unsigned bytes) {
        if (table.size() < at + bytes) table.resize(at + bytes, 0);
        for (unsigned i = 0; i < bytes; ++i) {
            table[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
        }
    }
    static void add_core(Table& table, std::uint32_t id, bool enabled) {
        const std::size_t at = table.size();
        put(table, at, 17, 1);
        put(table, at + 1, 15, 1);
        put(table, at + 2, 1, 1);
        put(table, at + 3, 99, 4);
        put(table, at + 7, id, 4);
        put(table, at + 11, enabled ? 1 : 0, 4);
    }
    /// Gives the table its length and an address.
    std::uint64_t place(Table table) {
        if (table.size() > 36 || next_ != 0) put(table, 4, table.size(), 4);
        const std::uint64_t where = memory_.base() + next_;
        std::memcpy(physical_pointer(where), table.data(), table.size());
        next_ += table.size();
        return where;
    }
    void make_root(const std::vector<std::uint64_t>& tables) {
        Table list = header("XSDT");
        for (const std::uint64_t table : tables) put(list, list.size(), table, 8);
        const std::uint64_t where = place(list);
        constexpr std::string_view signature = "RSD PTR ";
        Table root(signature.begin(), signature.end());
        put(root, 15, 2, 1);
        put(root, 24, where, 8);
        put(root, 35, 0, 1);
        std::memcpy(physical_pointer(memory_.base()), root.data(), root.size());
    }
    Result<unsigned> read() { return read_acpi_cpus(memory_.base(), cpus_); }

    PhysicalMemory memory_{0x10000};
    std::size_t next_ = 0;
    std::array<unsigned, 4> cpus_{};
};

TEST_F(AcpiBoard, HasTheCpusThatAreEnabled) {
    Table table = header("APIC");
    put(table, 43, 0, 1);
    add_core(table, 0, true);
    add_core(table, 1, false);
    put(table, table.size(), 0x0516, 2);  // something else, 5 bytes long
    put(table, table.size(), 0, 3);
    add_core(table, 4, true);
    make_root({place(header("ABCD")), place(table)});
    const auto count = read();
    ASSERT_TRUE(count.has_value());
    ASSERT_EQ(count.value(), 2u);
    EXPECT_EQ(cpus_[0], 0u);
    EXPECT_EQ(cpus_[1], 4u);
}

TEST_F(AcpiBoard, WithoutItsTableIsAnError) {
    make_root({place(header("ABCD"))});
    EXPECT_EQ(read().error().code, ErrorCode::not_found);
    std::memset(physical_pointer(memory_.base()), 0, 36);
    EXPECT_EQ(read().error().code, ErrorCode::not_found);
}

TEST_F(AcpiBoard, WithBrokenEntriesIsAnError) {
    for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{200}}) {
        Table table = header("APIC");
        put(table, 43, 0, 1);
        add_core(table, 0, true);
        put(table, table.size(), 17 | length << 8, 2);
        make_root({place(table)});
        EXPECT_EQ(read().error().code, ErrorCode::bad_format) << length;
    }
}

TEST_F(AcpiBoard, WithMoreCpusThanFitIsAnError) {
    Table table = header("APIC");
    put(table, 43, 0, 1);
    for (std::uint32_t i = 0; i < 5; ++i) add_core(table, i, true);
    make_root({place(table)});
    EXPECT_EQ(read().error().code, ErrorCode::too_many);
}

/// Definitions with _S5_ of that type.
std::vector<std::uint8_t> definitions(std::vector<std::uint8_t> table, std::uint8_t type) {
    for (const int byte : {0x08, 0x5f, 0x53, 0x35, 0x5f, 0x12, 0x06, 0x04, 0x0a}) {
        table.push_back(static_cast<std::uint8_t>(byte));
    }
    table.push_back(type);
    table.insert(table.end(), 3, 0);
    return table;
}

TEST_F(AcpiBoard, TurnsOffByItsSleepRegister) {
    const std::uint64_t dsdt = place(definitions(header("DSDT"), 5));
    Table fadt = header("FACP");
    put(fadt, 275, 0, 1);
    put(fadt, 112, 1u << 20, 4);
    put(fadt, 140, dsdt, 8);
    put(fadt, 176, 0x100d0014, 8);
    put(fadt, 248, 0x100e001c, 8);
    make_root({place(fadt)});
    const PowerOffRegister off = find_acpi_power_off(memory_.base());
    EXPECT_EQ(off.address, 0x100e001cu);
    EXPECT_EQ(off.value, 0x34u);
    EXPECT_EQ(off.size, 1u);
}

TEST_F(AcpiBoard, TurnsOffByItsPm1Register) {
    const std::uint64_t dsdt = place(definitions(header("DSDT"), 7));
    Table fadt = header("FACP");
    put(fadt, 275, 0, 1);
    put(fadt, 140, dsdt, 8);
    put(fadt, 173, 32, 1);
    put(fadt, 176, 0x100d0014, 8);
    make_root({place(fadt)});
    const PowerOffRegister off = find_acpi_power_off(memory_.base());
    EXPECT_EQ(off.address, 0x100d0014u);
    EXPECT_EQ(off.value, 0x3c00u);
    EXPECT_EQ(off.size, 4u);
}

TEST_F(AcpiBoard, WithoutASleepTypeOrARegisterInMemoryStaysOn) {
    Table fadt = header("FACP");
    put(fadt, 275, 0, 1);
    put(fadt, 112, 1u << 20, 4);
    put(fadt, 248, 0x100e001c, 8);
    make_root({place(fadt)});  // no definitions
    EXPECT_EQ(find_acpi_power_off(memory_.base()).address, 0u);
    put(fadt, 140, place(definitions(header("DSDT"), 5)), 8);
    put(fadt, 244, 1, 1);  // an I/O port
    make_root({place(fadt)});
    EXPECT_EQ(find_acpi_power_off(memory_.base()).address, 0u);
    put(fadt, 140, place(definitions(header("DSDT"), 8)), 8);  // no such type
    put(fadt, 244, 0, 1);
    make_root({place(fadt)});
    EXPECT_EQ(find_acpi_power_off(memory_.base()).address, 0u);
}

}  // namespace
}  // namespace lkvm::hv
