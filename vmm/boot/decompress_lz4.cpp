// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/boot/decompress_lz4.hpp"

#include <cstring>
#include <memory>

#include <lkvm/endian.hpp>

#include "vmm/boot/output_buffer.hpp"

#include <lz4.h>
#include <lz4frame.h>

namespace lkvm::vmm {

namespace {

constexpr std::uint32_t legacy_magic = 0x184c2102;
constexpr std::uint32_t frame_magic = 0x184d2204;
/// Every block but the last unpacks to exactly this.
constexpr std::size_t legacy_block_size = std::size_t{8} << 20;

Result<std::uint32_t> take_word(std::span<const std::byte>& bytes) {
    Le32 word;
    if (bytes.size() < sizeof(word)) return fail(ErrorCode::truncated);
    std::memcpy(&word, bytes.data(), sizeof(word));
    bytes = bytes.subspan(sizeof(word));
    return word.value();
}

/// A legacy stream has no end mark: it ends with its bytes, or after a block that is not full.
Result<Bytes> unpack_legacy(std::span<const std::byte> packed, std::size_t limit) {
    Bytes result;
    std::size_t last = legacy_block_size;
    while (!packed.empty() && last == legacy_block_size) {
        const std::uint32_t size = LKVM_TRY(take_word(packed));
        if (size == legacy_magic) continue;  // streams may be concatenated
        if (size > static_cast<std::uint32_t>(LZ4_compressBound(legacy_block_size))) {
            return fail(ErrorCode::bad_format);
        }
        if (size > packed.size()) return fail(ErrorCode::truncated);
        const std::size_t used = result.size();
        result.resize(used + legacy_block_size);
        const int unpacked =
            LZ4_decompress_safe(reinterpret_cast<const char*>(packed.data()),
                                reinterpret_cast<char*>(result.data() + used),
                                static_cast<int>(size), static_cast<int>(legacy_block_size));
        if (unpacked < 0) return fail(ErrorCode::bad_format);
        last = static_cast<std::size_t>(unpacked);
        result.resize(used + last);
        if (result.size() > limit) return fail(ErrorCode::no_space);
        packed = packed.subspan(size);
    }
    return result;
}

Result<Bytes> unpack_frame(std::span<const std::byte> packed, std::size_t limit) {
    LZ4F_dctx* raw = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0) {
        return fail(ErrorCode::no_space);
    }
    const std::unique_ptr<LZ4F_dctx, std::size_t (*)(LZ4F_dctx*)> context(
        raw, LZ4F_freeDecompressionContext);
    OutputBuffer output(limit);
    while (true) {
        const std::span<std::byte> room = output.room();
        std::size_t written = room.size();
        std::size_t read = packed.size();
        const std::size_t status =
            LZ4F_decompress(context.get(), room.data(), &written, packed.data(), &read, nullptr);
        if (LZ4F_isError(status) != 0) return fail(ErrorCode::bad_format);
        output.written(written);
        packed = packed.subspan(read);
        if (output.overflown()) return fail(ErrorCode::no_space);
        if (status == 0) return output.take();
        if (packed.empty() && written == 0) return fail(ErrorCode::truncated);
    }
}

}  // namespace

Result<Bytes> decompress_lz4(std::span<const std::byte> packed, std::size_t limit) {
    std::span<const std::byte> rest = packed;
    const std::uint32_t magic = LKVM_TRY(take_word(rest));
    if (magic == legacy_magic) return unpack_legacy(rest, limit);
    if (magic == frame_magic) return unpack_frame(packed, limit);
    return fail(ErrorCode::bad_format);
}

}  // namespace lkvm::vmm
