// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/boot/decompress.hpp"

#include <gtest/gtest.h>

#include "tests/unit/vmm/compressors.hpp"

#include <lz4frame.h>

namespace lkvm::test {
namespace {

using vmm::Compression;

class Decompress : public testing::TestWithParam<Compression> {};

TEST_P(Decompress, ReturnsWhatWasPacked) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{5000}, std::size_t{5} << 18}) {
        const Bytes plain = sample_bytes(size);
        const auto unpacked = vmm::decompress(GetParam(), pack(GetParam(), plain));
        ASSERT_TRUE(unpacked.has_value()) << size;
        EXPECT_EQ(unpacked.value(), plain);
    }
}

TEST_P(Decompress, RefusesEveryTruncation) {
    const Bytes plain = sample_bytes(20000);
    const Bytes packed = pack(GetParam(), plain);
    for (std::size_t length = 0; length < packed.size(); length += 397) {
        const auto unpacked = vmm::decompress(GetParam(), std::span{packed}.first(length));
        // An LZ4 stream has no end mark; without a block it is empty, which is not the kernel.
        if (unpacked.has_value()) {
            EXPECT_EQ(GetParam(), Compression::lz4) << length;
            EXPECT_TRUE(unpacked.value().empty());
        }
    }
}

TEST_P(Decompress, StopsAtTheLimit) {
    const Bytes packed = pack(GetParam(), Bytes(4 << 20));
    const auto unpacked = vmm::decompress(GetParam(), packed, (4 << 20) - 1);
    ASSERT_FALSE(unpacked.has_value());
    EXPECT_EQ(unpacked.error().code, ErrorCode::no_space);
    EXPECT_TRUE(vmm::decompress(GetParam(), packed, 4 << 20).has_value());
}

TEST_P(Decompress, SurvivesDamage) {
    const Bytes plain = sample_bytes(3000);
    const Bytes packed = pack(GetParam(), plain);
    for (std::size_t at = 0; at < packed.size(); at += 41) {
        Bytes bad = packed;
        bad[at] ^= std::byte{0x55};
        const auto unpacked = vmm::decompress(GetParam(), bad, 1 << 20);
        if (unpacked.has_value()) EXPECT_LE(unpacked.value().size(), std::size_t{1} << 20);
    }
}

TEST_P(Decompress, RefusesSomethingElse) {
    EXPECT_FALSE(vmm::decompress(GetParam(), sample_bytes(1000)).has_value());
}

INSTANTIATE_TEST_SUITE_P(All, Decompress,
                         testing::Values(Compression::gzip, Compression::zstd, Compression::lz4,
                                         Compression::xz, Compression::lzma));

TEST(DecompressLz4, ReadsSeveralLegacyBlocks) {
    const Bytes plain = sample_bytes((std::size_t{8} << 20) + 12345);
    const auto unpacked = vmm::decompress(Compression::lz4, pack_lz4(plain));
    ASSERT_TRUE(unpacked.has_value());
    EXPECT_EQ(unpacked.value(), plain);
}

TEST(DecompressLz4, ReadsModernFrames) {
    const Bytes plain = sample_bytes(100000);
    Bytes packed(LZ4F_compressFrameBound(plain.size(), nullptr));
    packed.resize(
        LZ4F_compressFrame(packed.data(), packed.size(), plain.data(), plain.size(), nullptr));
    const auto unpacked = vmm::decompress(Compression::lz4, packed);
    ASSERT_TRUE(unpacked.has_value());
    EXPECT_EQ(unpacked.value(), plain);
    packed.resize(packed.size() - 5);
    EXPECT_FALSE(vmm::decompress(Compression::lz4, packed).has_value());
}

}  // namespace
}  // namespace lkvm::test
