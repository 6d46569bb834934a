// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/vcpu_registers.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#include <gtest/gtest.h>

namespace lkvm::vmm {
namespace {

constexpr std::uint64_t base = 0x90000000;
constexpr std::uint64_t direct = 0x08;  // CRMD.DA
constexpr std::uint64_t paged = 0x10;   // CRMD.PG
constexpr std::uint64_t kernel_window = 0x9000000000000011;

class VcpuRegistersTest : public testing::Test {
protected:
    VcpuRegistersTest() {
        EXPECT_TRUE(banks_.add({Gpa{base}, ram_.size(), ram_.data()}).has_value());
        const std::array<std::uint32_t, 2> code{0x06488000, 0x4c000020};  // idle 0; jr $ra
        std::memcpy(ram_.data() + 0x100, code.data(), sizeof(code));
        registers_.pc = base + 0x104;
        registers_.gpr[1] = 0x1234;
        registers_.gpr[31] = 0xfedcba9876543210;
    }
    void set(std::string_view name, std::uint64_t value) {
        for (std::size_t i = 0; i < shown_csrs.size(); ++i) {
            if (shown_csrs[i].name == name) registers_.csr[i] = value;
        }
    }
    [[nodiscard]] std::string described() { return describe(7, registers_, GuestMemory{banks_}); }

    alignas(ram_bank_alignment) std::array<std::byte, ram_bank_alignment> ram_{};
    RamBanks banks_;
    VcpuRegisters registers_;
};

TEST_F(VcpuRegistersTest, TableNamesEveryRegister) {
    set("ESTAT", 0x800);
    const std::string lines = described();
    EXPECT_TRUE(lines.starts_with("vCPU 7\n      pc 0000000090000104      ra 0000000000001234"));
    EXPECT_NE(lines.find("s8 fedcba9876543210\n"), std::string::npos);
    EXPECT_NE(lines.find("   ESTAT 0000000000000800"), std::string::npos);
}

TEST_F(VcpuRegistersTest, CodeIsFoundByDirectAddress) {
    set("CRMD", direct);
    EXPECT_NE(described().find("   0x90000100  idle 0\n > 0x90000104  jirl $zero, $ra, 0\n"),
              std::string::npos);
}

TEST_F(VcpuRegistersTest, CodeIsFoundInTheKernelsWindow) {
    registers_.pc |= 0x9000000000000000;
    set("CRMD", paged);
    set("DMW1", kernel_window);
    EXPECT_NE(described().find(" > 0x9000000090000104  jirl"), std::string::npos);
}

TEST_F(VcpuRegistersTest, CodeOfAnotherPrivilegeLevelsWindowIsNotShown) {
    registers_.pc |= 0x9000000000000000;
    set("CRMD", paged | 3);
    set("DMW1", kernel_window);
    EXPECT_EQ(described().find(" > "), std::string::npos);
}

TEST_F(VcpuRegistersTest, PcOutsideRamShowsNoCode) {
    set("CRMD", direct);
    for (const std::uint64_t pc : {std::uint64_t{0}, std::uint64_t{0x10000000}, UINT64_MAX}) {
        registers_.pc = pc;
        EXPECT_EQ(described().find(" > "), std::string::npos) << pc;
    }
}

TEST_F(VcpuRegistersTest, BriefFormIsOneLine) {
    const std::string line = describe_briefly(registers_);
    EXPECT_TRUE(line.starts_with("pc 0x90000104 ra 0x1234 tp 0x0"));
    EXPECT_EQ(line.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace lkvm::vmm
