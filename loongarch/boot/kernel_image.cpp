// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/kernel_image.hpp"

#include "loongarch/boot/boot_fault.hpp"
#include "loongarch/boot/elf_image.hpp"
#include "loongarch/boot/image_reader.hpp"
#include "loongarch/boot/pe_image.hpp"

namespace lkvm::la {

namespace {

/// Header of x86 kernels without an EFI stub ("HdrS").
constexpr std::uint64_t x86_setup_offset = 0x202;
constexpr std::uint32_t x86_setup_magic = 0x53726448;

}  // namespace

Result<KernelImage> parse_kernel_image(std::span<const std::byte> file) {
    const ImageReader reader(file);
    if (looks_like_elf(reader)) return parse_elf_image(reader);
    if (looks_like_pe(reader)) return parse_pe_image(reader);
    if (reader.peek<std::uint32_t>(x86_setup_offset) == x86_setup_magic) {
        return boot_error(ErrorCode::not_supported, BootFault::wrong_machine, ImageMachine::x86);
    }
    return boot_error(ErrorCode::bad_format, BootFault::unknown_format);
}

}  // namespace lkvm::la
