// SPDX-License-Identifier: GPL-2.0-or-later
// Firmware configuration device: what firmware is told about the machine and given to start.
// QEMU docs/specs/fw_cfg.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/guest_memory.hpp>
#include <lkvm/mmio_device.hpp>
#include <lkvm/result.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::la {

class FdtWriter;

/// Items that have a number of their own; files have numbers from first_file on.
enum class FwCfgKey : std::uint16_t {
    signature = 0x00,
    version = 0x01,
    ram_size = 0x03,
    cpu_count = 0x05,
    kernel_size = 0x08,
    initrd_size = 0x0b,
    max_cpus = 0x0f,
    kernel_data = 0x11,
    initrd_data = 0x12,
    command_line_size = 0x14,
    command_line_data = 0x15,
    directory = 0x19,
    first_file = 0x20,
};

/// Read-only items, by data register or by DMA into guest RAM. Items are set while no vCPU runs
/// and their bytes outlive the device; registers: any vCPU thread. The guest's DMA descriptor is
/// hostile: what lies outside RAM gives the error bit and no transfer.
class FwCfg final : public MmioDevice {
public:
    static constexpr std::size_t max_items = 32;
    static constexpr std::size_t max_files = 12;
    static constexpr std::size_t max_file_name = 55;

    explicit FwCfg(const GuestMemory& memory);
    FwCfg(const FwCfg&) = delete;
    FwCfg& operator=(const FwCfg&) = delete;

    /// Forgets everything that was set, for a boot from the start.
    void reset();

    void set(FwCfgKey key, std::span<const std::byte> data);
    void set_number(FwCfgKey key, std::uint16_t value) { set_value(key, value, sizeof(value)); }
    void set_number(FwCfgKey key, std::uint32_t value) { set_value(key, value, sizeof(value)); }
    void set_number(FwCfgKey key, std::uint64_t value) { set_value(key, value, sizeof(value)); }
    /// Errors: `too_many`, `invalid_argument` (name too long or empty), `out_of_range` (no 32 bits
    /// for the size).
    [[nodiscard]] Result<> add_file(std::string_view name, std::span<const std::byte> data);

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    static void add_node(FdtWriter& fdt);

private:
    struct Item {
        std::uint16_t key = 0;
        std::uint8_t value_size = 0;  ///< not 0: the item is in `value`
        std::array<std::byte, 8> value{};
        std::span<const std::byte> data;

        [[nodiscard]] std::span<const std::byte> bytes() const {
            return value_size != 0 ? std::span<const std::byte>{value}.first(value_size) : data;
        }
    };

    void set_value(FwCfgKey key, std::uint64_t value, std::uint8_t size);
    Item* item_for(std::uint16_t key);
    [[nodiscard]] std::span<const std::byte> selected() const;
    void select(std::uint16_t key);
    /// What is left of the selected item, at most `size` bytes of it, and moves on by `size`.
    std::span<const std::byte> take(std::uint64_t size);
    void write_dma(std::uint64_t offset, unsigned size, std::uint64_t value);
    void transfer(std::uint64_t where);
    [[nodiscard]] Result<> fill(std::uint64_t where, std::uint64_t size,
                                std::span<const std::byte> from) const;

    const GuestMemory& memory_;
    SpinLock lock_;
    std::uint16_t key_ = 0;
    std::uint64_t offset_ = 0;  ///< in the selected item
    std::uint32_t dma_high_ = 0;
    std::array<Item, max_items> items_{};
    std::size_t item_count_ = 0;
    std::array<std::byte, 4 + max_files * 64> directory_{};
    std::uint16_t file_count_ = 0;
};

}  // namespace lkvm::la
