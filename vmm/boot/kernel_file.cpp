// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/boot/kernel_file.hpp"

#include <utility>

#include "loongarch/boot/boot_fault.hpp"
#include "vmm/boot/zboot.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

std::string_view machine_name(la::ImageMachine machine) {
    switch (machine) {
        case la::ImageMachine::x86:
            return "x86";
        case la::ImageMachine::x86_64:
            return "x86-64";
        case la::ImageMachine::arm:
            return "Arm";
        case la::ImageMachine::arm64:
            return "64-bit Arm";
        case la::ImageMachine::riscv:
            return "RISC-V";
        case la::ImageMachine::mips:
            return "MIPS";
        case la::ImageMachine::loongarch32:
            return "32-bit LoongArch";
        case la::ImageMachine::unknown:
            break;
    }
    return "another processor";
}

constexpr std::string_view truncated_text =
    "the file is truncated: it ends before what its headers promise";

Outcome<Bytes> unpack_zboot(const InputFile& file, const Bytes& bytes) {
    const Result<ZbootHeader> header = parse_zboot(bytes);
    if (!header.has_value()) {
        return file.failure(header.error().code == ErrorCode::truncated
                                ? truncated_text
                                : "the EFI zboot header is damaged");
    }
    const Result<Compression> method = zboot_compression(header.value());
    if (!method.has_value()) {
        return file.failure(text("compressed with '", header.value().method,
                                 "', expected gzip, zstd, lz4, xz or lzma"));
    }
    Result<Bytes> unpacked = decompress(method.value(), header.value().payload);
    if (unpacked.has_value()) return std::move(unpacked).value();
    if (unpacked.error().code == ErrorCode::no_space) {
        return file.failure(
            text("the kernel is larger than ", max_unpacked_size >> 20, " MB when unpacked"));
    }
    return file.failure(text("the compressed kernel (", header.value().method, ") is damaged"));
}

}  // namespace

std::string boot_fault_text(Error error) {
    using la::BootFault;
    switch (la::boot_fault(error)) {
        case BootFault::wrong_machine:
            return text("built for ", machine_name(la::image_machine(error)),
                        ", expected 64-bit LoongArch");
        case BootFault::not_64_bit:
            return "a 32-bit or big-endian ELF file, expected 64-bit LoongArch";
        case BootFault::truncated:
            return std::string(truncated_text);
        case BootFault::bad_header:
            return "damaged: the headers contradict themselves";
        case BootFault::no_segments:
            return "an ELF file without anything to load, expected a kernel";
        case BootFault::too_many_segments:
            return text("an ELF file with more than ", la::max_kernel_segments,
                        " loadable segments");
        case BootFault::kernel_too_big:
            return "kernel image too big to contain in the first memory bank of the guest";
        case BootFault::no_room_for_tables:
            return "boot tables too big to contain in the first memory bank of the guest";
        case BootFault::initrd_too_big:
            return "initrd too big to contain in the first memory bank of the guest";
        case BootFault::device_tree_too_big:
            return "device tree too big to contain in the first memory bank of the guest";
        default:
            return "not a kernel: expected an EFI zboot vmlinuz, an EFI Image or an ELF vmlinux "
                   "for 64-bit LoongArch";
    }
}

Outcome<Kernel> read_kernel(const InputFile& file) {
    Kernel kernel;
    kernel.bytes = LKVM_CHECK(file.read_all(max_unpacked_size));
    if (is_zboot(kernel.bytes)) kernel.bytes = LKVM_CHECK(unpack_zboot(file, kernel.bytes));
    const Result<la::KernelImage> image = la::parse_kernel_image(kernel.bytes);
    if (!image.has_value()) return file.failure(boot_fault_text(image.error()));
    kernel.image = image.value();
    return kernel;
}

}  // namespace lkvm::vmm
