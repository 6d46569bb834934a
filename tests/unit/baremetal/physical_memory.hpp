// SPDX-License-Identifier: GPL-2.0-or-later
// Memory of the test program that plays the board's physical memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "baremetal/memory/physical.hpp"

namespace lkvm::hv {

class PhysicalMemory {
public:
    static constexpr std::uint64_t alignment = 0x10000;

    explicit PhysicalMemory(std::size_t size)
        : bytes_(size + alignment, std::byte{0xaa})
        , size_(size) {
        memory_window = 0;
    }
    ~PhysicalMemory() { memory_window = cached_window; }
    PhysicalMemory(const PhysicalMemory&) = delete;
    PhysicalMemory& operator=(const PhysicalMemory&) = delete;

    [[nodiscard]] std::uint64_t base() const {
        const auto start = reinterpret_cast<std::uint64_t>(bytes_.data());
        return (start + alignment - 1) & ~(alignment - 1);
    }
    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    std::vector<std::byte> bytes_;
    std::size_t size_;
};

}  // namespace lkvm::hv
