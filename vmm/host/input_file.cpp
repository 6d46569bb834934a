// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/input_file.hpp"

#include <algorithm>
#include <cerrno>

#include "vmm/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace lkvm::vmm {

Outcome<InputFile> InputFile::open(std::string option, std::string path) {
    InputFile file(std::move(option), std::move(path));
    // Not blocking, so that a pipe without a writer is refused below instead of waited for.
    file.fd_ = UniqueFd(::open(file.path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.fd_.valid()) return file.failure(system_error_text(errno));
    struct stat status{};
    if (::fstat(file.fd_.value(), &status) != 0) return file.failure(system_error_text(errno));
    if (S_ISDIR(status.st_mode)) return file.failure("is a directory, expected a file");
    if (!S_ISREG(status.st_mode)) return file.failure("is not a regular file");
    if (status.st_size == 0) return file.failure("the file is empty");
    return file;
}

Outcome<InputFile> InputFile::open_part(std::string option, std::string path,
                                        const FilePart& part) {
    InputFile file = LKVM_CHECK(open(std::move(option), std::move(path)));
    const std::uint64_t size = LKVM_CHECK(file.size());
    if (part.offset > size || part.size > size - part.offset) {
        return file.failure("the file became shorter while it was read");
    }
    file.part_ = part;
    return file;
}

Outcome<std::uint64_t> InputFile::size() const {
    if (part_.has_value()) return part_->size;
    struct stat status{};
    if (::fstat(fd_.value(), &status) != 0) return failure(system_error_text(errno));
    return static_cast<std::uint64_t>(status.st_size);
}

Outcome<> InputFile::read(std::span<std::byte> to, std::uint64_t offset) const {
    if (part_.has_value()) offset += part_->offset;
    constexpr std::size_t step = std::size_t{1} << 30;  // the kernel reads less than 2 GiB at once
    std::size_t done = 0;
    while (done < to.size()) {
        const ssize_t count =
            ::pread(fd_.value(), to.data() + done, std::min(step, to.size() - done),
                    static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failure(system_error_text(errno));
        if (count == 0) return failure("the file became shorter while it was read");
        done += static_cast<std::size_t>(count);
    }
    return {};
}

Outcome<std::vector<std::byte>> InputFile::read_all(std::uint64_t limit) const {
    const std::uint64_t length = LKVM_CHECK(size());
    if (length > limit) {
        return failure(text("the file is too big (", length >> 20, " MB, at most ", limit >> 20,
                            " MB are possible)"));
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(length));
    LKVM_CHECK(read(bytes));
    return bytes;
}

Failure InputFile::failure(std::string_view what) const {
    return setup_failure(text(option_, " '", path_, "': ", what));
}

}  // namespace lkvm::vmm
