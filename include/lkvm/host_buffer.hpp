// SPDX-License-Identifier: GPL-2.0-or-later
// A piece of memory of this program that a back end reads or fills.
#pragma once

#include <cstddef>

namespace lkvm {

struct HostBuffer {
    // No initializers, so that large arrays of these cost nothing until used.
    std::byte* data;
    std::size_t size;
};

}  // namespace lkvm
