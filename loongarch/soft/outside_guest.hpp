// SPDX-License-Identifier: GPL-2.0-or-later
// For devices that let a vCPU wait in the middle of an access.
#pragma once

#include "loongarch/soft/cpu.hpp"

namespace lkvm::la {

/// While it exists, the software vCPU whose thread this is (if any) counts as parked: writers of
/// code and other vCPUs need not wait for it. Only in a write to a device, after which the vCPU
/// looks whether its code is still good; and outside every lock, as its end may wait for them.
class [[nodiscard]] OutsideGuest {
public:
    OutsideGuest()
        : cpu_(System::current_cpu) {
        if (cpu_ != nullptr && !cpu_->inside_guest()) cpu_ = nullptr;
        if (cpu_ != nullptr) cpu_->leave_guest();
    }
    ~OutsideGuest() {
        if (cpu_ != nullptr) cpu_->enter_guest();
    }
    OutsideGuest(const OutsideGuest&) = delete;
    OutsideGuest& operator=(const OutsideGuest&) = delete;

private:
    Cpu* cpu_;
};

}  // namespace lkvm::la
