// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/ram_plan.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace lkvm::test {
namespace {

constexpr std::uint64_t limit = std::uint64_t{1} << 47;

vmm::Outcome<vmm::RamPlan> plan(const std::vector<std::string_view>& options,
                                std::uint64_t address_limit = limit) {
    std::vector<vmm::MemoryRequest> requests;
    for (const std::string_view option : options) {
        const auto parsed = vmm::parse_memory(option);
        EXPECT_EQ(parsed.error, vmm::NumberError::none) << option;
        requests.push_back(parsed.request);
    }
    return vmm::plan_ram(requests, address_limit);
}

std::string failure(const std::vector<std::string_view>& options) {
    const auto planned = plan(options);
    if (planned.has_value()) return "";
    EXPECT_EQ(planned.failure().code, vmm::ExitCode::usage_error);
    return planned.failure().message;
}

TEST(RamPlan, GivesHalfAGigabyteByDefault) {
    const auto planned = plan({});
    ASSERT_TRUE(planned.has_value());
    ASSERT_EQ(planned.value().banks.size(), 1u);
    EXPECT_EQ(planned.value().banks.lowest().base, Gpa{0x90000000});
    EXPECT_EQ(planned.value().banks.lowest().size, std::uint64_t{512} << 20);
    EXPECT_TRUE(planned.value().warnings.empty());
}

TEST(RamPlan, PutsOneBankWithoutAddressAtTheDefaultBase) {
    EXPECT_EQ(plan({"1G"}).value().banks.lowest().base, Gpa{0x90000000});
}

TEST(RamPlan, SortsBanksGivenInAnyOrder) {
    for (const auto& options :
         {std::vector<std::string_view>{"256@0x90000000", "1G@0x100000000"},
          std::vector<std::string_view>{"1G@0x100000000", "256@0x90000000"}}) {
        const auto planned = plan(options);
        ASSERT_TRUE(planned.has_value());
        const auto banks = planned.value().banks.all();
        ASSERT_EQ(banks.size(), 2u);
        EXPECT_EQ(banks[0].base, Gpa{0x90000000});
        EXPECT_EQ(banks[1].base, Gpa{0x100000000});
        EXPECT_EQ(banks[1].size, std::uint64_t{1} << 30);
    }
}

TEST(RamPlan, AllowsALowBank) {
    EXPECT_EQ(failure({"128@0", "512@0x90000000"}), "");
    EXPECT_EQ(failure({"256@0"}), "");
    EXPECT_EQ(failure({"64@0x8000000"}), "");
}

TEST(RamPlan, CapsABankWithoutAddress) {
    const auto planned = plan({"4G"}, 0x100000000);
    ASSERT_TRUE(planned.has_value());
    EXPECT_EQ(planned.value().banks.lowest().size, 0x70000000u);
    ASSERT_EQ(planned.value().warnings.size(), 1u);
    EXPECT_EQ(planned.value().warnings[0], "Capping memory to 1792MB");
    EXPECT_TRUE(plan({"1792"}, 0x100000000).value().warnings.empty());
}

TEST(RamPlan, DoesNotCapABankWithAddress) {
    const auto planned = plan({"4G@0x90000000"}, 0x100000000);
    ASSERT_FALSE(planned.has_value());
    EXPECT_EQ(planned.failure().message, "Memory bank outside of the maximum IPA");
}

TEST(RamPlan, WantsAddressesForMoreThanOneBank) {
    const std::string_view message = "Base address should be specified for all the banks";
    EXPECT_EQ(failure({"256", "256@0x90000000"}), message);
    EXPECT_EQ(failure({"256@0x90000000", "256"}), message);
    EXPECT_EQ(failure({"256", "256"}), message);
}

TEST(RamPlan, NamesBothBanksOfAnOverlap) {
    EXPECT_EQ(failure({"256@0x90000000", "16@0x9f000000"}),
              "Memory bank 0x9f000000-0x9fffffff overlapping with 0x90000000-0x9fffffff");
    EXPECT_EQ(failure({"1@0x90000000", "1@0x90000000"}),
              "Memory bank 0x90000000-0x900fffff overlapping with 0x90000000-0x900fffff");
    EXPECT_EQ(failure({"16@0x90000000", "16@0x91000000"}), "");
}

TEST(RamPlan, RefusesBanksBeyondTheGuestPhysicalWidth) {
    const std::string_view message = "Memory bank outside of the maximum IPA";
    EXPECT_EQ(failure({"64K@0x800000000000"}), message);
    EXPECT_EQ(failure({"128K@0x7fffffff0000"}), message);
    EXPECT_EQ(failure({"64K@0x7fffffff0000"}), "");
}

TEST(RamPlan, RefusesBanksInTheMmioArea) {
    const std::string_view message = "Memory bank overlapping with the MMIO area";
    EXPECT_EQ(failure({"64@0x10000000"}), message);
    EXPECT_EQ(failure({"512@0"}), message);
    EXPECT_EQ(failure({"64K@0x7fff0000"}), message);
    EXPECT_EQ(failure({"128K@0x7fff0000"}), message);
    EXPECT_EQ(failure({"4G@0"}), message);
    EXPECT_EQ(failure({"64K@0x80000000"}), "");
    EXPECT_EQ(failure({"64K@0xfff0000"}), "");
}

TEST(RamPlan, RefusesZeroSizes) {
    EXPECT_NE(failure({"0"}).find("size above 0"), std::string::npos);
    EXPECT_NE(failure({"0@0x90000000"}).find("size above 0"), std::string::npos);
}

TEST(RamPlan, RefusesWrapAround) {
    EXPECT_NE(failure({"1@0xffffffffffff0000"}).find("wraps around"), std::string::npos);
}

TEST(RamPlan, RefusesMisalignment) {
    EXPECT_NE(failure({"1@0x90001000"}).find("multiple of 64K"), std::string::npos);
    EXPECT_NE(failure({"100K@0x90000000"}).find("multiple of 64K"), std::string::npos);
}

TEST(RamPlan, RefusesTooManyBanks) {
    EXPECT_EQ(failure({"1@0x80000000", "1@0x80100000", "1@0x80200000", "1@0x80300000",
                       "1@0x80400000", "1@0x80500000", "1@0x80600000", "1@0x80700000"}),
              "");
    EXPECT_NE(
        failure({"1@0x80000000", "1@0x80100000", "1@0x80200000", "1@0x80300000", "1@0x80400000",
                 "1@0x80500000", "1@0x80600000", "1@0x80700000", "1@0x80800000"})
            .find("at most 8 memory banks"),
        std::string::npos);
}

vmm::Outcome<vmm::RamPlan> firmware_plan(const std::vector<std::string_view>& options) {
    std::vector<vmm::MemoryRequest> requests;
    for (const std::string_view option : options) {
        requests.push_back(vmm::parse_memory(option).request);
    }
    return vmm::plan_firmware_ram(requests, limit);
}

TEST(FirmwareRamPlan, DividesOneSize) {
    for (const auto& options :
         {std::vector<std::string_view>{}, std::vector<std::string_view>{"512"}}) {
        const auto planned = firmware_plan(options);
        ASSERT_TRUE(planned.has_value());
        const auto banks = planned.value().banks.all();
        ASSERT_EQ(banks.size(), 2u);
        EXPECT_EQ(banks[0].base, Gpa{0});
        EXPECT_EQ(banks[0].size, std::uint64_t{256} << 20);
        EXPECT_EQ(banks[1].base, Gpa{0x90000000});
        EXPECT_EQ(banks[1].size, std::uint64_t{256} << 20);
    }
    EXPECT_EQ(firmware_plan({"200"}).value().banks.size(), 1u);
}

TEST(FirmwareRamPlan, WantsABankAtTheBottom) {
    EXPECT_TRUE(firmware_plan({"128@0", "1G@0x90000000"}).has_value());
    for (const auto& options : {std::vector<std::string_view>{"512@0x90000000"},
                                std::vector<std::string_view>{"64@0", "1G@0x90000000"},
                                std::vector<std::string_view>{"64"}}) {
        const auto planned = firmware_plan(options);
        ASSERT_FALSE(planned.has_value());
        EXPECT_EQ(planned.failure().message,
                  "--mem: firmware needs a memory bank at 0 of at least 128M");
    }
}

}  // namespace
}  // namespace lkvm::test
