// SPDX-License-Identifier: GPL-2.0-or-later
// Files that the command line names, opened once and read at every boot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/host/unique_fd.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// A piece of a file.
struct FilePart {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// A regular file, or a part of one as if it were all. Failures name the option and the file.
class InputFile {
public:
    /// `option` as the user wrote it, e.g. "--kernel".
    [[nodiscard]] static Outcome<InputFile> open(std::string option, std::string path);

    [[nodiscard]] static Outcome<InputFile> open_part(std::string option, std::string path,
                                                      const FilePart& part);

    /// Bytes in the file now.
    [[nodiscard]] Outcome<std::uint64_t> size() const;
    /// Exactly `to.size()` bytes from `offset` on.
    [[nodiscard]] Outcome<> read(std::span<std::byte> to, std::uint64_t offset = 0) const;
    /// The whole file, which must not be longer than `limit`.
    [[nodiscard]] Outcome<std::vector<std::byte>> read_all(std::uint64_t limit) const;

    /// A failure about this file: "OPTION 'PATH': `what`".
    [[nodiscard]] Failure failure(std::string_view what) const;

private:
    InputFile(std::string option, std::string path)
        : option_(std::move(option))
        , path_(std::move(path)) {}

    std::string option_;
    std::string path_;
    UniqueFd fd_;
    std::optional<FilePart> part_;
};

}  // namespace lkvm::vmm
