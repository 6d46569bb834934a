// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/firmware/fw_cfg.hpp"

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <lkvm/endian.hpp>

namespace lkvm::test {
namespace {

constexpr std::uint64_t data_register = 0;
constexpr std::uint64_t selector = 8;
constexpr std::uint64_t dma = 16;
constexpr std::uint32_t dma_error = 1;
constexpr std::uint32_t dma_read = 2;
constexpr std::uint32_t dma_skip = 4;
constexpr std::uint32_t dma_select = 8;
constexpr std::uint32_t dma_write = 16;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text});
}

class FwCfgTest : public testing::Test {
protected:
    static constexpr Gpa base{0x10000};
    static constexpr std::uint64_t size = 0x10000;

    FwCfgTest() { LKVM_MUST(banks_.add({base, size, ram_.data()})); }

    void select(std::uint16_t key) { device_.write(selector, 2, swap_bytes(key)); }
    void select(la::FwCfgKey key) { select(static_cast<std::uint16_t>(key)); }
    std::string read_text(unsigned count) {
        std::string text;
        for (unsigned i = 0; i < count; ++i) {
            text += static_cast<char>(device_.read(data_register, 1));
        }
        return text;
    }
    /// The control word that the device leaves.
    std::uint32_t transfer(std::uint32_t control, std::uint32_t length, std::uint64_t address,
                           Gpa access = base) {
        LKVM_MUST(memory_.write(access, Be32{control}));
        LKVM_MUST(memory_.write(Gpa{access.value + 4}, Be32{length}));
        LKVM_MUST(memory_.write(Gpa{access.value + 8}, Be64{address}));
        device_.write(dma, 8, swap_bytes(access.value));
        return memory_.read<Be32>(access).value();
    }
    std::string at(std::uint64_t address, std::size_t count) const {
        std::string text(count, '\0');
        LKVM_MUST(memory_.read_bytes(Gpa{address}, std::as_writable_bytes(std::span{text})));
        return text;
    }

    std::vector<std::byte> ram_ = std::vector<std::byte>(size, std::byte{0x55});
    RamBanks banks_;
    GuestMemory memory_{banks_};
    la::FwCfg device_{memory_};
};

TEST_F(FwCfgTest, IntroducesItself) {
    select(la::FwCfgKey::signature);
    EXPECT_EQ(read_text(4), "QEMU");
    select(la::FwCfgKey::version);
    EXPECT_EQ(device_.read(data_register, 4), 3u);  // with DMA
    EXPECT_EQ(device_.read(dma, 8), 0x47464320554d4551u);
    EXPECT_EQ(device_.read(dma, 4), 0x554d4551u);
    EXPECT_EQ(device_.read(dma + 4, 4), 0x47464320u);
}

TEST_F(FwCfgTest, GivesBytesInTheirOrderWhateverTheAccess) {
    device_.set(la::FwCfgKey::kernel_data, bytes_of("abcdefghijklmno"));
    select(la::FwCfgKey::kernel_data);
    EXPECT_EQ(device_.read(data_register, 8), 0x6867666564636261u);
    EXPECT_EQ(device_.read(data_register, 4), 0x6c6b6a69u);
    EXPECT_EQ(device_.read(data_register, 2), 0x6e6du);
    EXPECT_EQ(device_.read(data_register, 2), 0x6fu);  // the end reads 0
    EXPECT_EQ(device_.read(data_register, 8), 0u);
}

TEST_F(FwCfgTest, TellsNumbersInTheirWidth) {
    device_.set_number(la::FwCfgKey::ram_size, std::uint64_t{0x123456789a});
    device_.set_number(la::FwCfgKey::cpu_count, std::uint16_t{3});
    select(la::FwCfgKey::ram_size);
    EXPECT_EQ(device_.read(data_register, 8), 0x123456789au);
    select(la::FwCfgKey::cpu_count);
    EXPECT_EQ(device_.read(data_register, 4), 3u);
    device_.set_number(la::FwCfgKey::cpu_count, std::uint16_t{4});
    select(la::FwCfgKey::cpu_count);
    EXPECT_EQ(device_.read(data_register, 2), 4u);
}

TEST_F(FwCfgTest, ListsFilesInItsDirectory) {
    ASSERT_TRUE(device_.add_file("etc/one", bytes_of("first")).has_value());
    ASSERT_TRUE(device_.add_file("etc/two", bytes_of("the second")).has_value());
    select(la::FwCfgKey::directory);
    EXPECT_EQ(device_.read(data_register, 4), swap_bytes(std::uint32_t{2}));
    EXPECT_EQ(device_.read(data_register, 4), swap_bytes(std::uint32_t{5}));
    EXPECT_EQ(device_.read(data_register, 4), swap_bytes(std::uint16_t{0x20}));
    EXPECT_EQ(read_text(56), std::string("etc/one") + std::string(49, '\0'));
    EXPECT_EQ(device_.read(data_register, 4), swap_bytes(std::uint32_t{10}));
    EXPECT_EQ(device_.read(data_register, 2), swap_bytes(std::uint16_t{0x21}));
    select(0x21);
    EXPECT_EQ(read_text(10), "the second");
}

