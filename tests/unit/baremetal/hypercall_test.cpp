// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/control/hypercall.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/baremetal/fake_zone.hpp"

namespace lkvm::hv {
namespace {

constexpr std::uint64_t base = 0x90000000;
constexpr std::uint64_t bank_size = 0x10000;

class HypercallTest : public testing::Test, public HypercallZone {
protected:
    HypercallTest() {
        // One bank, aligned, in range: cannot fail.
        LKVM_MUST(banks_.add({Gpa{base}, bank_size, ram_.data()}));
    }

    [[nodiscard]] const GuestMemory& memory() const override { return memory_; }
    [[nodiscard]] bool has_control() const override { return control_allowed; }
    void write_console(std::span<const std::byte> bytes) override {
        console.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }

    std::int64_t call(std::uint64_t number, std::uint64_t a1 = 0, std::uint64_t a2 = 0,
                      std::uint64_t a3 = 0, std::uint64_t a4 = 0) {
        return do_hypercall(*this, zones, {number, {a1, a2, a3, a4}}, scratch_);
    }
    void put(std::uint64_t offset, std::string_view text) {
        std::memcpy(ram_.data() + offset, text.data(), text.size());
    }
    std::string text(std::uint64_t offset, std::int64_t size) {
        return {reinterpret_cast<const char*>(ram_.data()) + offset,
                static_cast<std::size_t>(size)};
    }

    TwoFakeZones zones;
    std::string console;
    bool control_allowed = true;

private:
    std::vector<std::byte> ram_ = std::vector<std::byte>(bank_size);
    RamBanks banks_;
    GuestMemory memory_{banks_};
    std::vector<char> scratch_ = std::vector<char>(max_control_reply);
};

TEST_F(HypercallTest, HasAVersionAndRefusesOtherNumbers) {
    EXPECT_EQ(call(0), hypercall_version);
    EXPECT_EQ(call(3), -1);
    EXPECT_EQ(call(UINT64_MAX), -1);
}

TEST_F(HypercallTest, WritesToTheConsole) {
    put(0x100, "hello");
    EXPECT_EQ(call(1, base + 0x100, 5), 5);
    EXPECT_EQ(console, "hello");
    EXPECT_EQ(call(1, base, 0), 0);
    EXPECT_EQ(call(1, base, max_console_write + 1), -2);
    EXPECT_EQ(console, "hello");
}

TEST_F(HypercallTest, RefusesPlacesOutsideRam) {
    for (const std::uint64_t where :
         {std::uint64_t{0}, base - 1, base + bank_size, base + bank_size - 4, UINT64_MAX - 2,
          std::uint64_t{0x9000000090000000}}) {
        EXPECT_EQ(call(1, where, 5), -3) << std::hex << where;
        EXPECT_EQ(call(2, where, 5, base, 0x4000), -3) << std::hex << where;
        EXPECT_EQ(call(2, base, 5, where, 0x4000), -3) << std::hex << where;
    }
    EXPECT_EQ(call(2, base, 5, base, UINT64_MAX), -3);
    EXPECT_TRUE(console.empty());
}

TEST_F(HypercallTest, ServesControlLinesOfAZoneThatMay) {
    put(0, "stop right\n");
    const std::int64_t size = call(2, base, 11, base + 0x1000, 0x1000);
    ASSERT_GT(size, 0);
    EXPECT_EQ(text(0x1000, size), "{\"ok\":true,\"state\":\"running\"}\n");
    EXPECT_EQ(zones.right.requests, std::vector{ZoneRequest::stop});
    EXPECT_EQ(call(2, base, max_control_line + 1, base + 0x1000, 0x1000), -2);
    EXPECT_EQ(call(2, base, 11, base + 0x1000, 4), -5);
}

TEST_F(HypercallTest, ForbidsControlToOthers) {
    control_allowed = false;
    put(0, "stop right");
    EXPECT_EQ(call(2, base, 10, base + 0x1000, 0x1000), -4);
    EXPECT_TRUE(zones.right.requests.empty());
}

}  // namespace
}  // namespace lkvm::hv
