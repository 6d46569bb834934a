// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/boot_load.hpp"

#include <cstring>

#include "loongarch/boot/boot_fault.hpp"
#include "loongarch/boot/image_reader.hpp"

namespace lkvm::la {

Result<> load_kernel(const GuestMemory& memory, const BootLayout& layout,
                     std::span<const std::byte> file) {
    const ImageReader reader(file);
    const KernelImage& image = layout.image;
    const std::span<std::byte> to = LKVM_TRY(memory.slice(layout.load, image.memory_size));
    std::uint64_t at = 0;
    for (std::size_t i = 0; i < image.segment_count; ++i) {
        const KernelSegment& segment = image.segments[i];
        const auto from = LKVM_TRY(reader.slice(segment.file_offset, segment.file_size));
        // parse_kernel_image() sorted the segments and checked that none overlaps or sticks out.
        LKVM_ASSERT(segment.offset >= at && segment.offset <= to.size() &&
                    from.size() <= to.size() - segment.offset);
        std::memset(to.data() + at, 0, segment.offset - at);
        if (!from.empty()) std::memcpy(to.data() + segment.offset, from.data(), from.size());
        at = segment.offset + from.size();
    }
    std::memset(to.data() + at, 0, to.size() - at);
    memory.mark_written(layout.load, image.memory_size);
    return {};
}

Result<BootState> load_boot_data(const GuestMemory& memory, const BootLayout& layout,
                                 const BootData& data) {
    if (data.command_line.size() >= command_line_limit) {
        return boot_error(ErrorCode::too_many, BootFault::command_line_too_long);
    }
    if (data.device_tree.size() > layout.device_tree_room) {
        return boot_error(ErrorCode::no_space, BootFault::device_tree_too_big);
    }
    const Gpa command_line{layout.tables.value + boot_table::command_line};
    const auto text = LKVM_TRY(memory.slice(command_line, command_line_limit));
    std::memset(text.data(), 0, text.size());
    if (!data.command_line.empty()) {
        std::memcpy(text.data(), data.command_line.data(), data.command_line.size());
    }
    memory.mark_written(command_line, command_line_limit);
    const auto tree = LKVM_TRY(memory.slice(layout.device_tree, data.device_tree.size()));
    // It may have been built there, and there may be none.
    if (!tree.empty() && tree.data() != data.device_tree.data()) {
        std::memcpy(tree.data(), data.device_tree.data(), tree.size());
    }
    memory.mark_written(layout.device_tree, tree.size());
    LKVM_TRY(write_efi_tables(memory, layout, data.rng_seed, data.clock));
    return BootState{layout.entry.value, 1, command_line.value,
                     layout.tables.value + boot_table::system_table};
}

}  // namespace lkvm::la
