// SPDX-License-Identifier: GPL-2.0-or-later
// NOR flash for firmware's variables: two 16-bit chips side by side on a 32-bit bus that take the
// Intel command set. JEDEC JESD68.01 (CFI), Intel StrataFlash P30 data sheet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/mmio_device.hpp>
#include <lkvm/result.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::la {

class FdtWriter;

/// Programs and erases `contents` at once; blocks are never locked. A command that is none reads
/// the array again; one that goes on with another one or in another block sets the status bits of a
/// wrong sequence. Any vCPU thread.
class NorFlash final : public MmioDevice {
public:
    /// Of both chips together, as firmware for QEMU's LoongArch machine knows without asking.
    static constexpr std::uint64_t block_size = 0x40000;

    /// `contents` outlives the device; a multiple of block_size.
    explicit NorFlash(std::span<std::byte> contents)
        : contents_(contents) {}
    NorFlash(const NorFlash&) = delete;
    NorFlash& operator=(const NorFlash&) = delete;

    /// As after power-on; the contents stay.
    void reset();

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    static void add_node(FdtWriter& fdt);

private:
    enum class Mode : unsigned char { array, status, identifier, query };
    /// What the next write is.
    enum class Expect : unsigned char {
        command,
        word,
        erase_confirm,
        lock_confirm,
        buffer_count,
        buffer_data,
        buffer_confirm,
    };

    void command(std::uint64_t offset, std::uint8_t code);
    void continue_command(std::uint64_t offset, unsigned size, std::uint64_t value);
    void fault(std::uint8_t bits);
    void program(std::uint64_t offset, unsigned size, std::uint64_t value);
    void erase(std::uint64_t offset);
    [[nodiscard]] std::uint16_t query_word(std::uint64_t index) const;

    std::span<std::byte> contents_;
    SpinLock lock_;
    Mode mode_ = Mode::array;
    Expect expect_ = Expect::command;
    std::uint8_t status_ = ready;
    std::uint64_t target_block_ = 0;
    std::uint32_t words_left_ = 0;  ///< of a buffered program

    static constexpr std::uint8_t ready = 0x80;
};

}  // namespace lkvm::la
