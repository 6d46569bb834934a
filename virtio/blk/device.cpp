// SPDX-License-Identifier: GPL-2.0-or-later
// The block device: features and configuration space. VIRTIO 1.2 §5.2.
#include "virtio/blk/device.hpp"

#include <bit>

#include <lkvm/assert.hpp>

#include "virtio/blk/config.hpp"

namespace lkvm::virtio::blk {

BlkDevice::BlkDevice(const GuestMemory& memory, const BlockProperties& properties,
                     const Parts& parts)
    : queues_(parts.queues)
    , request_queues_(parts.request_queues) {
    LKVM_ASSERT(!parts.queues.empty() && parts.queues.size() == parts.request_queues.size() &&
                parts.queues.size() == parts.backends.size());
    shared_.properties = properties;
    for (std::size_t i = 0; i < parts.queues.size(); ++i) {
        parts.request_queues[i].connect(memory, parts.queues[i], *parts.backends[i], shared_);
    }
}

std::uint64_t BlkDevice::features() const {
    std::uint64_t features = F_SEG_MAX | F_BLK_SIZE | F_TOPOLOGY;
    if (queues_.size() > 1) features |= F_MQ;
    if (shared_.properties.read_only) return features | F_RO;
    features |= F_FLUSH | F_CONFIG_WCE | F_WRITE_ZEROES;
    if (shared_.properties.discard) features |= F_DISCARD;
    return features;
}

void BlkDevice::read_config(std::size_t offset, std::span<std::byte> out) {
    const BlockProperties& disk = shared_.properties;
    Config config;
    config.capacity = disk.size / sector_size;
    config.seg_max = max_data_segments;
    config.blk_size = disk.block_size;
    config.physical_block_exp =
        static_cast<std::uint8_t>(std::countr_zero(disk.physical_block_size / disk.block_size));
    config.min_io_size = static_cast<std::uint16_t>(disk.physical_block_size / disk.block_size);
    config.opt_io_size = disk.optimal_io_size / disk.block_size;
    config.writeback = shared_.write_through.load(std::memory_order_relaxed) ? 0 : 1;
    config.num_queues = static_cast<std::uint16_t>(queues_.size());
    if (disk.discard && !disk.read_only) {
        config.max_discard_sectors = max_discard_sectors;
        config.max_discard_seg = max_ranges;
        config.discard_sector_alignment = disk.discard_granularity / sector_size;
    }
    if (!disk.read_only) {
        config.max_write_zeroes_sectors = max_write_zeroes_sectors;
        config.max_write_zeroes_seg = max_ranges;
        config.write_zeroes_may_unmap = 1;
    }
    copy_config(std::as_bytes(std::span{&config, 1}), offset, out);
}

void BlkDevice::write_config(std::size_t offset, std::span<const std::byte> in) {
    // VIRTIO 1.2 §5.2.5.2: the one writable field, and only with CONFIG_WCE.
    if (offset != offsetof(Config, writeback) || in.size() != 1) return;
    if (!cache_selectable_.load(std::memory_order_relaxed)) return;
    shared_.write_through.store(in[0] == std::byte{0}, std::memory_order_relaxed);
}

void BlkDevice::start(std::uint64_t features) {
    const bool selectable = (features & F_CONFIG_WCE) != 0;
    cache_selectable_.store(selectable, std::memory_order_relaxed);
    // VIRTIO 1.2 §5.2.5.2: a driver that cannot flush gets a disk that needs no flush.
    if (!selectable) {
        shared_.write_through.store((features & F_FLUSH) == 0, std::memory_order_relaxed);
    }
}

void BlkDevice::reset() {
    cache_selectable_.store(false, std::memory_order_relaxed);
    shared_.write_through.store(false, std::memory_order_relaxed);
}

void BlkDevice::run(unsigned queue) {
    request_queues_[queue].run();
}

}  // namespace lkvm::virtio::blk
