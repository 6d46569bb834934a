// SPDX-License-Identifier: GPL-2.0-or-later
// Contents of the flash where firmware keeps its variables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vmm/host/unique_fd.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// A file that the guest writes to directly, or memory that goes with the machine. Owner.
class VariableStore {
public:
    /// `path` empty: in memory, erased. A file that is not there is made, erased; one that another
    /// machine uses is refused.
    [[nodiscard]] static Outcome<VariableStore> open(const std::string& path, std::uint64_t size);

    VariableStore() = default;
    VariableStore(VariableStore&& other) noexcept;
    VariableStore& operator=(VariableStore&& other) noexcept;
    ~VariableStore();

    [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }

private:
    UniqueFd fd_;  // holds the lock
    std::span<std::byte> bytes_;
};

}  // namespace lkvm::vmm
