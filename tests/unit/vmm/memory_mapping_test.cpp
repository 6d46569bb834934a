// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/memory_mapping.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "vmm/host/unique_fd.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

using testing::HasSubstr;
using vmm::MemoryMapping;

constexpr std::uint64_t mib = 1024 * 1024;

std::uint64_t address(const MemoryMapping& mapping) {
    return reinterpret_cast<std::uintptr_t>(mapping.bytes().data());
}

bool is_zero(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

TEST(MemoryMapping, LiesWhereHugePagesOfBothSidesCoincide) {
    for (const std::uint64_t base : {0x90000000ull, 0x90010000ull, 0x200000ull, 0x123450000ull}) {
        const auto mapping = MemoryMapping::create(3 * mib, base);
        ASSERT_TRUE(mapping.has_value());
        EXPECT_EQ(mapping.value().bytes().size(), 3 * mib);
        EXPECT_EQ(address(mapping.value()) % (32 * mib), base % (32 * mib));
        EXPECT_TRUE(is_zero(mapping.value().bytes()));
    }
}

TEST(MemoryMapping, IsZeroAgainWhenCleared) {
    auto mapping = MemoryMapping::create(mib, 0x90000000);
    ASSERT_TRUE(mapping.has_value());
    const auto bytes = mapping.value().bytes();
    std::ranges::fill(bytes, std::byte{0x55});
    mapping.value().clear();
    EXPECT_TRUE(is_zero(bytes));
}

TEST(MemoryMapping, RefusesMoreThanThereIs) {
    const auto mapping = MemoryMapping::create(std::uint64_t{1} << 60, 0x90000000);
    ASSERT_FALSE(mapping.has_value());
    EXPECT_THAT(mapping.failure().message, HasSubstr("the host cannot give"));
}

TEST(HugePages, RefuseWhatIsNoHugetlbfs) {
    const auto elsewhere = MemoryMapping::create_huge(mib, 0x90000000, "/proc");
    ASSERT_FALSE(elsewhere.has_value());
    EXPECT_EQ(elsewhere.failure().code, vmm::ExitCode::setup_error);
    EXPECT_THAT(elsewhere.failure().message,
                HasSubstr("--hugetlbfs '/proc': not a hugetlbfs file system"));
    const auto nowhere = MemoryMapping::create_huge(mib, 0x90000000, "/nonexistent");
    ASSERT_FALSE(nowhere.has_value());
    EXPECT_THAT(nowhere.failure().message, HasSubstr("--hugetlbfs '/nonexistent': "));
}

/// A hugetlbfs mounted for the test, with pages of 2 MiB.
class MountedHugePages : public ::testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "only root can mount";
        // The number of pages is the system's: one test at a time changes it and counts.
        alone = vmm::UniqueFd(::open(count_file, O_RDONLY | O_CLOEXEC));
        if (::flock(alone.value(), LOCK_EX) != 0) GTEST_SKIP() << "no huge pages here";
        if (::mkdtemp(directory.data()) == nullptr) GTEST_SKIP() << "no directory";
        made = true;
        if (::mount("none", directory.c_str(), "hugetlbfs", 0, "pagesize=2M") != 0) {
            GTEST_SKIP() << "cannot mount hugetlbfs: " << std::strerror(errno);
        }
        mounted = true;
        const long before = pages();
        std::ofstream(count_file) << before + 3;
        if (pages() < before + 3) {
            std::ofstream(count_file) << before;
            GTEST_SKIP() << "no huge pages to be had";
        }
        restore = before;
    }
    void TearDown() override {
        if (restore >= 0) std::ofstream(count_file) << restore;
        if (mounted) ::umount(directory.c_str());
        if (made) ::rmdir(directory.c_str());
    }
    static long pages() {
        long count = 0;
        std::ifstream(count_file) >> count;
        return count;
    }
    static long free_pages() {
        long count = 0;
        std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> count;
        return count;
    }

    static constexpr const char* count_file =
        "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
    std::string directory = testing::TempDir() + "lkvm-huge-XXXXXX";
    vmm::UniqueFd alone;
    bool made = false;
    bool mounted = false;
    long restore = -1;
};

TEST_F(MountedHugePages, AreTheMemory) {
    const long before = free_pages();
    {
        // Begins within the first page and ends within the second.
        auto mapping = MemoryMapping::create_huge(2 * mib, 0x90010000, directory);
        ASSERT_TRUE(mapping.has_value()) << mapping.failure().message;
        const auto bytes = mapping.value().bytes();
        ASSERT_EQ(bytes.size(), 2 * mib);
        EXPECT_EQ(address(mapping.value()) % (32 * mib), 0x90010000 % (32 * mib));
        EXPECT_TRUE(is_zero(bytes));
        std::ranges::fill(bytes, std::byte{0x55});
        EXPECT_EQ(free_pages(), before - 2);
        mapping.value().clear();
        EXPECT_TRUE(is_zero(bytes));
    }
    EXPECT_EQ(free_pages(), before);
}

TEST_F(MountedHugePages, AreRefusedAtOnceIfThereAreTooFew) {
    const auto mapping = MemoryMapping::create_huge(1024 * 1024 * mib, 0x90000000, directory);
    ASSERT_FALSE(mapping.has_value());
    EXPECT_THAT(mapping.failure().message,
                HasSubstr("524288 free huge pages of 2048 KB are needed"));
}

}  // namespace
}  // namespace lkvm::test
