// SPDX-License-Identifier: GPL-2.0-or-later
// Packing for tests, with the same formats as the kernel's build uses.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "vmm/boot/decompress.hpp"

#include <lz4hc.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace lkvm::test {

using vmm::Bytes;

/// Bytes that neither repeat nor compress to nothing.
inline Bytes sample_bytes(std::size_t size) {
    Bytes bytes(size);
    std::uint32_t state = 1;
    for (std::byte& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::byte>((state >> 28) + 0x40);
    }
    return bytes;
}

inline unsigned char* chars(std::byte* bytes) {
    return reinterpret_cast<unsigned char*>(bytes);
}

inline Bytes pack_gzip(Bytes plain) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    Bytes packed(deflateBound(&stream, plain.size()) + 64);
    stream.next_in = chars(plain.data());
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = chars(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

inline Bytes pack_zstd(const Bytes& plain) {
    Bytes packed(ZSTD_compressBound(plain.size()));
    packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
    return packed;
}

inline Bytes pack_lz4(const Bytes& plain) {
    constexpr std::size_t block = std::size_t{8} << 20;
    const auto word = [](Bytes& to, std::uint32_t value) {
        const auto at = to.size();
        to.resize(at + 4);
        std::memcpy(to.data() + at, &value, 4);
    };
    Bytes packed;
    word(packed, 0x184c2102);
    for (std::size_t at = 0; at < plain.size(); at += block) {
        const std::size_t size = std::min(block, plain.size() - at);
        Bytes one(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(size))));
        const int used = LZ4_compress_default(reinterpret_cast<const char*>(plain.data() + at),
                                              reinterpret_cast<char*>(one.data()),
                                              static_cast<int>(size), static_cast<int>(one.size()));
        word(packed, static_cast<std::uint32_t>(used));
        packed.insert(packed.end(), one.begin(), one.begin() + used);
    }
    return packed;
}

inline Bytes pack_lzma(Bytes plain, bool xz) {
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    lzma_lzma_preset(&options, 3);
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
    if (xz) {
        EXPECT_EQ(lzma_stream_encoder(&stream, filters, LZMA_CHECK_CRC32), LZMA_OK);
    } else {
        EXPECT_EQ(lzma_alone_encoder(&stream, &options), LZMA_OK);
    }
    Bytes packed(plain.size() + 65536);
    stream.next_in = chars(plain.data());
    stream.avail_in = plain.size();
    stream.next_out = chars(packed.data());
    stream.avail_out = packed.size();
    EXPECT_EQ(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
    packed.resize(stream.total_out);
    lzma_end(&stream);
    return packed;
}

inline Bytes pack(vmm::Compression method, const Bytes& plain) {
    switch (method) {
        case vmm::Compression::gzip:
            return pack_gzip(plain);
        case vmm::Compression::zstd:
            return pack_zstd(plain);
        case vmm::Compression::lz4:
            return pack_lz4(plain);
        case vmm::Compression::xz:
            return pack_lzma(plain, true);
        case vmm::Compression::lzma:
            return pack_lzma(plain, false);
    }
    return {};
}

/// An EFI zboot file around a packed payload.
inline Bytes make_zboot(std::string_view method, const Bytes& payload) {
    constexpr std::size_t start = 0x200;
    Bytes file(start);
    const auto word = [&](std::size_t at, std::uint32_t value) {
        std::memcpy(file.data() + at, &value, 4);
    };
    word(0, 0x5a4d);
    word(4, 0x676d697a);
    word(8, start);
    word(12, static_cast<std::uint32_t>(payload.size()));
    std::memcpy(file.data() + 24, method.data(), method.size());
    word(0x38, 0x818223cd);
    word(0x3c, 0x40);
    file.insert(file.end(), payload.begin(), payload.end());
    return file;
}

}  // namespace lkvm::test
