// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/firmware_loader.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/unit/vmm/temporary_file.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

std::string failure(const vmm::MachineConfig& config) {
    const auto loader = vmm::FirmwareLoader::open(config);
    return loader.has_value() ? "" : loader.failure().message;
}

TEST(FirmwareLoader, SaysWhatIsWrongWithAFile) {
    const TemporaryFile code("firmware");
    vmm::MachineConfig config;
    config.firmware = "/no/such/file";
    EXPECT_EQ(failure(config), "--firmware '/no/such/file': No such file or directory");
    config.firmware = code.path();
    EXPECT_EQ(failure(config), "");
    config.kernel = code.path();
    EXPECT_EQ(failure(config), "--kernel '" + code.path() +
                                   "': no EFI application, which is all that firmware starts: "
                                   "expected a vmlinuz or another PE image");
    // A mistake leaves no file of variables behind.
    config.variables = code.path() + ".vars";
    EXPECT_NE(failure(config), "");
    EXPECT_NE(::access(config.variables.c_str(), F_OK), 0);
    const TemporaryFile application("MZ");
    config.firmware = application.path();
    EXPECT_EQ(failure(config), "--firmware '" + application.path() +
                                   "': an EFI application, not firmware: expected it with "
                                   "--kernel");
    const TemporaryFile big(std::string((16u << 20) + 1, 'x'));
    config.firmware = big.path();
    EXPECT_NE(failure(config).find("the file is too big"), std::string::npos);
}

TEST(FirmwareLoader, StartsAtTheFirmwareWithItsTree) {
    const TemporaryFile code("firmware");
    vmm::MachineConfig config;
    config.firmware = code.path();
    auto loader = vmm::FirmwareLoader::open(config);
    ASSERT_TRUE(loader.has_value());
    EXPECT_EQ(loader.value().code().size(), 0x10000u);
    EXPECT_EQ(loader.value().code()[0], std::byte{'f'});
    RamBanks plan;
    LKVM_MUST(plan.add({Gpa{0}, std::uint64_t{128} << 20, nullptr}));
    vmm::GuestRam ram;
    ASSERT_TRUE(ram.map(plan).has_value());
    MmioBus bus;
    ASSERT_TRUE(loader.value().attach(bus, ram.memory()).has_value());
    vmm::StderrLog log(LogLevel::warn);
    const auto start = loader.value().load(ram, 0, log);
    ASSERT_TRUE(start.has_value());
    EXPECT_EQ(start.value().pc, 0x1c000000u);
    EXPECT_EQ(ram.memory().read<Be32>(Gpa{0x100000}).value().value(), 0xd00dfeedu);
    // Item 3 of the configuration device is the size of memory.
    bus.write(Gpa{0x1e020008}, 2, 0x0300);
    EXPECT_EQ(bus.read(Gpa{0x1e020000}, 8), std::uint64_t{128} << 20);
}

TEST(VariableStore, KeepsWhatIsWrittenInItsFile) {
    const std::string path = testing::TempDir() + "lkvm-vars-test";
    std::remove(path.c_str());
    constexpr std::uint64_t size = 0x40000;
    {
        auto store = vmm::VariableStore::open(path, size);
        ASSERT_TRUE(store.has_value()) << store.failure().message;
        EXPECT_EQ(store.value().bytes()[size - 1], std::byte{0xff});
        store.value().bytes()[7] = std::byte{1};
        const auto second = vmm::VariableStore::open(path, size);
        ASSERT_FALSE(second.has_value());
        EXPECT_EQ(second.failure().message,
                  "--firmware vars='" + path + "': another machine uses it");
    }
    EXPECT_EQ(vmm::VariableStore::open(path, size).value().bytes()[7], std::byte{1});
    const auto other = vmm::VariableStore::open(path, 2 * size);
    ASSERT_FALSE(other.has_value());
    EXPECT_NE(other.failure().message.find("has 262144 bytes, expected 524288"), std::string::npos);
    std::remove(path.c_str());
}

TEST(VariableStore, CanMakeItsFileAnewAfterTheDiskWasFull) {
    const TemporaryFile file(std::string_view(""));
    constexpr std::uint64_t size = 0x40000;
    // A limit of this process takes the place of the disk's.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{.rlim_cur = size / 2, .rlim_max = before.rlim_max};
    auto* const handler = ::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto full = vmm::VariableStore::open(file.path(), size);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ::signal(SIGXFSZ, handler);
    ASSERT_FALSE(full.has_value());
    EXPECT_EQ(full.failure().message, "--firmware vars='" + file.path() + "': File too large");
    const auto again = vmm::VariableStore::open(file.path(), size);
    EXPECT_TRUE(again.has_value()) << again.failure().message;
}

}  // namespace
}  // namespace lkvm::test
