// SPDX-License-Identifier: GPL-2.0-or-later
// What opening an image does to its file, and what the host refuses.
#include "vmm/host/disk_image.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "tests/unit/vmm/temporary_file.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/uring_block_backend.hpp"
#include "vmm/host/worker_pool.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
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

class Answers final : public BlockCompletion {
public:
    void complete(BlockRequest&, BlockStatus status) override { all.push_back(status); }
    void end_of_completions() override {}

    std::vector<BlockStatus> all;
};

TEST(DiskImage, TellsWhatTheHostRefusesToWrite) {
    const TemporaryFile file(std::vector<std::byte>(65536));
    vmm::DiskOptions options;
    options.path = file.path();
    auto image = vmm::DiskImage::open(options);
    ASSERT_TRUE(image.has_value()) << image.failure().message;
    std::vector<int> errors;
    image.value().report_to([&](int error) { errors.push_back(error); });
    std::array<std::byte, 512> sector{};
    const std::array<HostBuffer, 1> buffers{{{sector.data(), sector.size()}}};
    BlockRequest request{};
    request.operation = BlockOperation::write;
    request.length = sector.size();
    request.buffers = buffers;
    vmm::WorkerPool workers(1);
    vmm::EventLoop loop("disk");
    const auto uring = vmm::UringBlockBackend::create(image.value(), workers, loop, 8);
    Answers answers;
    // A limit of this process takes the place of a full disk.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    auto* const handler = ::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
    const BlockStatus status = vmm::perform(image.value(), request);
    if (uring != nullptr) {
        uring->submit(request, answers);
        uring->end_batch();
        while (answers.all.empty()) loop.serve_ready();
    }
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ::signal(SIGXFSZ, handler);
    EXPECT_EQ(status, BlockStatus::io_error);
    const std::size_t count = uring != nullptr ? 2 : 1;
    EXPECT_EQ(errors, std::vector<int>(count, EFBIG));
    EXPECT_EQ(answers.all, std::vector<BlockStatus>(count - 1, BlockStatus::io_error));
}

}  // namespace
}  // namespace lkvm::test
