// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/net/frame_ring.hpp"

#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace lkvm::hv {
namespace {

struct alignas(16) Storage {
    std::byte bytes[FrameRing::min_size];
};

class FrameRingTest : public ::testing::Test {
protected:
    FrameRingTest() { ring.connect(storage->bytes); }

    bool push(std::size_t size, std::uint8_t fill, std::uint8_t flags = 0) {
        std::vector<std::byte> bytes(size, std::byte{fill});
        const HostBuffer pieces[] = {{bytes.data(), size / 3},
                                     {bytes.data() + size / 3, size - size / 3}};
        NetHeader header;
        header.flags = flags;
        return ring.push(header, pieces);
    }

    std::unique_ptr<Storage> storage = std::make_unique<Storage>();
    FrameRing ring;
};

TEST_F(FrameRingTest, GivesFramesInOrderUntilItIsEmpty) {
    EXPECT_TRUE(ring.empty());
    EXPECT_FALSE(ring.front().has_value());
    ASSERT_TRUE(push(60, 1));
    ASSERT_TRUE(push(1514, 2, 7));
    ASSERT_EQ(ring.front()->bytes.size(), 60U);
    EXPECT_EQ(ring.front()->bytes[59], std::byte{1});
    ring.pop();
    ASSERT_EQ(ring.front()->bytes.size(), 1514U);
    EXPECT_EQ(ring.front()->header.flags, 7);
    ring.pop();
    EXPECT_TRUE(ring.empty());
    ring.pop();
    EXPECT_TRUE(ring.empty());
}

TEST_F(FrameRingTest, TakesTheLargestFrameWhereverItStands) {
    for (std::size_t step = 14; step < 4000; step += 17) {
        ASSERT_TRUE(push(step, 3));
        ring.pop();
        ASSERT_TRUE(push(max_frame_size, 4)) << step;
        ASSERT_EQ(ring.front()->bytes.size(), max_frame_size);
        EXPECT_EQ(ring.front()->bytes[max_frame_size - 1], std::byte{4});
        ring.pop();
        ASSERT_TRUE(ring.empty());
    }
}

TEST_F(FrameRingTest, RefusesWhatDoesNotFitAndLosesNothing) {
    std::size_t pushed = 0;
    while (push(1000, static_cast<std::uint8_t>(pushed))) ++pushed;
    EXPECT_GT(pushed, 200U);
    EXPECT_LT(pushed * 1000, FrameRing::min_size);
    for (std::size_t i = 0; i < pushed; ++i) {
        ASSERT_TRUE(ring.front().has_value());
        EXPECT_EQ(ring.front()->bytes[999], std::byte{static_cast<std::uint8_t>(i)});
        ring.pop();
    }
    EXPECT_TRUE(ring.empty());
}

TEST_F(FrameRingTest, CompletesAChecksumOnce) {
    std::byte bytes[20]{};
    bytes[14] = std::byte{0x12};
    bytes[15] = std::byte{0x34};
    const HostBuffer piece{bytes, sizeof(bytes)};
    NetHeader header;
    header.flags = net_header::F_NEEDS_CSUM;
    header.csum_start = std::uint16_t{14};
    header.csum_offset = std::uint16_t{4};
    ASSERT_TRUE(ring.push(header, {&piece, 1}));
    ring.complete_front();
    EXPECT_EQ(ring.front()->header.flags, 0);
    // ~0x1234
    EXPECT_EQ(ring.front()->bytes[18], std::byte{0xed});
    EXPECT_EQ(ring.front()->bytes[19], std::byte{0xcb});
}

TEST_F(FrameRingTest, SurvivesAChecksumOutsideTheFrame) {
    std::byte bytes[20]{};
    const HostBuffer piece{bytes, sizeof(bytes)};
    for (const unsigned start : {19U, 20U, 21U, 0xffffU}) {
        NetHeader header;
        header.flags = net_header::F_NEEDS_CSUM;
        header.csum_start = static_cast<std::uint16_t>(start);
        header.csum_offset = std::uint16_t{0xffff};
        ASSERT_TRUE(ring.push(header, {&piece, 1}));
        ring.complete_front();
        ring.pop();
    }
}

TEST_F(FrameRingTest, HasManyWritersAndOneReader) {
    constexpr unsigned writers = 3;
    constexpr unsigned frames = 3000;
    std::vector<std::thread> threads;
    for (unsigned w = 0; w < writers; ++w) {
        threads.emplace_back([this, w] {
            for (unsigned i = 0; i < frames; ++i) {
                std::uint32_t words[100];
                for (auto& word : words) word = w << 24 | i;
                const HostBuffer piece{reinterpret_cast<std::byte*>(words), sizeof(words)};
                while (!ring.push({}, {&piece, 1})) std::this_thread::yield();
            }
        });
    }
    unsigned next[writers]{};
    for (unsigned got = 0; got < writers * frames;) {
        const auto frame = ring.front();
        if (!frame.has_value()) {
            std::this_thread::yield();
            continue;
        }
        std::uint32_t words[100];
        ASSERT_EQ(frame->bytes.size(), sizeof(words));
        std::memcpy(words, frame->bytes.data(), sizeof(words));
        for (const auto word : words) ASSERT_EQ(word, words[0]);
        ASSERT_EQ(words[0] & 0xffffff, next[words[0] >> 24]++);
        ring.pop();
        ++got;
    }
    for (auto& thread : threads) thread.join();
    EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace lkvm::hv
