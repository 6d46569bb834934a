// SPDX-License-Identifier: GPL-2.0-or-later
// EFI zboot: a compressed kernel image inside a small EFI program (Linux
// drivers/firmware/efi/libstub/zboot-header.S).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <lkvm/result.hpp>

#include "vmm/boot/decompress.hpp"

namespace lkvm::vmm {

/// What the header says; `payload` is a part of the file.
struct ZbootHeader {
    std::string method;  ///< as spelled in the file
    std::span<const std::byte> payload;
};

/// True if the file is an EFI zboot image of any processor.
[[nodiscard]] bool is_zboot(std::span<const std::byte> file);

/// Errors: `truncated` (payload not wholly in the file), `bad_format`.
[[nodiscard]] Result<ZbootHeader> parse_zboot(std::span<const std::byte> file);

/// The compression a header's method names. Error: `not_supported`.
[[nodiscard]] Result<Compression> zboot_compression(const ZbootHeader& header);

}  // namespace lkvm::vmm
