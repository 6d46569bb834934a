// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/firmware/nor_flash.hpp"

#include <array>
#include <bit>
#include <cstring>

#include "loongarch/platform/fdt_writer.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "loongarch/platform/register_bytes.hpp"

namespace lkvm::la {

namespace {

constexpr std::uint32_t bus_width = 4;

// Commands, the same to both chips.
constexpr std::uint8_t read_array = 0xff;
constexpr std::uint8_t read_status = 0x70;
constexpr std::uint8_t read_identifier = 0x90;
constexpr std::uint8_t read_query = 0x98;
constexpr std::uint8_t clear_status = 0x50;
constexpr std::uint8_t program_word = 0x40;
constexpr std::uint8_t program_word_too = 0x10;
constexpr std::uint8_t program_buffer = 0xe8;
constexpr std::uint8_t erase_block = 0x20;
constexpr std::uint8_t lock_setup = 0x60;
constexpr std::uint8_t lock = 0x01;
constexpr std::uint8_t confirm = 0xd0;

constexpr std::uint8_t status_program_error = 0x10;
constexpr std::uint8_t status_erase_error = 0x20;
constexpr std::uint8_t status_wrong_sequence = status_program_error | status_erase_error;

constexpr std::uint16_t manufacturer = 0x89;  // Intel
constexpr std::uint16_t device = 0x18;

constexpr std::uint32_t buffer_words = 32;  // of the bus
/// log2 of the bytes that one chip takes of them.
constexpr std::uint16_t buffer_log2 = 6;
static_assert(1u << buffer_log2 == buffer_words * bus_width / 2);

/// Words of the query from 0x10 on, as one chip tells them; sizes are filled in below.
constexpr std::uint64_t query_start = 0x10;
constexpr std::array<std::uint8_t, 0x21> query{
    'Q', 'R', 'Y', 0x01, 0x00, 0x31, 0x00, 0, 0, 0, 0,           // Intel, extended table at
                                                                 // 0x31
    0x17, 0x20, 0, 0, 0x08, 0x0a, 0x0a, 0, 0x02, 0x02, 0x03, 0,  // voltages and times
    0, 0x01, 0, buffer_log2, 0, 0x01,                            // size, 16 bits wide, one region
    0, 0, 0, 0,  // blocks less one, block size / 256
};
constexpr std::uint64_t query_size = 0x27;
constexpr std::uint64_t query_blocks = 0x2d;
constexpr std::uint64_t query_block_size = 0x2f;

/// Both chips say the same.
constexpr std::uint64_t both(std::uint16_t word) {
    return word * std::uint64_t{0x0001000100010001};
}

}  // namespace

void NorFlash::reset() {
    mode_ = Mode::array;
    expect_ = Expect::command;
    status_ = ready;
    words_left_ = 0;
}

std::uint16_t NorFlash::query_word(std::uint64_t index) const {
    if (index < query_start || index - query_start >= query.size()) return 0;
    const auto blocks = static_cast<std::uint64_t>(contents_.size() / block_size - 1);
    switch (index) {
        case query_size:
            return static_cast<std::uint16_t>(std::bit_width(contents_.size() / 2) - 1);
        case query_blocks:
        case query_blocks + 1:
            return blocks >> (8 * (index - query_blocks)) & 0xff;
        case query_block_size:
        case query_block_size + 1:
            return (block_size / 2 / 256) >> (8 * (index - query_block_size)) & 0xff;
        default:
            return query[index - query_start];
    }
}

std::uint64_t NorFlash::read(std::uint64_t offset, unsigned size) {
    const SpinGuard guard(lock_);
    std::uint64_t value = 0;
    switch (mode_) {
        case Mode::array:
            if (offset >= contents_.size() || size > contents_.size() - offset) return 0;
            std::memcpy(&value, contents_.data() + offset, size);
            return value;
        case Mode::status:
            value = both(status_);
            break;
        case Mode::identifier: {
            const std::uint64_t word = offset % block_size / bus_width;
            // The third says that the block is not locked.
            value = both(word == 0 ? manufacturer : word == 1 ? device : 0);
            break;
        }
        case Mode::query:
            value = both(query_word(offset / bus_width));
            break;
    }
    return value >> (8 * (offset % 2)) & size_mask(size);
}

void NorFlash::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const SpinGuard guard(lock_);
    if (expect_ == Expect::command) {
        command(offset, static_cast<std::uint8_t>(value));
    } else {
        continue_command(offset, size, value);
    }
}

