// SPDX-License-Identifier: GPL-2.0-or-later
// What exactly is wrong with a kernel, initrd or layout: the detail of errors of loongarch/boot.
#pragma once

#include <cstdint>

#include <lkvm/result.hpp>

namespace lkvm::la {

/// Stored in the low 16 bits of Error::detail by every function of this folder.
enum class BootFault : std::uint16_t {
    none,
    unknown_format,      ///< neither a LoongArch Image nor an ELF file
    wrong_machine,       ///< for another processor; machine() of the error names it
    not_64_bit,          ///< 32-bit or big-endian ELF
    truncated,           ///< ends before something its own headers promise
    bad_header,          ///< headers that contradict themselves
    no_segments,         ///< ELF without anything to load
    too_many_segments,   ///< ELF with more loadable segments than max_kernel_segments
    kernel_too_big,      ///< does not fit into its bank
    kernel_outside_ram,  ///< load address is not inside a bank
    load_misaligned,     ///< load address is not a multiple of kernel_load_alignment
    not_relocatable,     ///< must run at its link address, where no bank is
    no_room_for_tables,  ///< boot tables and device tree do not fit beside the kernel
    initrd_too_big,      ///< does not fit beside the kernel
    command_line_too_long,
    device_tree_too_big,
    no_ram,
};

/// Processor a refused image was built for, as far as we can tell.
enum class ImageMachine : std::uint16_t {
    unknown,
    x86,
    x86_64,
    arm,
    arm64,
    riscv,
    mips,
    loongarch32
};

[[nodiscard]] constexpr Error boot_error(ErrorCode code, BootFault fault,
                                         ImageMachine machine = ImageMachine::unknown) {
    return fail(code,
                static_cast<std::uint32_t>(fault) | (static_cast<std::uint32_t>(machine) << 16));
}

[[nodiscard]] constexpr BootFault boot_fault(Error error) {
    return static_cast<BootFault>(error.detail & 0xffff);
}

[[nodiscard]] constexpr ImageMachine image_machine(Error error) {
    return static_cast<ImageMachine>(error.detail >> 16);
}

}  // namespace lkvm::la
