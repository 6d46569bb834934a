// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/firmware/fw_cfg.hpp"

#include <cstring>

#include <lkvm/endian.hpp>

#include "loongarch/platform/fdt_writer.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "loongarch/platform/register_bytes.hpp"

namespace lkvm::la {

namespace {

// Registers; data keeps the order of an item's bytes, the other two are big-endian.
constexpr std::uint64_t data_register = 0;
constexpr std::uint64_t selector_register = 8;
constexpr std::uint64_t dma_register = 16;
constexpr std::uint64_t dma_register_low = 20;

constexpr std::uint64_t dma_signature = 0x51454d5520434647;  // "QEMU CFG"
constexpr std::array signature{std::byte{'Q'}, std::byte{'E'}, std::byte{'M'}, std::byte{'U'}};
constexpr std::uint32_t version_with_dma = 3;

/// In guest RAM, where the DMA register points.
struct DmaAccess {
    Be32 control;
    Be32 length;
    Be64 address;
};
static_assert(sizeof(DmaAccess) == 16);

constexpr std::uint32_t dma_error = 1;
constexpr std::uint32_t dma_read = 2;
constexpr std::uint32_t dma_skip = 4;
constexpr std::uint32_t dma_select = 8;
constexpr std::uint32_t dma_write = 16;

using Be16 = Endian<std::uint16_t, std::endian::big>;

struct DirectoryEntry {
    Be32 size;
    Be16 key;
    Be16 reserved;
    std::array<char, FwCfg::max_file_name + 1> name{};
};
static_assert(sizeof(DirectoryEntry) == 64);

}  // namespace

FwCfg::FwCfg(const GuestMemory& memory)
    : memory_(memory) {
    reset();
}

void FwCfg::reset() {
    key_ = 0;
    offset_ = 0;
    dma_high_ = 0;
    item_count_ = 0;
    file_count_ = 0;
    directory_ = {};
    set(FwCfgKey::signature, signature);
    set_number(FwCfgKey::version, version_with_dma);
    set(FwCfgKey::directory, std::span{directory_}.first(sizeof(Be32)));
}

FwCfg::Item* FwCfg::item_for(std::uint16_t key) {
    for (std::size_t i = 0; i < item_count_; ++i) {
        if (items_[i].key == key) return &items_[i];
    }
    // Keys and files together are fewer.
    LKVM_ASSERT(item_count_ < items_.size());
    Item& item = items_[item_count_++];
    item = Item{};
    item.key = key;
    return &item;
}

void FwCfg::set(FwCfgKey key, std::span<const std::byte> data) {
    Item* const item = item_for(static_cast<std::uint16_t>(key));
    item->value_size = 0;
    item->data = data;
}

void FwCfg::set_value(FwCfgKey key, std::uint64_t value, std::uint8_t size) {
    Item* const item = item_for(static_cast<std::uint16_t>(key));
    const Le64 wire{value};
    std::memcpy(item->value.data(), &wire, sizeof(wire));
    item->value_size = size;
}

Result<> FwCfg::add_file(std::string_view name, std::span<const std::byte> data) {
    if (name.empty() || name.size() > max_file_name) return fail(ErrorCode::invalid_argument);
    if (file_count_ == max_files) return fail(ErrorCode::too_many);
    if (data.size() > UINT32_MAX) return fail(ErrorCode::out_of_range);
    const auto key =
        static_cast<std::uint16_t>(static_cast<std::uint16_t>(FwCfgKey::first_file) + file_count_);
    DirectoryEntry entry;
    entry.size = static_cast<std::uint32_t>(data.size());
    entry.key = key;
    std::memcpy(entry.name.data(), name.data(), name.size());
    std::memcpy(directory_.data() + sizeof(Be32) + file_count_ * sizeof(entry), &entry,
                sizeof(entry));
    const Be32 count{++file_count_};
    std::memcpy(directory_.data(), &count, sizeof(count));
    item_for(key)->data = data;
    set(FwCfgKey::directory,
        std::span{directory_}.first(sizeof(Be32) + file_count_ * sizeof(entry)));
    return {};
}

std::span<const std::byte> FwCfg::selected() const {
    for (std::size_t i = 0; i < item_count_; ++i) {
        if (items_[i].key == key_) return items_[i].bytes();
    }
    return {};
}

void FwCfg::select(std::uint16_t key) {
    key_ = key;
    offset_ = 0;
}

std::span<const std::byte> FwCfg::take(std::uint64_t size) {
    const std::span<const std::byte> all = selected();
    const std::uint64_t at = offset_ < all.size() ? offset_ : all.size();
    const std::uint64_t part = size < all.size() - at ? size : all.size() - at;
    offset_ = at + part;
    return all.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(part));
}

