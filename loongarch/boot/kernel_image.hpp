// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel image formats: the EFI "Image" (Linux Documentation/arch/loongarch/booting.rst) and ELF64
// (System V ABI, LoongArch ELF psABI). Compressed images are unwrapped before they come here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/result.hpp>

namespace lkvm::la {

inline constexpr std::size_t max_kernel_segments = 16;
/// Direct-mapped windows put the physical address into the low 48 bits of a virtual one.
inline constexpr std::uint64_t kernel_physical_mask = (std::uint64_t{1} << 48) - 1;

enum class ImageFormat : std::uint8_t { pe, elf };

/// Whether an image may run elsewhere than where it was linked.
enum class Relocation : std::uint8_t { possible, impossible, unknown };

/// A piece of the file that goes to `offset` bytes above the load address, followed by zeros up to
/// the next piece.
struct KernelSegment {
    std::uint64_t file_offset = 0;
    std::uint64_t file_size = 0;
    std::uint64_t offset = 0;
};

/// What the headers of an image promise, checked against the size of the file: every segment lies
/// in the file and inside [0, memory_size), and so does the entry point.
struct KernelImage {
    ImageFormat format = ImageFormat::pe;
    Relocation relocation = Relocation::unknown;
    std::uint64_t link_address = 0;  ///< physical
    std::uint64_t memory_size = 0;   ///< bytes from the load address to the end of the BSS
    std::uint64_t entry_offset = 0;  ///< bytes above the load address
    std::array<KernelSegment, max_kernel_segments> segments{};
    std::size_t segment_count = 0;
};

/// Reads the headers of an image. Errors carry a BootFault: `unknown_format`, `wrong_machine`,
/// `not_64_bit`, `truncated`, `bad_header`, `no_segments`, `too_many_segments`.
[[nodiscard]] Result<KernelImage> parse_kernel_image(std::span<const std::byte> file);

}  // namespace lkvm::la
