// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/p9/fids.hpp"

#include <cerrno>
#include <utility>

namespace lkvm::vmm {

Result<P9Fid*> P9Fids::find(std::uint32_t number) {
    const auto found = fids_.find(number);
    if (found == fids_.end()) return system_error(EBADF);
    return &found->second;
}

Result<> P9Fids::add(std::uint32_t number, P9Fid fid) {
    if (number == virtio::p9::no_fid) return system_error(EBADF);
    if (fids_.size() >= max_fids) return system_error(ENFILE);
    if (!fids_.emplace(number, std::move(fid)).second) return system_error(EBADF);
    return {};
}

}  // namespace lkvm::vmm
