// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/file_limit.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace lkvm::vmm {

std::size_t raise_file_limit() {
    constexpr std::size_t fallback = 1024;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return fallback;
    rlimit wanted = limit;
    wanted.rlim_cur = wanted.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
    // "Unlimited" is not a number to count with.
    constexpr rlim_t most = 1u << 20;
    return static_cast<std::size_t>(std::min(limit.rlim_cur, most));
}

}  // namespace lkvm::vmm
