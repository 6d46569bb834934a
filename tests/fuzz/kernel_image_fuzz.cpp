// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel images of any quality: headers, placement and loading.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "loongarch/boot/boot_layout.hpp"
#include "loongarch/boot/boot_load.hpp"
#include "loongarch/boot/kernel_image.hpp"

namespace {

using namespace lkvm;

/// Two small banks, made once.
struct Ram {
    static constexpr std::uint64_t low_size = 4 << 20;
    static constexpr std::uint64_t high_size = 8 << 20;

    Ram() {
        LKVM_MUST(banks.add({Gpa{0}, low_size, low.data()}));
        LKVM_MUST(banks.add({Gpa{0x90000000}, high_size, high.data()}));
    }

    std::vector<std::byte> low = std::vector<std::byte>(low_size);
    std::vector<std::byte> high = std::vector<std::byte>(high_size);
    RamBanks banks;
    GuestMemory memory{banks};
};

void check(const la::KernelImage& image, std::size_t file_size) {
    LKVM_ASSERT(image.entry_offset < image.memory_size);
    for (std::size_t i = 0; i < image.segment_count; ++i) {
        const la::KernelSegment& segment = image.segments[i];
        LKVM_ASSERT(segment.file_offset <= file_size &&
                    segment.file_size <= file_size - segment.file_offset);
        LKVM_ASSERT(segment.offset <= image.memory_size &&
                    segment.file_size <= image.memory_size - segment.offset);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Ram ram;
    const auto file = std::as_bytes(std::span{data, size});
    const auto image = la::parse_kernel_image(file);
    if (!image.has_value()) return 0;
    check(*image, size);
    for (const auto load : {std::optional<Gpa>{}, std::optional{Gpa{0x90100000}}}) {
        const auto layout =
            la::plan_boot(ram.banks, *image,
                          {.initrd = size % 100000, .device_tree = 0x8000, .load_address = load});
        if (!layout.has_value()) continue;
        LKVM_MUST(la::load_kernel(ram.memory, *layout, file));
        LKVM_MUST(la::load_boot_data(ram.memory, *layout, {.command_line = "x"}));
    }
    return 0;
}
