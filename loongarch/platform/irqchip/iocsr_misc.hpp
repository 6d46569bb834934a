// SPDX-License-Identifier: GPL-2.0-or-later
// IOCSR registers outside the interrupt chips: what the chip is and what it has.
// Loongson 3A5000 manual §4 (chip configuration registers).
#pragma once

#include <cstdint>

#include <lkvm/iocsr.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::la {

/// Identification and function registers, shared by all CPUs. Complete in itself: with in-kernel
/// interrupt chips it is all of the IOCSR space that reaches user space. Locks for itself.
class IocsrMisc final : public Iocsr {
public:
    /// What the guest may learn from the FEATURES register about its surroundings.
    enum class Surroundings : std::uint8_t {
        bare,     ///< looks like a board
        virtual_  ///< bit 11: the guest asks for paravirtual features and the virtual EIOINTC
    };

    explicit IocsrMisc(Surroundings surroundings)
        : surroundings_(surroundings) {}

    /// Before the guest starts.
    void set_surroundings(Surroundings surroundings) { surroundings_ = surroundings; }

    void reset();

    std::uint64_t read(unsigned cpu, std::uint32_t address, unsigned size) override;
    void write(unsigned cpu, std::uint32_t address, unsigned size, std::uint64_t value) override;

private:
    Surroundings surroundings_;
    SpinLock lock_;
    std::uint64_t misc_func_ = 0;
};

}  // namespace lkvm::la
