// SPDX-License-Identifier: GPL-2.0-or-later
// The handles that a guest holds on shared files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include <lkvm/result.hpp>

#include "vmm/host/p9/shared_directory.hpp"
#include "vmm/host/unique_fd.hpp"

namespace lkvm::vmm {

/// A descriptor that counts.
class CountedFd {
public:
    CountedFd() = default;
    /// `count` outlives this.
    CountedFd(UniqueFd fd, std::size_t& count)
        : fd_(std::move(fd))
        , count_(&count) {
        ++*count_;
    }
    CountedFd(CountedFd&& other) noexcept
        : fd_(std::move(other.fd_))
        , count_(std::exchange(other.count_, nullptr)) {}
    CountedFd& operator=(CountedFd&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(count_, other.count_);
        return *this;
    }
    ~CountedFd() {
        if (count_ != nullptr) --*count_;
    }

    [[nodiscard]] int value() const { return fd_.value(); }
    [[nodiscard]] bool valid() const { return fd_.valid(); }

private:
    UniqueFd fd_;
    std::size_t* count_ = nullptr;
};

/// A file or directory as a walk found it. Shared by the fids that were cloned from one another.
/// The descriptor keeps the file, whatever happens to its name.
struct P9Node {
    CountedFd path;                        ///< O_PATH; none: the root, see SharedDirectory
    std::shared_ptr<const P9Node> parent;  ///< null: the root
    std::string name;                      ///< in the parent, when it was found
    unsigned depth = 0;
};
using P9NodePtr = std::shared_ptr<const P9Node>;

struct P9Fid {
    P9NodePtr node;
    std::uint32_t uid = 0;  ///< the guest's user, from the attach
    CountedFd file;         ///< once opened
    bool writable = false;  ///< `file` is open for writing
};

/// All fids of a session. Owner thread of the 9P device.
class P9Fids {
public:
    /// A guest may hold more than any program has files open, but not without bound.
    static constexpr std::size_t max_fids = 1u << 18;

    /// Errors: `EBADF`.
    [[nodiscard]] Result<P9Fid*> find(std::uint32_t number);
    /// Errors: `EBADF` (the number is taken or means "none"), `ENFILE`.
    [[nodiscard]] Result<> add(std::uint32_t number, P9Fid fid);
    void remove(std::uint32_t number) { fids_.erase(number); }
    void clear() { fids_.clear(); }
    [[nodiscard]] bool contains(std::uint32_t number) const { return fids_.contains(number); }
    [[nodiscard]] std::size_t size() const { return fids_.size(); }

private:
    std::unordered_map<std::uint32_t, P9Fid> fids_;
};

}  // namespace lkvm::vmm
