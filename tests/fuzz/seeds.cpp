// SPDX-License-Identifier: GPL-2.0-or-later
// Writes the fuzz targets' first inputs, from the builders of the unit tests, below a folder.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "tests/unit/boot/image_builder.hpp"
#include "tests/unit/vmm/compressors.hpp"

namespace {

namespace fs = std::filesystem;
using namespace lkvm::test;

void write(const fs::path& path, std::span<const std::byte> bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

void write(const fs::path& path, std::string_view text) {
    write(path, std::as_bytes(std::span{text}));
}

void write_images(const fs::path& folder) {
    write(folder / "pe", make_pe());
    write(folder / "elf", make_elf());
    write(folder / "elf-symbols", make_elf({.symbol = "relocate_kernel"}));
    ElfOptions two;
    two.segments = {{}, {.paddr = 0x9000000000300000}};
    write(folder / "elf-two", make_elf(two));
}

void write_zboots(const fs::path& folder) {
    using lkvm::vmm::Compression;
    const Image plain = make_pe();
    const std::pair<std::string_view, Compression> methods[] = {{"gzip", Compression::gzip},
                                                                {"zstd22", Compression::zstd},
                                                                {"lz4", Compression::lz4},
                                                                {"xzkern", Compression::xz},
                                                                {"lzma", Compression::lzma}};
    for (const auto& [name, method] : methods) {
        write(folder / name, make_zboot(name, pack(method, plain)));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: fuzz_seeds FOLDER\n", stderr);
        return 2;
    }
    const fs::path root = argv[1];
    write_images(root / "kernel_image_fuzz");
    write_zboots(root / "zboot_fuzz");
    write(root / "command_line_fuzz" / "banks", "512@0x90000000\n1G@0x100000000\n128@0\n");
    write(root / "command_line_fuzz" / "units", "0x200\n1B\n2k\n3M\n4G\n5T\n6P@7P\n");
    return 0;
}
