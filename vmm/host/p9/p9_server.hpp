// SPDX-License-Identifier: GPL-2.0-or-later
// Serves a directory of the host over 9P.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "virtio/p9/server.hpp"
#include "vmm/host/p9/fids.hpp"
#include "vmm/host/p9/shared_directory.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Requests become system calls on the calling thread, the owner of the 9P device. Texts and
/// numbers in them are the guest's; what they can reach is SharedDirectory's to decide. Device
/// nodes, fifos and sockets are shown but never opened, extended attributes are not supported, and
/// locks are always granted: the guest's kernel keeps its own processes apart, host programs are
/// not involved.
class P9Server final : public virtio::p9::Server {
public:
    /// `max_files`: descriptors that the guest may make this program hold.
    P9Server(SharedDirectory shared, std::size_t max_files);

    [[nodiscard]] std::uint32_t handle(const virtio::p9::Request& request,
                                       std::span<const HostBuffer> data,
                                       virtio::p9::Reply& reply) override;
    void reset() override { fids_.clear(); }

    [[nodiscard]] std::size_t fid_count() const { return fids_.size(); }

private:
    /// What a call of handle() is about.
    struct Exchange {
        std::span<const HostBuffer> data;
        virtio::p9::Reply& reply;
    };
    /// Deeper directories cannot be reached (Linux' own paths end at half of this).
    static constexpr unsigned max_depth = 4096;

    // One per request.
    Result<> serve(const virtio::p9::Attach& request, Exchange& with);
    Result<> serve(const virtio::p9::Walk& request, Exchange& with);
    Result<> serve(const virtio::p9::Clunk& request, Exchange& with);
    Result<> serve(const virtio::p9::GetAttributes& request, Exchange& with);
    Result<> serve(const virtio::p9::SetAttributes& request, Exchange& with);
    Result<> serve(const virtio::p9::StatFs& request, Exchange& with);
    Result<> serve(const virtio::p9::ReadLink& request, Exchange& with);
    // p9_server_files.cpp
    Result<> serve(const virtio::p9::Open& request, Exchange& with);
    Result<> serve(const virtio::p9::Create& request, Exchange& with);
    Result<> serve(const virtio::p9::Read& request, Exchange& with);
    Result<> serve(const virtio::p9::Write& request, Exchange& with);
    Result<> serve(const virtio::p9::ReadDirectory& request, Exchange& with);
    Result<> serve(const virtio::p9::Fsync& request, Exchange& with);
    Result<> serve(const virtio::p9::Lock& request, Exchange& with);
    Result<> serve(const virtio::p9::GetLock& request, Exchange& with);
    // p9_server_entries.cpp
    Result<> serve(const virtio::p9::Symlink& request, Exchange& with);
    Result<> serve(const virtio::p9::MakeNode& request, Exchange& with);
    Result<> serve(const virtio::p9::MakeDirectory& request, Exchange& with);
    Result<> serve(const virtio::p9::Link& request, Exchange& with);
    Result<> serve(const virtio::p9::Rename& request, Exchange& with);
    Result<> serve(const virtio::p9::RenameAt& request, Exchange& with);
    Result<> serve(const virtio::p9::UnlinkAt& request, Exchange& with);
    Result<> serve(const virtio::p9::Remove& request, Exchange& with);
    /// All others: not supported.
    template<class T>
    Result<> serve(const T& request, Exchange& with);

    [[nodiscard]] int path_of(const P9Node& node) const {
        return node.path.valid() ? node.path.value() : shared_.root();
    }
    /// One step of a walk; "." and ".." too, and ".." of the root is the root.
    [[nodiscard]] Result<P9NodePtr> step(const P9NodePtr& from, const std::string& name);
    [[nodiscard]] Result<P9NodePtr> make_node(UniqueFd path, P9NodePtr parent, std::string name);
    /// A fid whose file is open.
    [[nodiscard]] Result<P9Fid*> opened(std::uint32_t number);
    /// Opens a directory or regular file with the guest's flags.
    [[nodiscard]] Result<CountedFd> open_node(const P9Node& node, std::uint32_t flags);
    [[nodiscard]] Result<> check_writable() const;
    /// Gives a new file the owner and mode that the guest wants and replies with its qid.
    [[nodiscard]] Result<struct stat> adopt(int file, const P9Fid& creator, std::uint32_t gid,
                                            mode_t mode);
    [[nodiscard]] Result<> reply_new(int directory, const std::string& name, const P9Fid& creator,
                                     std::uint32_t gid, mode_t mode, Exchange& with);
    /// Whether the node still has the name it was found by. Errors: `ESTALE`, `EBUSY` (the root).
    [[nodiscard]] Result<struct stat> check_name(const P9Node& node) const;
    [[nodiscard]] Result<> set_size(const P9Fid& fid, std::uint64_t size);
    /// Counts a descriptor that was made for the guest. Errors: `ENFILE`.
    [[nodiscard]] Result<CountedFd> counted(UniqueFd fd);

    SharedDirectory shared_;
    const std::size_t max_files_;
    std::size_t files_ = 0;  // descriptors of nodes and opened files; outlives them
    P9NodePtr root_;
    P9Fids fids_;
    std::vector<std::byte> entries_;  // Treaddir: the host's form, then the protocol's
};

}  // namespace lkvm::vmm
