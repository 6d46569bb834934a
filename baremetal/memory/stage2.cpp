// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/memory/stage2.hpp"

#include <lkvm/field.hpp>

#include "baremetal/memory/physical.hpp"
#include "loongarch/csr/csr.hpp"

namespace lkvm::hv {
namespace {

namespace elo = la::csr::tlbelo;

constexpr std::uint64_t huge = 1u << 6;  // in a directory entry, where a leaf has G
/// Between two pauses.
constexpr unsigned steps_per_piece = 256;

constexpr unsigned uncached = 0;
constexpr unsigned coherent_cached = 1;

std::uint64_t leaf(std::uint64_t host, Stage2Access access) {
    const unsigned type = access == Stage2Access::device ? uncached : coherent_cached;
    const std::uint64_t entry = elo::MAT::put(elo::V::put(host, true), type);
    return elo::D::put(entry, access != Stage2Access::read_only);
}

std::uint64_t* entry_at(std::uint64_t table, std::uint64_t index) {
    return physical_pointer<std::uint64_t>(table) + index;
}

std::uint64_t index_of(std::uint64_t address, unsigned base) {
    return (address >> base) & (Stage2::entries - 1);
}

}  // namespace

void Stage2::clear(std::uint64_t table) const {
    for (std::uint64_t i = 0; i < entries; ++i) *entry_at(table, i) = nothing_;
    pause();
}

Result<std::uint64_t> Stage2::new_table(BoardMemory& memory) const {
    const std::uint64_t table = LKVM_TRY(memory.allocate(table_bytes, page_size));
    clear(table);
    return table;
}

void Stage2::destroy_directory(BoardMemory& memory, std::uint64_t directory) const {
    for (std::uint64_t i = 0; i < entries; ++i) {
        const std::uint64_t entry = *entry_at(directory, i);
        if (entry == nothing_ || (entry & huge) != 0) continue;
        memory.release(entry, table_bytes);
        pause();
    }
    memory.release(directory, table_bytes);
    pause();
}

void Stage2::destroy(BoardMemory& memory) {
    for (std::uint64_t i = 0; root_ != 0 && i < entries; ++i) {
        const std::uint64_t directory = *entry_at(root_, i);
        if (directory != nothing_) destroy_directory(memory, directory);
    }
    for (std::uint64_t* const table : {&root_, &nothing_}) {
        if (*table != 0) memory.release(*table, table_bytes);
        *table = 0;
    }
}

Result<> Stage2::create(BoardMemory& memory) {
    nothing_ = LKVM_TRY(memory.allocate(table_bytes, page_size));
    clear(nothing_);
    root_ = LKVM_TRY(new_table(memory));
    return {};
}

Result<std::uint64_t> Stage2::table_at(BoardMemory& memory, std::uint64_t directory,
                                       std::uint64_t index) const {
    std::uint64_t* const entry = entry_at(directory, index);
    if (*entry == nothing_) *entry = LKVM_TRY(new_table(memory));
    return *entry;
}

Result<> Stage2::map(BoardMemory& memory, std::uint64_t guest, std::uint64_t host,
                     std::uint64_t size, Stage2Access access) {
    if ((guest | host | size) % page_size != 0) return fail(ErrorCode::misaligned);
    for (unsigned steps = 1; size != 0; ++steps) {
        if (steps % steps_per_piece == 0) pause();
        const std::uint64_t directory = LKVM_TRY(table_at(memory, root_, index_of(guest, 36)));
        std::uint64_t step = page_size;
        if ((guest | host) % block_size == 0 && size >= block_size) {
            step = block_size;
            *entry_at(directory, index_of(guest, 25)) = leaf(host, access) | huge;
        } else {
            const std::uint64_t pages = LKVM_TRY(table_at(memory, directory, index_of(guest, 25)));
            *entry_at(pages, index_of(guest, 14)) = leaf(host, access);
        }
        guest += step;
        host += step;
        size -= step;
    }
    return {};
}

}  // namespace lkvm::hv
