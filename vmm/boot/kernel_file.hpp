// SPDX-License-Identifier: GPL-2.0-or-later
// From the file named by --kernel to an image that loongarch/boot can place.
#pragma once

#include <string>

#include "loongarch/boot/kernel_image.hpp"
#include "vmm/boot/decompress.hpp"
#include "vmm/host/input_file.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// An unpacked kernel and what its headers say.
struct Kernel {
    Bytes bytes;
    la::KernelImage image;
};

/// Reads the file, unpacks EFI zboot and checks the image. Failures name option and file.
[[nodiscard]] Outcome<Kernel> read_kernel(const InputFile& file);

/// What an error of parse_kernel_image(), plan_boot() or load_kernel() means for the user.
[[nodiscard]] std::string boot_fault_text(Error error);

}  // namespace lkvm::vmm
