// SPDX-License-Identifier: GPL-2.0-or-later
// A raw image file or block device of the host as a guest's disk.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include <lkvm/block_backend.hpp>
#include <lkvm/log.hpp>

#include "vmm/host/unique_fd.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// How requests reach the host's kernel.
enum class DiskIo : unsigned char { automatic, uring, threads };

/// `-d` as checked by the command line.
struct DiskOptions {
    std::string path;
    bool read_only = false;
    bool direct = false;  ///< bypass the host's page cache
    std::string serial;   ///< at most 20 characters
    unsigned queues = 0;  ///< 1..max_disk_queues; 0: one per vCPU, automatic_disk_queues at most
    bool packed = false;
    DiskIo io = DiskIo::automatic;
};

inline constexpr unsigned max_disk_queues = 16;
inline constexpr unsigned automatic_disk_queues = 4;

/// An open and locked image. Immutable, so any thread may use it.
class DiskImage {
public:
    /// Takes a lock that keeps other programs with the same manners (lkvm, QEMU) out: an exclusive
    /// one, or a shared one for read_only. Waits up to 2 s for it. Failures name option and file.
    [[nodiscard]] static Outcome<DiskImage> open(const DiskOptions& options);

    [[nodiscard]] const BlockProperties& properties() const { return properties_; }
    [[nodiscard]] const std::string& path() const { return path_; }

    /// The descriptor for a transfer: the direct one if there is one and the request fits its
    /// rules, else the one through the page cache.
    [[nodiscard]] int fd_for(const BlockRequest& request) const;
    /// Through the page cache; for flush, discard and the like.
    [[nodiscard]] int fd() const { return fd_.value(); }
    /// -1 without O_DIRECT.
    [[nodiscard]] int direct_fd() const { return direct_fd_.value(); }

    /// Has `told` hear of each request that the host fails, with the error number, on the thread
    /// that did it. Before the image is used.
    void report_to(std::function<void(int error)> told) { told_ = std::move(told); }
    void failed(int error) const {
        if (told_) told_(error);
    }

private:
    explicit DiskImage(std::string path)
        : path_(std::move(path)) {}

    [[nodiscard]] Failure failure(std::string_view what) const;
    [[nodiscard]] Outcome<> open_files(const DiskOptions& options);
    [[nodiscard]] Outcome<> lock(const DiskOptions& options) const;
    [[nodiscard]] Outcome<> learn_size();
    void learn_layout();
    void probe_discard();

    std::string path_;
    UniqueFd fd_;
    UniqueFd direct_fd_;
    bool block_device_ = false;
    std::uint32_t direct_memory_alignment_ = 512;
    std::uint32_t direct_offset_alignment_ = 512;
    BlockProperties properties_;
    std::function<void(int error)> told_;
};

/// Does a request at once on the calling thread; handles short transfers.
[[nodiscard]] BlockStatus perform(const DiskImage& image, const BlockRequest& request);

}  // namespace lkvm::vmm