void NorFlash::command(std::uint64_t offset, std::uint8_t code) {
    target_block_ = offset / block_size;
    mode_ = Mode::status;
    switch (code) {
        case read_array:
            mode_ = Mode::array;
            break;
        case read_status:
            break;
        case read_identifier:
            mode_ = Mode::identifier;
            break;
        case read_query:
            mode_ = Mode::query;
            break;
        case clear_status:
            status_ = ready;
            mode_ = Mode::array;
            break;
        case program_word:
        case program_word_too:
            expect_ = Expect::word;
            break;
        case program_buffer:
            expect_ = Expect::buffer_count;
            break;
        case erase_block:
            expect_ = Expect::erase_confirm;
            break;
        case lock_setup:
            expect_ = Expect::lock_confirm;
            break;
        default:
            mode_ = Mode::array;
            break;
    }
}

void NorFlash::fault(std::uint8_t bits) {
    status_ |= bits;
    expect_ = Expect::command;
}

void NorFlash::continue_command(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const auto code = static_cast<std::uint8_t>(value);
    switch (expect_) {
        case Expect::command:
            break;
        case Expect::word:
            program(offset, size, value);
            expect_ = Expect::command;
            break;
        case Expect::erase_confirm:
            if (code != confirm || offset / block_size != target_block_) {
                return fault(status_wrong_sequence);
            }
            erase(offset);
            expect_ = Expect::command;
            break;
        case Expect::lock_confirm:
            if (code != confirm && code != lock) return fault(status_wrong_sequence);
            expect_ = Expect::command;
            break;
        case Expect::buffer_count:
            if (code >= buffer_words || offset / block_size != target_block_) {
                return fault(status_wrong_sequence);
            }
            words_left_ = code + 1u;
            expect_ = Expect::buffer_data;
            break;
        case Expect::buffer_data: {
            const std::uint32_t words = size > bus_width ? size / bus_width : 1;
            if (words > words_left_ || offset / block_size != target_block_) {
                return fault(status_wrong_sequence);
            }
            program(offset, size, value);
            words_left_ -= words;
            if (words_left_ == 0) expect_ = Expect::buffer_confirm;
            break;
        }
        case Expect::buffer_confirm:
            if (code != confirm) return fault(status_wrong_sequence);
            expect_ = Expect::command;
            break;
    }
}

/// Bits only ever go from 1 to 0.
void NorFlash::program(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (offset >= contents_.size() || size > contents_.size() - offset) {
        return fault(status_program_error);
    }
    std::uint64_t old = 0;
    std::memcpy(&old, contents_.data() + offset, size);
    old &= value;
    std::memcpy(contents_.data() + offset, &old, size);
}

void NorFlash::erase(std::uint64_t offset) {
    const std::uint64_t start = offset - offset % block_size;
    if (start >= contents_.size()) return fault(status_erase_error);
    std::memset(contents_.data() + start, 0xff, block_size);
}

void NorFlash::add_node(FdtWriter& fdt) {
    fdt.begin_node("flash", memory_map::variables_base);
    fdt.string("compatible", "cfi-flash");
    fdt.reg(memory_map::variables_base, memory_map::variables_size);
    fdt.cells("bank-width", {bus_width});
    fdt.end_node();
}

}  // namespace lkvm::la
