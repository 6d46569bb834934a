// SPDX-License-Identifier: GPL-2.0-or-later
// Who takes guest RAM that the guest does not need.
#pragma once

#include <cstdint>

#include <lkvm/gpa.hpp>

namespace lkvm {

class MemoryReclaimer {
public:
    /// The contents of [where, where + size), inside one bank, are of no use to the guest: memory
    /// behind whole pages of the host in it may go. Later the guest reads zeroes or what was there.
    /// On the owner thread of the device that asks; that announces the change to GuestMemory.
    virtual void give_back(Gpa where, std::uint64_t size) = 0;

protected:
    ~MemoryReclaimer() = default;  // never deleted through the interface
};

}  // namespace lkvm
