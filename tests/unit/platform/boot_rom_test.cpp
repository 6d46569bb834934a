// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/boot_rom.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

/// The same program for an independent assembler.
constexpr const char* source = R"(
entry:
    lu12i.w  $t1, 1
    iocsrrd.w $t0, $t1
    ori      $t2, $t1, 0xc
    iocsrwr.w $t0, $t2
    pcaddi   $t0, 14
    csrwr    $t0, 0x6
    ertn
    nop
    pcaddi   $t0, -8
    csrwr    $t0, 0xc
    lu12i.w  $t0, 1
    csrwr    $t0, 0x4
    lu12i.w  $t1, 1
    addi.w   $t0, $zero, -1
    ori      $t2, $t1, 0x4
    iocsrwr.w $t0, $t2
    ori      $t0, $zero, 4
    csrxchg  $t0, $t0, 0x0
loop:
    lu12i.w  $t1, 1
    ori      $t2, $t1, 0x20
    iocsrrd.w $t0, $t2
    bnez     $t0, 12
    idle     0
    b        -20
    iocsrrd.d $t0, $t2
    ori      $t3, $zero, 4
    csrxchg  $zero, $t3, 0x0
    csrwr    $zero, 0x4
    jr       $t0
)";

TEST(BootRom, FitsItsWindow) {
    EXPECT_LE(la::boot_rom().size(), la::memory_map::boot_rom_size);
    EXPECT_EQ(la::boot_rom_entry.value, 0x1c000020u);
}

TEST(BootRom, AgreesWithAnAssembler) {
    if (std::system("llvm-mc-19 --version >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "llvm-mc-19 is not installed";
    }
    const std::string stem = testing::TempDir() + "lkvm-rom-" + std::to_string(getpid());
    std::ofstream(stem + ".s") << source;
    const std::string command = "llvm-mc-19 -triple=loongarch64-linux-gnusf -filetype=obj -o " +
                                stem + ".o " + stem + ".s && llvm-objcopy-19 -O binary -j .text " +
                                stem + ".o " + stem + ".bin";
    const int status = std::system(command.c_str());
    std::vector<char> expected;
    {
        std::ifstream file(stem + ".bin", std::ios::binary);
        expected.assign(std::istreambuf_iterator<char>(file), {});
    }
    for (const char* suffix : {".s", ".o", ".bin"}) std::remove((stem + suffix).c_str());
    ASSERT_EQ(status, 0);
    const auto code = la::boot_rom();
    ASSERT_EQ(expected.size(), code.size());
    EXPECT_EQ(std::memcmp(expected.data(), code.data(), code.size()), 0);
}

}  // namespace
}  // namespace lkvm::test
