// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/hosted_zone.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "tests/unit/boot/image_builder.hpp"
#include "tests/unit/vmm/temporary_file.hpp"
#include "vmm/cli/command_line.hpp"
#include "vmm/cli/pack_command.hpp"
#include "vmm/host/input_file.hpp"

#include <unistd.h>

namespace lkvm::test {
namespace {

using testing::HasSubstr;
using Words = std::vector<const char*>;

class HostedZone : public testing::Test {
protected:
    void pack(Words options) {
        Words words{"-o", bundle_.path().c_str(), "--zone", "z", "-k", kernel_.path().c_str()};
        words.insert(words.end(), options.begin(), options.end());
        const auto command = vmm::parse_pack(words);
        ASSERT_TRUE(command.has_value()) << command.failure().message;
        const auto done = vmm::pack(command.value(), log_);
        ASSERT_TRUE(done.has_value()) << done.failure().message;
    }
    /// What is wrong; empty: nothing.
    std::string apply(const char* zone = "z") {
        config_ = {};
        config_.bundle = bundle_.path();
        config_.zone = zone;
        const auto applied = vmm::apply_bundle(config_, files_, log_);
        return applied.has_value() ? "" : applied.failure().message;
    }

    vmm::StderrLog log_{LogLevel::error};
    const TemporaryFile kernel_{make_pe()};
    const TemporaryFile initrd_{std::string(5000, 'i')};
    const TemporaryFile disk_{std::string(4096, 'd')};
    const TemporaryFile bundle_{"none"};
    vmm::MachineConfig config_;
    vmm::HostedZoneFiles files_;
};

TEST_F(HostedZone, IsTheMachineThatWasPacked) {
    pack({"-i", initrd_.path().c_str(), "-m", "64@0x90000000", "-m", "1G@0x100000000", "-c", "2",
          "-p", "quiet", "--console", "virtio", "--rng", "--load", "0x90400000"});
    ASSERT_EQ(apply(), "");
    EXPECT_EQ(config_.command_line, "console=hvc0 earlycon quiet");
    EXPECT_EQ(config_.cpu_count, 2u);
    EXPECT_TRUE(config_.devices.console);
    EXPECT_TRUE(config_.devices.rng);
    EXPECT_EQ(config_.load_address, 0x90400000u);
    ASSERT_EQ(config_.memory.size(), 2u);
    EXPECT_EQ(config_.memory[1].base, 0x100000000u);
    EXPECT_EQ(config_.memory[1].size, std::uint64_t{1} << 30);
    const auto kernel = vmm::InputFile::open_part("-k", config_.kernel, *config_.kernel_part);
    ASSERT_TRUE(kernel.has_value());
    EXPECT_EQ(kernel.value().read_all(1 << 20).value(), make_pe());
    const auto initrd = vmm::InputFile::open_part("-i", config_.initrd, *config_.initrd_part);
    ASSERT_TRUE(initrd.has_value());
    EXPECT_EQ(initrd.value().size().value(), 5000u);
}

TEST_F(HostedZone, DisksAreCopiesThatNobodyElseSees) {
    const char* const disk = disk_.path().c_str();
    const std::string read_only = disk_.path() + ",ro,serial=second";
    pack({"-m", "64", "-d", disk, "-d", read_only.c_str()});
    ASSERT_EQ(apply(), "");
    const auto& disks = config_.devices.disks;
    ASSERT_EQ(disks.size(), 2u);
    EXPECT_FALSE(disks[0].read_only);
    EXPECT_TRUE(disks[1].read_only);
    EXPECT_EQ(disks[1].serial, "second");
    ASSERT_EQ(files_.size(), 2u);
    EXPECT_EQ(::pwrite(files_[0].value(), "X", 1, 0), 1);
    files_.clear();
    ASSERT_EQ(apply(), "");
    char first = 0;
    EXPECT_EQ(::pread(files_[0].value(), &first, 1, 0), 1);
    EXPECT_EQ(first, 'd');
}

TEST_F(HostedZone, WhatOnlyABoardHasIsLeftOutOrRefused) {
    pack({"-m", "64", "-n", "mode=zones,net=lan", "--shm", "box,64K@0xc0000000", "--pass",
          "0x10080000-16K", "--control"});
    testing::internal::CaptureStderr();
    log_.set_level(LogLevel::info);
    EXPECT_EQ(apply(), "");
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, HasSubstr("zone 'z': network 'lan' is left out: no other zone"));
    EXPECT_THAT(said, HasSubstr("shared memory 'box' is left out"));
    EXPECT_THAT(said, HasSubstr("the device at 0x10080000 is left out"));
    EXPECT_THAT(said, HasSubstr("control is left out"));
    EXPECT_TRUE(config_.devices.networks.empty());
    pack({"-m", "64", "-d", "board=1,first=0,count=8"});
    EXPECT_THAT(apply(), HasSubstr("disk 0 is a part of disk 1 of the board"));
    EXPECT_THAT(apply("other"), HasSubstr("which has z"));
}

TEST_F(HostedZone, OptionsSayOnlyWhatTheBundleDoesNot) {
    const auto refusal = [](Words words) {
        words.insert(words.begin(), {"lkvm", "run"});
        const auto command = vmm::parse_command_line(words);
        return command.has_value() ? "" : command.failure().message;
    };
    EXPECT_THAT(refusal({"--bundle", "x"}), HasSubstr("go together"));
    EXPECT_THAT(refusal({"--zone", "x"}), HasSubstr("go together"));
    for (const Words& more :
         {Words{"-k", "x"}, Words{"-i", "x"}, Words{"-m", "64"}, Words{"-c", "2"}, Words{"-p", "x"},
          Words{"--nodefaults"}, Words{"--console", "serial"}, Words{"--load", "0"}}) {
        Words words{"--bundle", "x", "--zone", "z"};
        words.insert(words.end(), more.begin(), more.end());
        EXPECT_THAT(refusal(words), HasSubstr("the bundle says this")) << more[0];
    }
    const auto good = vmm::parse_command_line(
        Words{"lkvm", "run", "--bundle", "x", "--zone", "z", "--accel", "soft"});
    ASSERT_TRUE(good.has_value());
    const auto& machine = std::get<vmm::RunCommand>(good.value()).machine;
    EXPECT_EQ(machine.name, "z");
    EXPECT_TRUE(machine.devices.networks.empty());
}

}  // namespace
}  // namespace lkvm::test
