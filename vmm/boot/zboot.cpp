// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/boot/zboot.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "loongarch/boot/image_reader.hpp"

namespace lkvm::vmm {

namespace {

constexpr std::uint16_t mz_magic = 0x5a4d;
constexpr std::uint32_t zimg_magic = 0x676d697a;
constexpr std::uint64_t header_magic = 4;
constexpr std::uint64_t header_payload_offset = 8;
constexpr std::uint64_t header_payload_size = 12;
constexpr std::uint64_t header_method = 24;
constexpr std::size_t max_method_size = 32;

constexpr std::array<std::pair<std::string_view, Compression>, 7> methods{{
    {"gzip", Compression::gzip},
    {"zstd", Compression::zstd},
    {"zstd22", Compression::zstd},
    {"lz4", Compression::lz4},
    {"xz", Compression::xz},
    {"xzkern", Compression::xz},
    {"lzma", Compression::lzma},
}};

}  // namespace

bool is_zboot(std::span<const std::byte> file) {
    const la::ImageReader reader(file);
    return reader.peek<std::uint16_t>(0) == mz_magic &&
           reader.peek<std::uint32_t>(header_magic) == zimg_magic;
}

Result<ZbootHeader> parse_zboot(std::span<const std::byte> file) {
    const la::ImageReader reader(file);
    const std::uint32_t offset = LKVM_TRY(reader.read<std::uint32_t>(header_payload_offset));
    const std::uint32_t size = LKVM_TRY(reader.read<std::uint32_t>(header_payload_size));
    const auto name = LKVM_TRY(reader.slice(header_method, max_method_size));
    ZbootHeader header;
    for (const std::byte letter : name) {
        if (letter == std::byte{0}) break;
        header.method += static_cast<char>(letter);
    }
    // The unpacked size, which most methods append, is not part of the payload.
    header.payload = LKVM_TRY(reader.slice(offset, size));
    if (header.payload.empty()) return fail(ErrorCode::bad_format);
    return header;
}

Result<Compression> zboot_compression(const ZbootHeader& header) {
    const auto found = std::find_if(methods.begin(), methods.end(), [&](const auto& method) {
        return method.first == header.method;
    });
    if (found == methods.end()) return fail(ErrorCode::not_supported);
    return found->second;
}

}  // namespace lkvm::vmm
