// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/number.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lkvm::test {
namespace {

using vmm::NumberError;
using vmm::Unit;

TEST(Number, ReadsDecimalAndHexadecimal) {
    EXPECT_EQ(vmm::parse_number("0").value, 0u);
    EXPECT_EQ(vmm::parse_number("64").value, 64u);
    EXPECT_EQ(vmm::parse_number("0x40").value, 64u);
    EXPECT_EQ(vmm::parse_number("0XfF").value, 255u);
    EXPECT_EQ(vmm::parse_number("18446744073709551615").value, UINT64_MAX);
    EXPECT_EQ(vmm::parse_number("0xffffffffffffffff").value, UINT64_MAX);
}

TEST(Number, RefusesEverythingElse) {
    EXPECT_EQ(vmm::parse_number("").error, NumberError::empty);
    for (const char* text : {"x", "-1", "+1", " 1", "1 ", "1.5", "0x", "0xg", "1k", "12a", "1e3"}) {
        EXPECT_NE(vmm::parse_number(text).error, NumberError::none) << text;
    }
    EXPECT_EQ(vmm::parse_number("18446744073709551616").error, NumberError::too_large);
    EXPECT_EQ(vmm::parse_number("0x10000000000000000").error, NumberError::too_large);
    EXPECT_EQ(vmm::parse_number(std::string(400, '9')).error, NumberError::too_large);
}

TEST(Size, MultipliesByItsUnit) {
    EXPECT_EQ(vmm::parse_size("512", Unit::mega).value, 512u << 20);
    EXPECT_EQ(vmm::parse_size("512", Unit::byte).value, 512u);
    EXPECT_EQ(vmm::parse_size("7B", Unit::mega).value, 7u);
    EXPECT_EQ(vmm::parse_size("7k", Unit::mega).value, 7u << 10);
    EXPECT_EQ(vmm::parse_size("7M", Unit::byte).value, 7u << 20);
    EXPECT_EQ(vmm::parse_size("7g", Unit::byte).value, std::uint64_t{7} << 30);
    EXPECT_EQ(vmm::parse_size("7T", Unit::byte).value, std::uint64_t{7} << 40);
    EXPECT_EQ(vmm::parse_size("7p", Unit::byte).value, std::uint64_t{7} << 50);
    EXPECT_EQ(vmm::parse_size("0x10K", Unit::byte).value, 16u << 10);
}

TEST(Size, TakesBForADigitOfHexadecimalNumbers) {
    EXPECT_EQ(vmm::parse_size("0x1B", Unit::byte).value, 0x1bu);
}

TEST(Size, NeverOverflows) {
    EXPECT_EQ(vmm::parse_size("16383P", Unit::byte).value, std::uint64_t{16383} << 50);
    EXPECT_EQ(vmm::parse_size("16384P", Unit::byte).error, NumberError::too_large);
    EXPECT_EQ(vmm::parse_size("17592186044416M", Unit::byte).error, NumberError::too_large);
    EXPECT_EQ(vmm::parse_size("17592186044415", Unit::mega).error, NumberError::none);
    EXPECT_EQ(vmm::parse_size("17592186044416", Unit::mega).error, NumberError::too_large);
}

TEST(Size, RefusesOtherUnits) {
    for (const char* text : {"1Q", "1MB", "1MM", "M", "1 M", "1@", "0xM", "1m "}) {
        EXPECT_EQ(vmm::parse_size(text, Unit::mega).error, NumberError::malformed) << text;
    }
}

TEST(MemoryOption, DefaultsToMegabytes) {
    const auto plain = vmm::parse_memory("512");
    EXPECT_EQ(plain.error, NumberError::none);
    EXPECT_EQ(plain.request, (vmm::MemoryRequest{std::uint64_t{512} << 20, std::nullopt}));
    EXPECT_EQ(vmm::parse_memory("0x200").request.size, std::uint64_t{512} << 20);
    EXPECT_EQ(vmm::parse_memory("1G").request.size, std::uint64_t{1} << 30);
    EXPECT_EQ(vmm::parse_memory("512@2304").request.base, 0x90000000u);
}

TEST(MemoryOption, CountsHexadecimalAddressesInBytes) {
    EXPECT_EQ(vmm::parse_memory("512@0x90000000").request,
              (vmm::MemoryRequest{std::uint64_t{512} << 20, 0x90000000}));
    EXPECT_EQ(vmm::parse_memory("1G@0x100000000").request.base, 0x100000000u);
    EXPECT_EQ(vmm::parse_memory("1G@0x900M").request.base, 0x90000000u);
    EXPECT_EQ(vmm::parse_memory("128@0").request.base, 0u);
    EXPECT_EQ(vmm::parse_memory("128@4G").request.base, 0x100000000u);
}

TEST(MemoryOption, SaysWhichPartIsWrong) {
    EXPECT_EQ(vmm::parse_memory("").error, NumberError::empty);
    EXPECT_FALSE(vmm::parse_memory("1Q@5").error_in_address);
    EXPECT_EQ(vmm::parse_memory("1@").error, NumberError::empty);
    EXPECT_TRUE(vmm::parse_memory("1@").error_in_address);
    EXPECT_TRUE(vmm::parse_memory("1@2@3").error_in_address);
    EXPECT_EQ(vmm::parse_memory("1@99999999P").error, NumberError::too_large);
    EXPECT_TRUE(vmm::parse_memory("1@99999999P").error_in_address);
    EXPECT_EQ(vmm::parse_memory("99999999P").error, NumberError::too_large);
}

}  // namespace
}  // namespace lkvm::test