TEST_F(FwCfgTest, RefusesFilesThatItCannotName) {
    EXPECT_EQ(device_.add_file("", {}).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(device_.add_file(std::string(56, 'x'), {}).error().code, ErrorCode::invalid_argument);
    for (std::size_t i = 0; i < la::FwCfg::max_files; ++i) {
        EXPECT_TRUE(device_.add_file("file", bytes_of("x")).has_value());
    }
    EXPECT_EQ(device_.add_file("file", {}).error().code, ErrorCode::too_many);
}

TEST_F(FwCfgTest, CopiesByDma) {
    device_.set(la::FwCfgKey::initrd_data, bytes_of("initial RAM disk"));
    const auto key = static_cast<std::uint32_t>(la::FwCfgKey::initrd_data) << 16;
    EXPECT_EQ(transfer(key | dma_select | dma_skip, 8, 0), 0u);
    EXPECT_EQ(transfer(dma_read, 3, base.value + 0x100), 0u);
    EXPECT_EQ(at(base.value + 0x100, 4), "RAMU");
    // What is beyond the end reads 0.
    EXPECT_EQ(transfer(dma_read, 8, base.value + 0x200), 0u);
    EXPECT_EQ(at(base.value + 0x200, 9), std::string(" disk\0\0\0U", 9));
}

TEST_F(FwCfgTest, TakesTheDmaAddressInHalves) {
    device_.set(la::FwCfgKey::initrd_data, bytes_of("data"));
    select(la::FwCfgKey::initrd_data);
    LKVM_MUST(memory_.write(base, Be32{dma_read}));
    LKVM_MUST(memory_.write(Gpa{base.value + 4}, Be32{4u}));
    LKVM_MUST(memory_.write(Gpa{base.value + 8}, Be64{base.value + 0x100}));
    device_.write(dma, 4, 0);
    device_.write(dma + 4, 4, swap_bytes(static_cast<std::uint32_t>(base.value)));
    EXPECT_EQ(at(base.value + 0x100, 4), "data");
}

TEST_F(FwCfgTest, NeverWritesOutsideRam) {
    device_.set(la::FwCfgKey::initrd_data, bytes_of("initial RAM disk"));
    const auto control =
        static_cast<std::uint32_t>(la::FwCfgKey::initrd_data) << 16 | dma_select | dma_read;
    for (const std::uint64_t bad : {std::uint64_t{0}, base.value - 1, base.value + size - 15,
                                    base.value + size, ~std::uint64_t{0}, ~std::uint64_t{0} - 15}) {
        EXPECT_EQ(transfer(control, 16, bad), dma_error) << bad;
    }
    EXPECT_EQ(transfer(control, ~0u, base.value), dma_error);
    EXPECT_EQ(transfer(control, 0, ~std::uint64_t{0}), 0u);  // nothing to write
    // A descriptor that is no RAM has nowhere to say so.
    for (const std::uint64_t bad : {std::uint64_t{0}, base.value + size - 15, ~std::uint64_t{0}}) {
        device_.write(dma, 8, swap_bytes(bad));
    }
    EXPECT_EQ(at(base.value + size - 16, 16), std::string(16, 'U'));
}

TEST_F(FwCfgTest, IsReadOnly) {
    device_.set(la::FwCfgKey::initrd_data, bytes_of("data"));
    const auto key = static_cast<std::uint32_t>(la::FwCfgKey::initrd_data) << 16;
    EXPECT_EQ(transfer(key | dma_select | dma_write, 4, base.value + 0x100), dma_error);
    device_.write(data_register, 1, 'x');
    select(la::FwCfgKey::initrd_data);
    EXPECT_EQ(read_text(4), "data");
}

TEST_F(FwCfgTest, ReadsNothingFromItemsThatAreNotThere) {
    select(0xffff);
    EXPECT_EQ(device_.read(data_register, 8), 0u);
    EXPECT_EQ(transfer(0xfffe0000u | dma_select | dma_read, 4, base.value + 0x100), 0u);
    EXPECT_EQ(at(base.value + 0x100, 5), std::string("\0\0\0\0U", 5));
}

TEST_F(FwCfgTest, ForgetsItemsAtAReset) {
    device_.set(la::FwCfgKey::initrd_data, bytes_of("data"));
    ASSERT_TRUE(device_.add_file("file", bytes_of("x")).has_value());
    device_.reset();
    select(la::FwCfgKey::initrd_data);
    EXPECT_EQ(device_.read(data_register, 4), 0u);
    select(la::FwCfgKey::directory);
    EXPECT_EQ(device_.read(data_register, 8), 0u);
}

}  // namespace
}  // namespace lkvm::test
