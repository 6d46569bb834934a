// SPDX-License-Identifier: GPL-2.0-or-later
// Writes the fuzz targets' first inputs, from the builders of the unit tests, below a folder.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "tests/fuzz/net_fuzz.hpp"
#include "tests/fuzz/share_seeds.hpp"
#include "tests/fuzz/virtio_seeds.hpp"
#include "tests/unit/boot/bundle_builder.hpp"
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

/// An input of net_fuzz put together.
class NetInput {
public:
    explicit NetInput(std::uint64_t features) { number(features, 8); }

    NetInput& number(std::uint64_t value, unsigned size) {
        for (unsigned i = 0; i < size; ++i, value >>= 8)
            bytes.push_back(static_cast<std::byte>(value));
        return *this;
    }
    NetInput& step(lkvm::fuzz::NetStep what) { return number(static_cast<unsigned>(what), 1); }
    NetInput& store(std::uint64_t where, const std::vector<std::byte>& what) {
        step(lkvm::fuzz::NetStep::store).number((where - lkvm::fuzz::net_ram.value) / 16, 2);
        number(what.size(), 1);
        bytes.insert(bytes.end(), what.begin(), what.end());
        return *this;
    }
    /// One descriptor, split ring: available, and a kick.
    NetInput& offer(unsigned queue, std::uint64_t buffer, std::uint32_t size, unsigned flags) {
        const std::uint64_t ring = lkvm::fuzz::net_ring(queue).value;
        NetInput descriptor(buffer);
        store(ring, descriptor.number(size, 4).number(flags, 2).number(0, 2).bytes);
        store(ring + lkvm::fuzz::net_driver_offset, NetInput(0x10000).bytes);
        return step(lkvm::fuzz::NetStep::kick).number(queue, 1);
    }

    std::vector<std::byte> bytes;
};

void write_net(const fs::path& folder) {
    using lkvm::fuzz::NetStep;
    constexpr std::uint64_t buffer = lkvm::fuzz::net_ram.value + 0x10000;
    constexpr std::uint64_t version_1 = std::uint64_t{1} << 32;
    constexpr std::uint64_t mergeable = 1 << 15;
    constexpr std::uint64_t control = 0x4e0000;  // CTRL_VQ, CTRL_RX, CTRL_RX_EXTRA, MQ
    constexpr unsigned writable = 2;
    write(folder / "send", NetInput(version_1).offer(1, buffer, 100, 0).bytes);
    NetInput receive(version_1 | mergeable);
    receive.offer(0, buffer, 2000, writable).step(NetStep::arrive).number(0, 12).number(300, 2);
    write(folder / "receive", receive.number(7, 1).bytes);
    NetInput command(version_1 | control);
    command.store(buffer, std::vector<std::byte>(16)).offer(4, buffer, 16, 0);
    write(folder / "command", command.bytes);
    write(folder / "packed", NetInput(version_1 | std::uint64_t{4} << 32).bytes);
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
    write_net(root / "net_fuzz");
    write(root / "bundle_fuzz" / "two", BundleBuilder().file());
    for (const NamedSeed& seed : virtio_seeds()) {
        write(root / seed.path, std::as_bytes(std::span{seed.bytes}));
    }
    for (const NamedSeed& seed : share_seeds()) {
        write(root / seed.path, std::as_bytes(std::span{seed.bytes}));
    }
    write(root / "command_line_fuzz" / "banks", "512@0x90000000\n1G@0x100000000\n128@0\n");
    write(root / "command_line_fuzz" / "units", "0x200\n1B\n2k\n3M\n4G\n5T\n6P@7P\n");
    return 0;
}
