// SPDX-License-Identifier: GPL-2.0-or-later
// lkvm-zones.efi as `lkvm pack --image` takes it apart.
#pragma once

#include <cstdint>
#include <vector>

#include "vmm/host/input_file.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// The image as it lies in memory, .bss included, with headers that cover `bundle_size` bytes more.
/// A bundle that is already behind it goes. Under firmware a section ".bundle" has the loader read
/// them, for which the section table needs room. Failures name the file.
[[nodiscard]] Outcome<std::vector<std::byte>> prepare_image(const InputFile& file,
                                                            std::uint64_t bundle_size);

}  // namespace lkvm::vmm
