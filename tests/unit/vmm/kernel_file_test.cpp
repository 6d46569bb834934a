// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/boot/kernel_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/boot/image_builder.hpp"
#include "tests/unit/vmm/compressors.hpp"
#include "tests/unit/vmm/temporary_file.hpp"
#include "vmm/boot/zboot.hpp"

namespace lkvm::test {
namespace {

using testing::HasSubstr;

vmm::Outcome<vmm::Kernel> read(std::span<const std::byte> contents) {
    const TemporaryFile file(contents);
    auto opened = vmm::InputFile::open("--kernel", file.path());
    if (!opened.has_value()) return opened.failure();
    return vmm::read_kernel(opened.value());
}

std::string failure(std::span<const std::byte> contents) {
    const auto kernel = read(contents);
    if (kernel.has_value()) return "";
    EXPECT_EQ(kernel.failure().code, vmm::ExitCode::setup_error);
    EXPECT_THAT(kernel.failure().message, testing::StartsWith("--kernel '"));
    EXPECT_EQ(kernel.failure().message.find('\n'), std::string::npos);
    return kernel.failure().message;
}

TEST(KernelFile, ReadsPlainImages) {
    const auto kernel = read(make_pe());
    ASSERT_TRUE(kernel.has_value());
    EXPECT_EQ(kernel.value().bytes, make_pe());
    EXPECT_EQ(kernel.value().image.memory_size, 0x8000u);
    EXPECT_TRUE(read(make_elf()).has_value());
}

TEST(KernelFile, UnpacksEveryKindOfZboot) {
    const Bytes plain = make_pe();
    const std::pair<std::string_view, vmm::Compression> methods[] = {
        {"gzip", vmm::Compression::gzip},   {"zstd", vmm::Compression::zstd},
        {"zstd22", vmm::Compression::zstd}, {"lz4", vmm::Compression::lz4},
        {"xzkern", vmm::Compression::xz},   {"xz", vmm::Compression::xz},
        {"lzma", vmm::Compression::lzma},
    };
    for (const auto& [name, method] : methods) {
        Bytes file = make_zboot(name, pack(method, plain));
        file.resize(file.size() + 64, std::byte{0x99});  // unpacked size, padding
        const auto kernel = read(file);
        ASSERT_TRUE(kernel.has_value()) << name;
        EXPECT_EQ(kernel.value().bytes, plain) << name;
    }
}

TEST(KernelFile, RefusesTruncatedZboot) {
    const Bytes whole = make_zboot("zstd", pack_zstd(make_pe()));
    for (std::size_t length = 0x3c; length < whole.size(); length += 17) {
        EXPECT_THAT(failure(std::span{whole}.first(length)), HasSubstr("truncated")) << length;
    }
}

TEST(KernelFile, RefusesDamagedAndUnknownPayloads) {
    EXPECT_THAT(failure(make_zboot("zstd", Bytes(1000, std::byte{1}))), HasSubstr("damaged"));
    EXPECT_THAT(failure(make_zboot("lzo", Bytes(1000))),
                HasSubstr("compressed with 'lzo', expected gzip, zstd, lz4, xz or lzma"));
    EXPECT_THAT(failure(make_zboot("zstd", {})), HasSubstr("header is damaged"));
}

TEST(KernelFile, SaysWhatOtherFilesAre) {
    EXPECT_THAT(failure(std::as_bytes(std::span{std::string_view("just a text\n")})),
                HasSubstr("not a kernel: expected"));
    EXPECT_THAT(failure(make_elf({.machine = 62})),
                HasSubstr("built for x86-64, expected 64-bit LoongArch"));
    PeOptions x86;
    x86.machine = 0x8664;
    EXPECT_THAT(failure(make_zboot("gzip", pack_gzip(make_pe(x86)))), HasSubstr("x86-64"));
    EXPECT_THAT(failure({}), HasSubstr("the file is empty"));
}

TEST(KernelFile, SurvivesAnyDamagedHeaderWord) {
    const Bytes good = make_zboot("gzip", pack_gzip(make_pe()));
    for (std::size_t offset = 0; offset < 0x40; ++offset) {
        for (const std::uint32_t value : {0u, 0xffffffffu, 0x80000000u}) {
            Bytes bad = good;
            std::memcpy(bad.data() + offset, &value, sizeof(value));
            const TemporaryFile file(bad);
            (void)vmm::read_kernel(vmm::InputFile::open("--kernel", file.path()).value());
        }
    }
}

TEST(InputFile, NamesOptionAndPathOfWhatCannotBeOpened) {
    const auto missing = vmm::InputFile::open("--initrd", "/no/such/file");
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.failure().message, "--initrd '/no/such/file': No such file or directory");
    const auto folder = vmm::InputFile::open("--kernel", "/tmp");
    ASSERT_FALSE(folder.has_value());
    EXPECT_THAT(folder.failure().message, HasSubstr("is a directory"));
    const auto device = vmm::InputFile::open("--kernel", "/dev/zero");
    ASSERT_FALSE(device.has_value());
    EXPECT_THAT(device.failure().message, HasSubstr("not a regular file"));
}

TEST(InputFile, RefusesFilesAboveTheLimit) {
    const TemporaryFile file(Bytes(100));
    const auto opened = vmm::InputFile::open("--kernel", file.path());
    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(opened.value().read_all(100).has_value());
    EXPECT_THAT(opened.value().read_all(99).failure().message, HasSubstr("too big"));
}

TEST(InputFile, NoticesThatAFileBecameShorter) {
    const TemporaryFile file(Bytes(100));
    const auto opened = vmm::InputFile::open("--initrd", file.path());
    ASSERT_EQ(::truncate(file.path().c_str(), 50), 0);
    Bytes buffer(100);
    EXPECT_THAT(opened.value().read(buffer).failure().message, HasSubstr("became shorter"));
}

}  // namespace
}  // namespace lkvm::test
