// SPDX-License-Identifier: GPL-2.0-or-later
// Inter-processor interrupts and mailboxes. Loongson 3A5000 manual §10 (IOCSR 0x1000).
#pragma once

#include <array>
#include <cstdint>

#include <lkvm/cpu_interrupts.hpp>

#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

/// The IPI block of every CPU. Not locked: InterruptChips does that. Drives line 12 of each CPU
/// with "any enabled status bit".
class Ipi {
public:
    static constexpr std::uint32_t first_address = 0x1000;
    static constexpr std::uint32_t last_address = 0x10ff;

    Ipi(CpuInterrupts& cpus, unsigned cpu_count)
        : cpus_(cpus)
        , cpu_count_(cpu_count) {}

    /// Power-on state; lowers every line.
    void reset();

    /// `address` in [first_address, last_address], naturally aligned.
    [[nodiscard]] std::uint64_t read(unsigned cpu, std::uint32_t address, unsigned size) const;
    void write(unsigned cpu, std::uint32_t address, unsigned size, std::uint64_t value);

private:
    struct Cpu {
        std::uint32_t status = 0;
        std::uint32_t enable = 0;
        std::array<std::uint64_t, 4> mailbox{};
        bool line = false;
    };

    void update_line(unsigned cpu);
    void send_interrupt(std::uint32_t value);
    void send_mail(std::uint64_t value);

    CpuInterrupts& cpus_;
    unsigned cpu_count_;
    std::array<Cpu, max_cpus> state_{};
};

}  // namespace lkvm::la
