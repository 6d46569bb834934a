// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/trap/exception_loop.hpp"

#include <gtest/gtest.h>

namespace lkvm::hv {
namespace {

constexpr std::uint64_t undefined_instruction = 0xdull << 16;
constexpr std::uint64_t paging = 0x10;
constexpr std::uint64_t interrupts_on = paging | 4;

TEST(ExceptionLoop, SeesAHandlerWhoseFirstInstructionFails) {
    EXPECT_TRUE(seems_to_loop_in_exceptions(
        {0x90001000, paging, 0x90001000, 0x90001000, undefined_instruction, 0}));
}

TEST(ExceptionLoop, SeesAHandlerThatFailsALittleLater) {
    EXPECT_TRUE(seems_to_loop_in_exceptions(
        {0x90001010, paging, 0x90001020, 0x90001000, undefined_instruction, 0}));
    EXPECT_FALSE(seems_to_loop_in_exceptions(
        {0x90001024, paging, 0x90001020, 0x90001000, undefined_instruction, 0}));
}

TEST(ExceptionLoop, KnowsSeparateVectors) {
    constexpr std::uint64_t spacing_128 = 7 << 16;
    const std::uint64_t vector = 0x90001000 + 0xd * 512;
    EXPECT_TRUE(seems_to_loop_in_exceptions(
        {vector, paging, vector, 0x90001000, undefined_instruction, spacing_128}));
    EXPECT_FALSE(seems_to_loop_in_exceptions(
        {0x90001000, paging, 0x90001000, 0x90001000, undefined_instruction, spacing_128}));
}

TEST(ExceptionLoop, LeavesOthersAlone) {
    // A program that polls with interrupts off and never had an exception.
    EXPECT_FALSE(seems_to_loop_in_exceptions({0x100, 8, 0, 0, 0, 0}));
    // A handler at work on an exception of the program.
    EXPECT_FALSE(seems_to_loop_in_exceptions(
        {0x90001000, paging, 0x90100000, 0x90001000, undefined_instruction, 0}));
    // A program that was interrupted after an exception in its own handler's page.
    EXPECT_FALSE(seems_to_loop_in_exceptions(
        {0x90001000, interrupts_on, 0x90001000, 0x90001000, undefined_instruction, 0}));
}

}  // namespace
}  // namespace lkvm::hv
