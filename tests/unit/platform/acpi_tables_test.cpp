// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/firmware/acpi_tables.hpp"

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <lkvm/endian.hpp>

#include "loongarch/platform/memory_map.hpp"

namespace lkvm::test {
namespace {

using Bytes = std::vector<std::byte>;

template<class T>
T read_at(std::span<const std::byte> bytes, std::size_t offset) {
    T value{};
    EXPECT_LE(offset + sizeof(T), bytes.size());
    if (offset + sizeof(T) <= bytes.size()) {
        std::memcpy(&value, bytes.data() + offset, sizeof(T));
    }
    return value;
}

unsigned sum(std::span<const std::byte> bytes) {
    unsigned total = 0;
    for (const std::byte byte : bytes) total += std::to_integer<unsigned>(byte);
    return total & 0xff;
}

/// Does what firmware does with the script: files get addresses, pointers and sums become right.
class Firmware {
public:
    explicit Firmware(const la::AcpiTables& tables) {
        files_[la::AcpiTables::tables_file] = {tables.tables().begin(), tables.tables().end()};
        files_[la::AcpiTables::root_file] = {tables.root().begin(), tables.root().end()};
        const auto script = tables.script();
        EXPECT_EQ(script.size() % 128, 0u);
        for (std::size_t at = 0; at < script.size(); at += 128) run(script.subspan(at, 128));
    }

    [[nodiscard]] const Bytes& root() { return files_[la::AcpiTables::root_file]; }
    /// The table at an address in the tables' file.
    [[nodiscard]] std::span<const std::byte> table(std::uint64_t address) {
        const Bytes& all = files_[la::AcpiTables::tables_file];
        const std::uint64_t offset = address - bases_[la::AcpiTables::tables_file];
        EXPECT_LT(offset, all.size());
        const std::span rest = std::span{all}.subspan(offset);
        return rest.first(read_at<Le32>(rest, 4));
    }
    [[nodiscard]] std::map<std::string, std::span<const std::byte>> tables() {
        std::map<std::string, std::span<const std::byte>> found;
        const auto list = table(read_at<Le64>(root(), 24));
        for (std::size_t at = 36; at < list.size(); at += 8) {
            const auto one = table(read_at<Le64>(list, at));
            found[std::string(reinterpret_cast<const char*>(one.data()), 4)] = one;
        }
        found["XSDT"] = list;
        return found;
    }

private:
    static std::string name_at(std::span<const std::byte> command, std::size_t offset) {
        return reinterpret_cast<const char*>(command.data() + offset);
    }
    void run(std::span<const std::byte> command) {
        const std::string file = name_at(command, 4);
        ASSERT_TRUE(files_.contains(file));
        Bytes& bytes = files_[file];
        switch (read_at<Le32>(command, 0)) {
            case 1:
                bases_[file] = next_;
                next_ += 0x100000;
                break;
            case 2: {
                const std::string target = name_at(command, 60);
                ASSERT_TRUE(bases_.contains(target));
                const std::uint32_t where = read_at<Le32>(command, 116);
                ASSERT_EQ(read_at<std::uint8_t>(command, 120), 8u);
                const Le64 pointer{read_at<Le64>(bytes, where) + bases_[target]};
                std::memcpy(bytes.data() + where, &pointer, sizeof(pointer));
                break;
            }
            case 3: {
                const std::uint32_t result = read_at<Le32>(command, 60);
                const auto part = std::span{bytes}.subspan(read_at<Le32>(command, 64),
                                                           read_at<Le32>(command, 68));
                bytes[result] = static_cast<std::byte>(0u - sum(part));
                break;
            }
            default:
                FAIL() << "an unknown command";
        }
    }

    std::map<std::string, Bytes> files_;
    std::map<std::string, std::uint64_t> bases_;
    std::uint64_t next_ = 0x700000;
};

class AcpiTables : public testing::Test {
protected:
    AcpiTables() {
        LKVM_MUST(banks_.add({Gpa{0}, 0x10000000, nullptr}));
        LKVM_MUST(banks_.add({Gpa{0x90000000}, 0x30000000, nullptr}));
    }

    RamBanks banks_;
    la::AcpiTables tables_;
};

TEST_F(AcpiTables, SumUpToZeroOnceTheScriptHasRun) {
    ASSERT_TRUE(tables_.build(2, 5, banks_).has_value());
    Firmware firmware(tables_);
    EXPECT_EQ(sum(std::span{firmware.root()}.first(20)), 0u);
    EXPECT_EQ(sum(firmware.root()), 0u);
    const auto found = firmware.tables();
    for (const auto& [name, table] : found) EXPECT_EQ(sum(table), 0u) << name;
    for (const char* name : {"FACP", "APIC", "SRAT", "MCFG"}) EXPECT_TRUE(found.contains(name));
    const auto dsdt = firmware.table(read_at<Le64>(found.at("FACP"), 140));
    EXPECT_EQ(sum(dsdt), 0u);
    EXPECT_EQ(std::memcmp(dsdt.data(), "DSDT", 4), 0);
}

TEST_F(AcpiTables, NameEveryCpu) {
    ASSERT_TRUE(tables_.build(3, 0, banks_).has_value());
    Firmware firmware(tables_);
    const auto table = firmware.tables().at("APIC");
    std::vector<std::uint32_t> cpus;
    for (std::size_t at = 44; at < table.size(); at += read_at<std::uint8_t>(table, at + 1)) {
        if (read_at<std::uint8_t>(table, at) != 17) continue;
        EXPECT_EQ(read_at<Le32>(table, at + 11), 1u);
        cpus.push_back(read_at<Le32>(table, at + 7));
    }
    EXPECT_EQ(cpus, (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST_F(AcpiTables, NameEveryBank) {
    ASSERT_TRUE(tables_.build(1, 0, banks_).has_value());
    Firmware firmware(tables_);
    const auto table = firmware.tables().at("SRAT");
    std::size_t at = 48 + 16;
    for (const RamBank& bank : banks_.all()) {
        EXPECT_EQ(read_at<std::uint8_t>(table, at), 1u);
        EXPECT_EQ(read_at<Le64>(table, at + 8), bank.base.value);
        EXPECT_EQ(read_at<Le64>(table, at + 16), bank.size);
        at += 40;
    }
    EXPECT_EQ(at, table.size());
}

TEST_F(AcpiTables, TellHowToTurnOffAndReset) {
    ASSERT_TRUE(tables_.build(1, 0, banks_).has_value());
    Firmware firmware(tables_);
    const auto table = firmware.tables().at("FACP");
    EXPECT_EQ(table.size(), 276u);
    EXPECT_EQ(read_at<Le32>(table, 112), 0x100400u);
    EXPECT_EQ(read_at<Le64>(table, 120), 0x100e001eu);
    EXPECT_EQ(read_at<std::uint8_t>(table, 128), 0x42u);
    EXPECT_EQ(read_at<Le64>(table, 248), 0x100e001cu);
    EXPECT_EQ(read_at<Le64>(table, 260), 0x100e001du);
}

TEST_F(AcpiTables, HaveRoomForAllThatIsPossible) {
    RamBanks banks;
    for (std::uint64_t i = 0; i < max_ram_banks; ++i) {
        LKVM_MUST(banks.add({Gpa{i << 32}, 0x10000, nullptr}));
    }
    EXPECT_TRUE(tables_.build(la::max_cpus, (1u << la::max_virtio_slots) - 1, banks).has_value());
}

}  // namespace
}  // namespace lkvm::test
