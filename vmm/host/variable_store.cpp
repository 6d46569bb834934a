// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/variable_store.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "vmm/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace {

/// Erased flash is all ones.
Outcome<> erase(int fd, std::uint64_t size, const auto& failed) {
    const std::vector<std::byte> ones(std::size_t{1} << 20, std::byte{0xff});
    for (std::uint64_t done = 0; done < size;) {
        const std::size_t step = std::min<std::uint64_t>(ones.size(), size - done);
        const ssize_t count = ::pwrite(fd, ones.data(), step, static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return failed(system_error_text(errno));
        done += static_cast<std::uint64_t>(count);
    }
    return {};
}

}  // namespace

Outcome<VariableStore> VariableStore::open(const std::string& path, std::uint64_t size) {
    VariableStore store;
    const auto failed = [&path](std::string_view why) {
        return setup_failure(text("--firmware vars='", path, "': ", why));
    };
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (!path.empty()) {
        store.fd_ = UniqueFd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666)};
        if (!store.fd_.valid()) return failed(system_error_text(errno));
        struct stat status{};
        if (::fstat(store.fd_.value(), &status) != 0) return failed(system_error_text(errno));
        if (!S_ISREG(status.st_mode)) return failed("is not a regular file");
        if (::flock(store.fd_.value(), LOCK_EX | LOCK_NB) != 0) {
            return failed("another machine uses it");
        }
        if (status.st_size == 0) {
            const Outcome<> erased = erase(store.fd_.value(), size, failed);
            if (!erased.has_value()) {
                // Empty it is as good as new; if not even that can be done, the size will tell.
                static_cast<void>(::ftruncate(store.fd_.value(), 0));
                return erased.failure();
            }
        } else if (!std::cmp_equal(status.st_size, size)) {
            return failed(
                text("the file has ", status.st_size, " bytes, expected ", size, " or a new file"));
        }
        flags = MAP_SHARED;
    }
    void* const area = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags,
                              store.fd_.valid() ? store.fd_.value() : -1, 0);
    if (area == MAP_FAILED) return failed(system_error_text(errno));
    store.bytes_ = {static_cast<std::byte*>(area), static_cast<std::size_t>(size)};
    return store;
}

VariableStore::VariableStore(VariableStore&& other) noexcept
    : fd_(std::move(other.fd_))
    , bytes_(std::exchange(other.bytes_, {})) {}

VariableStore& VariableStore::operator=(VariableStore&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

VariableStore::~VariableStore() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace lkvm::vmm
