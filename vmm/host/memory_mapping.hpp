// SPDX-License-Identifier: GPL-2.0-or-later
// Host memory behind a RAM bank.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Private zero pages, kept out of core dumps; ordinary ones are reserved only as they are touched.
/// Owner.
class MemoryMapping {
public:
    /// The largest page that a nested page table can use: 32 MiB with the 16 KiB pages of a
    /// LoongArch host.
    static constexpr std::uint64_t placement_unit = std::uint64_t{32} << 20;

    /// `size` bytes (a multiple of the host's page size) whose address equals `guest_address`
    /// modulo placement_unit, so that huge pages on both sides coincide. Failure: setup_error.
    [[nodiscard]] static Outcome<MemoryMapping> create(std::uint64_t size,
                                                       std::uint64_t guest_address);

    /// The same from a hugetlbfs file system mounted at `directory`; all of it is reserved at once.
    /// What the last huge page has beyond `size` is wasted.
    [[nodiscard]] static Outcome<MemoryMapping> create_huge(std::uint64_t size,
                                                            std::uint64_t guest_address,
                                                            const std::string& directory);

    MemoryMapping() = default;
    MemoryMapping(MemoryMapping&& other) noexcept;
    MemoryMapping& operator=(MemoryMapping&& other) noexcept;
    ~MemoryMapping();

    [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }
    /// Makes everything zero again and gives the memory back to the host.
    void clear();

private:
    std::span<std::byte> bytes_;
    std::span<std::byte> mapped_;  // whole pages around bytes_
    bool huge_ = false;
};

}  // namespace lkvm::vmm
