// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/firmware/nor_flash.hpp"

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

constexpr std::uint64_t block = la::NorFlash::block_size;
constexpr std::uint64_t ready = 0x00800080;
constexpr std::uint64_t wrong_sequence = 0x00b000b0;

class NorFlashTest : public testing::Test {
protected:
    /// The same command to both chips.
    void command(std::uint64_t where, std::uint64_t code) {
        device_.write(where, 4, code << 16 | code);
    }
    std::uint64_t status() {
        command(0, 0x70);
        return device_.read(0, 4);
    }
    std::uint64_t array(std::uint64_t where) {
        command(0, 0xff);
        return device_.read(where, 4);
    }
    void erase(std::uint64_t where) {
        command(where, 0x20);
        command(where, 0xd0);
    }

    std::vector<std::byte> contents_ = std::vector<std::byte>(4 * block, std::byte{0xff});
    la::NorFlash device_{contents_};
};

TEST_F(NorFlashTest, ReadsItsContentsWithAnyAccess) {
    for (std::size_t i = 0; i < 8; ++i) contents_[block + i] = std::byte(i + 1);
    EXPECT_EQ(device_.read(block, 8), 0x0807060504030201u);
    EXPECT_EQ(device_.read(block + 2, 2), 0x0403u);
    EXPECT_EQ(device_.read(block + 7, 1), 8u);
}

TEST_F(NorFlashTest, ProgramsAWord) {
    command(block + 8, 0x40);
    device_.write(block + 8, 4, 0x12345678);
    EXPECT_EQ(device_.read(block + 8, 4), ready);  // still the status
    EXPECT_EQ(array(block + 8), 0x12345678u);
    EXPECT_EQ(array(block + 12), 0xffffffffu);
}

TEST_F(NorFlashTest, OnlyErasingSetsBits) {
    command(0, 0x40);
    device_.write(0, 4, 0x0000ffff);
    command(0, 0x40);
    device_.write(0, 4, 0xffff00ff);
    EXPECT_EQ(array(0), 0x000000ffu);
    command(block, 0x40);
    device_.write(block, 4, 0);
    erase(4);
    EXPECT_EQ(status(), ready);
    EXPECT_EQ(array(0), 0xffffffffu);
    EXPECT_EQ(array(block), 0u);  // another block
}

TEST_F(NorFlashTest, ProgramsABuffer) {
    command(block, 0xe8);
    EXPECT_EQ(device_.read(block, 4), ready);
    command(block, 31);
    for (std::uint64_t i = 0; i < 32; ++i) device_.write(block + 4 * i, 4, i);
    command(block, 0xd0);
    EXPECT_EQ(status(), ready);
    for (std::uint64_t i = 0; i < 32; ++i) EXPECT_EQ(array(block + 4 * i), i);
}

TEST_F(NorFlashTest, BlocksAreNotLocked) {
    command(block, 0x90);
    EXPECT_EQ(device_.read(block, 4), 0x00890089u);
    EXPECT_EQ(device_.read(block + 8, 4), 0u);
    command(block, 0x60);
    command(block, 0xd0);
    EXPECT_EQ(status(), ready);
}

TEST_F(NorFlashTest, DescribesItself) {
    command(0x55 * 4, 0x98);
    EXPECT_EQ(device_.read(0x10 * 4, 4), 0x00510051u);
    EXPECT_EQ(device_.read(0x11 * 4, 4), 0x00520052u);
    EXPECT_EQ(device_.read(0x12 * 4, 4), 0x00590059u);
    EXPECT_EQ(device_.read(0x27 * 4, 4), 0x00130013u);  // 512 KiB in each chip
    EXPECT_EQ(device_.read(0x2d * 4, 4), 0x00030003u);  // four blocks
    EXPECT_EQ(device_.read(0x30 * 4, 4), 0x00020002u);  // of 128 KiB
    EXPECT_EQ(device_.read(0xffff * 4, 4), 0u);
}

TEST_F(NorFlashTest, NotesWrongSequences) {
    command(0, 0x20);
    command(0, 0x42);
    EXPECT_EQ(status(), wrong_sequence);
    EXPECT_EQ(array(0), 0xffffffffu);
    command(0, 0x50);
    EXPECT_EQ(status(), ready);
    command(0, 0xe8);
    command(0, 32);  // more than the buffer takes
    EXPECT_EQ(status(), wrong_sequence);
    command(0, 0x50);
    command(0, 0xe8);
    command(0, 1);
    device_.write(block, 4, 0);  // another block
    EXPECT_EQ(status(), wrong_sequence);
    EXPECT_EQ(array(block), 0xffffffffu);
    command(0, 0x50);
    contents_[block] = std::byte{0};
    command(0, 0x20);
    command(block, 0xd0);  // another block
    EXPECT_EQ(status(), wrong_sequence);
    EXPECT_EQ(array(block), 0xffffff00u);
}

TEST_F(NorFlashTest, ReadsTheArrayAfterACommandThatIsNone) {
    command(0, 0x90);
    command(0, 0x42);
    EXPECT_EQ(device_.read(0, 4), 0xffffffffu);
    EXPECT_EQ(status(), ready);
}

TEST_F(NorFlashTest, IsReadyAfterAReset) {
    command(0, 0x20);
    device_.reset();
    command(0, 0xd0);
    EXPECT_EQ(array(0), 0xffffffffu);
}

TEST_F(NorFlashTest, SurvivesRandomAccesses) {
    const std::vector<std::uint64_t> codes{0xff, 0x70, 0x90, 0x98, 0x50, 0x40, 0x10,
                                           0xe8, 0x20, 0x60, 0xd0, 0x01, 0x1f, 0x00};
    std::mt19937_64 random(3);
    for (int i = 0; i < 200000; ++i) {
        const unsigned size = 1u << (random() & 3);
        // Also behind the end, as if the window were larger.
        const std::uint64_t where = random() % (5 * block) & ~std::uint64_t{size - 1};
        if ((random() & 1) == 0) {
            static_cast<void>(device_.read(where, size));
        } else {
            device_.write(where, size, codes[random() % codes.size()]);
        }
    }
    device_.reset();
    contents_.assign(contents_.size(), std::byte{0xff});
    EXPECT_EQ(array(0), 0xffffffffu);
}

}  // namespace
}  // namespace lkvm::test
