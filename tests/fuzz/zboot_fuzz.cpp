// SPDX-License-Identifier: GPL-2.0-or-later
// EFI zboot files: header and every decompressor, with a bound on what comes out.
#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/boot/zboot.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lkvm::vmm;
    constexpr std::size_t limit = 1 << 20;
    const auto file = std::as_bytes(std::span{data, size});
    if (!is_zboot(file)) return 0;
    const auto header = parse_zboot(file);
    if (!header.has_value()) return 0;
    const auto method = zboot_compression(*header);
    if (!method.has_value()) return 0;
    const auto unpacked = decompress(*method, header->payload, limit);
    LKVM_ASSERT(!unpacked.has_value() || unpacked->size() <= limit);
    return 0;
}
