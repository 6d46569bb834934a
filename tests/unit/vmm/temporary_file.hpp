// SPDX-License-Identifier: GPL-2.0-or-later
// A file that goes away with its object.
#pragma once

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>

#include <stdlib.h>
#include <unistd.h>

namespace lkvm::test {

class TemporaryFile {
public:
    explicit TemporaryFile(std::span<const std::byte> contents) {
        const int fd = ::mkstemp(path_.data());
        EXPECT_GE(fd, 0);
        EXPECT_EQ(::write(fd, contents.data(), contents.size()),
                  static_cast<ssize_t>(contents.size()));
        ::close(fd);
    }
    explicit TemporaryFile(std::string_view text)
        : TemporaryFile(std::as_bytes(std::span{text})) {}
    ~TemporaryFile() { ::unlink(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_ = testing::TempDir() + "lkvm-test-XXXXXX";
};

}  // namespace lkvm::test
