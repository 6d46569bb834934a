// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/kernel_image.hpp"

#include "loongarch/boot/boot_fault.hpp"
#include "loongarch/boot/elf_image.hpp"
#include "loongarch/boot/image_reader.hpp"
#include "loongarch/boot/pe_image.hpp"

namespace lkvm::la {

Result<KernelImage> parse_kernel_image(std::span<const std::byte> file) {
    const ImageReader reader(file);
    if (looks_like_elf(reader)) return parse_elf_image(reader);
    if (looks_like_pe(reader)) return parse_pe_image(reader);
    return boot_error(ErrorCode::bad_format, BootFault::unknown_format);
}

}  // namespace lkvm::la
