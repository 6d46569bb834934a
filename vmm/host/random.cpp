// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/random.hpp"

#include <lkvm/assert.hpp>

#include <sys/random.h>

namespace lkvm::vmm {

void fill_random(std::span<std::byte> bytes) {
    // Requests of up to 256 bytes are neither cut short nor interrupted.
    LKVM_ASSERT(bytes.size() <= 256);
    const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
    LKVM_ASSERT(count == static_cast<ssize_t>(bytes.size()));
}

}  // namespace lkvm::vmm
