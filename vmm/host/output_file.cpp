// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/output_file.hpp"

#include <cerrno>

#include "vmm/host/unique_fd.hpp"
#include "vmm/text.hpp"

#include <fcntl.h>

namespace lkvm::vmm {

Outcome<> write_output_file(const std::string& option, const std::string& path,
                            std::span<const std::byte> bytes) {
    const auto failure = [&] {
        return setup_failure(text(option, " '", path, "': ", system_error_text(errno)));
    };
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file.valid()) return failure();
    while (!bytes.empty()) {
        const ssize_t count = ::write(file.value(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failure();
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace lkvm::vmm
