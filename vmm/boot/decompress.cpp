// SPDX-License-Identifier: GPL-2.0-or-later
// gzip (zlib), zstd, xz and lzma (liblzma); LZ4 is in its own file.
#include "vmm/boot/decompress.hpp"

#include <limits>
#include <memory>

#include "vmm/boot/decompress_lz4.hpp"
#include "vmm/boot/output_buffer.hpp"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace lkvm::vmm {

namespace {

/// The libraries read bytes as unsigned char.
const unsigned char* chars(const std::byte* bytes) {
    return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* chars(std::byte* bytes) {
    return reinterpret_cast<unsigned char*>(bytes);
}

Result<Bytes> gunzip(std::span<const std::byte> packed, std::size_t limit) {
    if (packed.size() > std::numeric_limits<uInt>::max()) return fail(ErrorCode::no_space);
    z_stream stream{};
    constexpr int gzip_window = 16 + MAX_WBITS;
    if (inflateInit2(&stream, gzip_window) != Z_OK) return fail(ErrorCode::no_space);
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
    // zlib does not write through next_in; its type lacks the const.
    stream.next_in = const_cast<unsigned char*>(chars(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    OutputBuffer output(limit);
    while (true) {
        const std::span<std::byte> room = output.room();
        stream.next_out = chars(room.data());
        stream.avail_out = static_cast<uInt>(room.size());
        const int status = inflate(&stream, Z_NO_FLUSH);
        output.written(room.size() - stream.avail_out);
        if (output.overflown()) return fail(ErrorCode::no_space);
        if (status == Z_STREAM_END) return output.take();
        if (status == Z_BUF_ERROR ||
            (status == Z_OK && stream.avail_in == 0 && stream.avail_out != 0)) {
            return fail(ErrorCode::truncated);
        }
        if (status != Z_OK) return fail(ErrorCode::bad_format);
    }
}

Result<Bytes> unzstd(std::span<const std::byte> packed, std::size_t limit) {
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                          ZSTD_freeDCtx);
    if (context == nullptr) return fail(ErrorCode::no_space);
    // Kernels are packed with windows of up to 128 MiB.
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 27);
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    OutputBuffer output(limit);
    while (true) {
        const std::span<std::byte> room = output.room();
        ZSTD_outBuffer out{room.data(), room.size(), 0};
        const std::size_t status = ZSTD_decompressStream(context.get(), &out, &in);
        if (ZSTD_isError(status) != 0) return fail(ErrorCode::bad_format);
        output.written(out.pos);
        if (output.overflown()) return fail(ErrorCode::no_space);
        if (status == 0) return output.take();
        if (in.pos == in.size && out.pos < out.size) return fail(ErrorCode::truncated);
    }
}

Result<Bytes> run_lzma(lzma_stream& stream, std::span<const std::byte> packed, std::size_t limit) {
    stream.next_in = chars(packed.data());
    stream.avail_in = packed.size();
    OutputBuffer output(limit);
    while (true) {
        const std::span<std::byte> room = output.room();
        stream.next_out = chars(room.data());
        stream.avail_out = room.size();
        const lzma_ret status = lzma_code(&stream, LZMA_FINISH);
        output.written(room.size() - stream.avail_out);
        if (output.overflown()) return fail(ErrorCode::no_space);
        if (status == LZMA_STREAM_END) return output.take();
        if (status == LZMA_BUF_ERROR) return fail(ErrorCode::truncated);
        if (status != LZMA_OK) return fail(ErrorCode::bad_format);
    }
}

Result<Bytes> unlzma(Compression method, std::span<const std::byte> packed, std::size_t limit) {
    constexpr std::uint64_t memory_limit = std::uint64_t{256} << 20;
    lzma_stream stream = LZMA_STREAM_INIT;
    const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> end(&stream, lzma_end);
    const lzma_ret status = method == Compression::xz
                                ? lzma_stream_decoder(&stream, memory_limit, 0)
                                : lzma_alone_decoder(&stream, memory_limit);
    if (status != LZMA_OK) return fail(ErrorCode::no_space);
    return run_lzma(stream, packed, limit);
}

}  // namespace

Result<Bytes> decompress(Compression method, std::span<const std::byte> packed, std::size_t limit) {
    switch (method) {
        case Compression::gzip:
            return gunzip(packed, limit);
        case Compression::zstd:
            return unzstd(packed, limit);
        case Compression::lz4:
            return decompress_lz4(packed, limit);
        case Compression::xz:
        case Compression::lzma:
            return unlzma(method, packed, limit);
    }
    return fail(ErrorCode::not_supported);
}

}  // namespace lkvm::vmm