std::uint64_t FwCfg::read(std::uint64_t offset, unsigned size) {
    if (offset >= dma_register) {
        return swap_bytes(dma_signature) >> (8 * (offset - dma_register)) & size_mask(size);
    }
    if (offset != data_register) return 0;
    const SpinGuard guard(lock_);
    std::uint64_t value = 0;
    const std::span<const std::byte> bytes = take(size);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    }
    return value;
}

void FwCfg::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (offset == selector_register && size == 2) {
        const SpinGuard guard(lock_);
        select(swap_bytes(static_cast<std::uint16_t>(value)));
    } else if (offset >= dma_register) {
        write_dma(offset, size, value);
    }
}

void FwCfg::write_dma(std::uint64_t offset, unsigned size, std::uint64_t value) {
    std::uint64_t where = 0;
    if (offset == dma_register && size == 8) {
        where = swap_bytes(value);
    } else if (size == 4) {
        const std::uint32_t half = swap_bytes(static_cast<std::uint32_t>(value));
        const SpinGuard guard(lock_);
        if (offset == dma_register) {
            dma_high_ = half;
            return;
        }
        if (offset != dma_register_low) return;
        where = std::uint64_t{dma_high_} << 32 | half;
        dma_high_ = 0;
    } else {
        return;
    }
    transfer(where);
}

void FwCfg::transfer(std::uint64_t where) {
    const auto access = memory_.read<DmaAccess>(Gpa{where});
    if (!access.has_value()) return;  // nowhere to report that
    const std::uint32_t control = access->control;
    const std::uint64_t length = access->length;
    std::span<const std::byte> bytes;
    {
        const SpinGuard guard(lock_);
        if ((control & dma_select) != 0) select(static_cast<std::uint16_t>(control >> 16));
        if ((control & (dma_read | dma_skip)) != 0) bytes = take(length);
    }
    Be32 answer{0u};
    // Writing into guest RAM may wait for the other vCPUs, which may wait for the lock: so without.
    if ((control & dma_read) != 0) {
        if (!fill(access->address, length, bytes).has_value()) answer = dma_error;
    } else if ((control & dma_write) != 0) {
        answer = dma_error;
    }
    // It was read there, so it is RAM.
    static_cast<void>(memory_.write(Gpa{where}, answer));
}

/// What is beyond the item's end reads 0.
Result<> FwCfg::fill(std::uint64_t where, std::uint64_t size,
                     std::span<const std::byte> from) const {
    if (size == 0) return {};
    const std::span<std::byte> to = LKVM_TRY(memory_.slice(Gpa{where}, size));
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
    std::memset(to.data() + from.size(), 0, to.size() - from.size());
    memory_.mark_written(Gpa{where}, size);
    return {};
}

void FwCfg::add_node(FdtWriter& fdt) {
    fdt.begin_node("fw_cfg", memory_map::fw_cfg_base);
    fdt.string("compatible", "qemu,fw-cfg-mmio");
    fdt.reg(memory_map::fw_cfg_base, memory_map::fw_cfg_size);
    fdt.flag("dma-coherent");
    fdt.end_node();
}

}  // namespace lkvm::la
