// SPDX-License-Identifier: GPL-2.0-or-later
// Extended I/O interrupt controller: 256 vectors to HWI lines of the CPUs, with the virtual
// extension of KVM. Loongson 3A5000 manual §11.2; Linux Documentation/virt/kvm/loongarch.
#pragma once

#include <array>
#include <cstdint>

#include <lkvm/cpu_interrupts.hpp>

#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

/// One controller for all CPUs. Not locked: InterruptChips does that.
///
/// A vector's input is latched in ISR. While its ENABLE bit is set, a rising input (or a repeated
/// report of a high one) makes it pending at the CPU that COREMAP names; the CPU clears it there by
/// writing 1. A line HWI(n) is high while a vector is pending whose group of 32 IPMAP sends to n.
class Eiointc {
public:
    static constexpr unsigned vector_count = 256;
    static constexpr std::uint32_t first_address = 0x1400;
    static constexpr std::uint32_t last_address = 0x1cff;
    static constexpr std::uint32_t virtual_first = 0x40000000;
    static constexpr std::uint32_t virtual_last = 0x40000007;

    /// Bits of the virtual extension's registers.
    struct Virtual {
        static constexpr std::uint32_t extension = 1 << 0;
        static constexpr std::uint32_t enable = 1 << 1;
        static constexpr std::uint32_t int_encode = 1 << 2;  ///< IPMAP holds a number
        static constexpr std::uint32_t cpu_encode = 1 << 3;  ///< COREMAP holds a CPU number
        static constexpr std::uint32_t all = extension | enable | int_encode | cpu_encode;
    };

    /// `virtual_features` is 0 (plain controller) or Virtual::all.
    Eiointc(CpuInterrupts& cpus, unsigned cpu_count, std::uint32_t virtual_features)
        : cpus_(cpus)
        , cpu_count_(cpu_count)
        , virtual_features_(virtual_features) {}

    /// Power-on state; lowers every line. Inputs start low.
    void reset();

    [[nodiscard]] static constexpr bool owns(std::uint32_t address) {
        return (address >= first_address && address <= last_address) ||
               (address >= virtual_first && address <= virtual_last);
    }

    /// `address` is owned and naturally aligned.
    [[nodiscard]] std::uint64_t read(unsigned cpu, std::uint32_t address, unsigned size) const;
    void write(unsigned cpu, std::uint32_t address, unsigned size, std::uint64_t value);

    /// Input of a vector, below vector_count. A message-signalled interrupt is `true` alone.
    void set_vector(unsigned vector, bool level);

private:
    using Bits = std::array<std::uint64_t, vector_count / 64>;

    [[nodiscard]] unsigned target_cpu(unsigned vector) const;
    [[nodiscard]] unsigned hwi_of_group(unsigned group) const;
    void raise(unsigned vector);
    void lower(unsigned vector);
    void write_enable(std::uint32_t offset, unsigned size, std::uint64_t value);
    /// Rarely needed, so that what is needed often stays short.
    [[gnu::noinline]] void enabled_changed(unsigned index, std::uint64_t changed);
    void write_coremap(unsigned cpu, std::uint32_t offset, unsigned size, std::uint64_t value);
    void write_config(std::uint32_t value);
    void update_lines(unsigned cpu);
    [[gnu::noinline]] void update_all_lines();

    CpuInterrupts& cpus_;
    unsigned cpu_count_;
    std::uint32_t virtual_features_;
    std::uint32_t virtual_config_ = 0;
    Bits nodetype_{};
    std::uint64_t ipmap_ = 0;
    Bits enable_{};
    Bits bounce_{};
    Bits isr_{};
    std::array<std::uint8_t, vector_count> coremap_{};
    std::array<Bits, max_cpus> core_isr_{};
    std::array<std::uint8_t, max_cpus> lines_{};  ///< HWI levels as last driven
};

}  // namespace lkvm::la
