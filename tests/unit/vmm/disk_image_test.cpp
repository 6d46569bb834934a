// SPDX-License-Identifier: GPL-2.0-or-later
// What opening an image does to its file.
#include "vmm/host/disk_image.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <vector>

#include "tests/unit/vmm/temporary_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace lkvm::test {
namespace {

TEST(DiskImage, LeavesTheTimeOfChangeAlone) {
    const TemporaryFile file(std::vector<std::byte>(65536));
    constexpr timespec then{1'000'000'000, 5};
    const std::array<timespec, 2> times{then, then};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.path().c_str(), times.data(), 0), 0);
    vmm::DiskOptions options;
    options.path = file.path();
    const auto image = vmm::DiskImage::open(options);
    ASSERT_TRUE(image.has_value()) << image.failure().message;
    if (!image.value().properties().discard) GTEST_SKIP() << "no holes in this file system";
    struct stat about{};
    ASSERT_EQ(::stat(file.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mtim.tv_sec, then.tv_sec);
    EXPECT_EQ(about.st_mtim.tv_nsec, then.tv_nsec);
}

}  // namespace
}  // namespace lkvm::test
