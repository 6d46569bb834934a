// SPDX-License-Identifier: GPL-2.0-or-later
// The ELF side of kernel image parsing.
#pragma once

#include <lkvm/result.hpp>

#include "loongarch/boot/image_reader.hpp"
#include "loongarch/boot/kernel_image.hpp"

namespace lkvm::la {

/// True if the file starts with the ELF magic number.
[[nodiscard]] bool looks_like_elf(const ImageReader& file);
/// See parse_kernel_image().
[[nodiscard]] Result<KernelImage> parse_elf_image(const ImageReader& file);

}  // namespace lkvm::la
