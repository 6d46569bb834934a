// SPDX-License-Identifier: GPL-2.0-or-later
// Host memory for the instructions that the software CPU has decoded.
#pragma once

#include <cstddef>
#include <span>

#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// One mapping of a fixed size, filled as guests run code, so that it bounds what all vCPUs' blocks
/// take. Inaccessible pages on both sides. Owner.
class CodeMemory {
public:
    /// Failure: setup_error.
    [[nodiscard]] static Outcome<CodeMemory> create(std::size_t bytes);

    CodeMemory() = default;
    CodeMemory(CodeMemory&& other) noexcept;
    CodeMemory& operator=(CodeMemory&& other) noexcept;
    ~CodeMemory();

    /// The part of vCPU `index` of `count`.
    [[nodiscard]] std::span<std::byte> share(unsigned index, unsigned count) const;

private:
    std::span<std::byte> reserved_;
    std::span<std::byte> bytes_;
};

}  // namespace lkvm::vmm
