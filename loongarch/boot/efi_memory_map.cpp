// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/efi_memory_map.hpp"

#include <array>

#include "loongarch/boot/efi.hpp"

namespace lkvm::la {

namespace {

/// A part of RAM that is not simply free.
struct Part {
    std::uint64_t start = 0;
    std::uint64_t end = 0;  // exclusive
    efi::MemoryType type = efi::MemoryType::conventional;
};

constexpr std::size_t max_parts = 8;

/// Disjoint parts sorted by address.
class PartList {
public:
    void add(std::uint64_t start, std::uint64_t size, efi::MemoryType type) {
        if (size == 0) return;
        LKVM_ASSERT(count_ < max_parts);
        // Parts start at multiples of the alignment, and so do banks, so that no two overlap.
        const std::uint64_t end =
            (start + size + boot_part_alignment - 1) & ~(boot_part_alignment - 1);
        std::size_t place = count_++;
        for (; place > 0 && parts_[place - 1].start > start; --place) {
            parts_[place] = parts_[place - 1];
        }
        parts_[place] = {start, end, type};
    }

    [[nodiscard]] std::span<const Part> all() const { return {parts_.data(), count_}; }

private:
    std::array<Part, max_parts> parts_{};
    std::size_t count_ = 0;
};

PartList parts_of(const BootLayout& layout) {
    using efi::MemoryType;
    const std::uint64_t tables = layout.tables.value;
    PartList parts;
    // Linux reserves map and device tree by itself, and reservations must not overlap (it warns
    // before it has exception handlers, which is fatal): so the map is not among ours.
    parts.add(tables + boot_table::command_line, boot_table::memory_map - boot_table::command_line,
              MemoryType::acpi_reclaim);
    parts.add(tables + boot_table::memory_map, boot_part_alignment, MemoryType::loader_data);
    parts.add(tables + boot_table::runtime, boot_part_alignment, MemoryType::runtime_code);
    parts.add(layout.device_tree.value, layout.device_tree_room, MemoryType::loader_data);
    parts.add(layout.load.value, layout.image.memory_size, MemoryType::loader_code);
    parts.add(layout.initrd.value, layout.initrd_size, MemoryType::loader_data);
    return parts;
}

/// Writes descriptors one after the other.
class MapWriter {
public:
    MapWriter(const GuestMemory& memory, Gpa where)
        : memory_(memory)
        , start_(where.value + sizeof(efi::BootMemoryMap)) {}

    [[nodiscard]] Result<> add(std::uint64_t start, std::uint64_t end, efi::MemoryType type) {
        if (start >= end) return {};
        efi::MemoryDescriptor descriptor;
        descriptor.type = static_cast<std::uint32_t>(type);
        descriptor.physical = start;
        descriptor.pages = (end - start) / efi::page_size;
        descriptor.attributes = efi::memory_write_back;
        if (type == efi::MemoryType::runtime_code) {
            descriptor.attributes = efi::memory_write_back | efi::memory_runtime;
        }
        LKVM_TRY(memory_.write(Gpa{start_ + size_}, descriptor));
        size_ += sizeof(descriptor);
        return {};
    }

    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    const GuestMemory& memory_;
    std::uint64_t start_;
    std::uint64_t size_ = 0;
};

static_assert(sizeof(efi::BootMemoryMap) +
                  (max_ram_banks + 2 * max_parts) * sizeof(efi::MemoryDescriptor) <=
              boot_part_alignment);

}  // namespace

Result<> write_efi_memory_map(const GuestMemory& memory, const BootLayout& layout) {
    const Gpa where{layout.tables.value + boot_table::memory_map};
    const PartList parts = parts_of(layout);
    MapWriter writer(memory, where);
    for (const RamBank& bank : memory.banks().all()) {
        std::uint64_t at = bank.base.value;
        const std::uint64_t end = at + bank.size;
        for (const Part& part : parts.all()) {
            if (part.start < at || part.start >= end) continue;
            LKVM_TRY(writer.add(at, part.start, efi::MemoryType::conventional));
            LKVM_TRY(writer.add(part.start, part.end, part.type));
            at = part.end;
        }
        LKVM_TRY(writer.add(at, end, efi::MemoryType::conventional));
    }
    efi::BootMemoryMap head;
    head.map_size = writer.size();
    head.descriptor_size = sizeof(efi::MemoryDescriptor);
    head.descriptor_version = 1;
    head.buffer_size = writer.size();
    return memory.write(where, head);
}

}  // namespace lkvm::la
