// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/cpu/host_events.hpp"

#include <atomic>

#include "baremetal/console/console.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/instruction_count.hpp"
#include "baremetal/cpu/world_switch.hpp"
#include "baremetal/irq/board_interrupts.hpp"
#include "baremetal/zone/zone.hpp"
#include "loongarch/csr/csr.hpp"

namespace lkvm::hv {
namespace {

namespace csr = la::csr;

// IOCSR of the physical CPU's IPI block.
constexpr std::uint32_t ipi_status = 0x1000;
constexpr std::uint32_t ipi_enable = 0x1004;
constexpr std::uint32_t ipi_clear = 0x100c;
constexpr std::uint32_t ipi_send = 0x1040;
constexpr unsigned doorbell_vector = 1;

/// Typed input is polled this often.
constexpr std::uint64_t polls_per_second = 50;
std::uint64_t console_period() {
    if (console.is_draining()) return Console::period();
    return zones_clock().frequency() / polls_per_second;
}

constexpr std::uint64_t board_bit = std::uint64_t{1} << BoardInterrupts::cpu_line;

/// The boot CPU does, if there are any for zones.
bool takes_board_interrupts() {
    return owns_console() && board_interrupts.used();
}

}  // namespace

void enable_host_events() {
    write_iocsr(ipi_clear, 0xffffffff);
    write_iocsr(ipi_enable, 0xffffffff);
    write_csr<csr::tcfg::number>(0);
    write_csr<csr::TICLR>(1);
    std::uint64_t enabled = host_timer_bit | host_ipi_bit;
    if (takes_board_interrupts()) enabled |= board_bit;
    write_csr<csr::ecfg::number>(enabled);
}

void ring_doorbell(unsigned cpu) {
    // What the other CPU is to see was written before; IOCSR writes are no ordinary stores.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    write_iocsr(ipi_send, cpu << 16 | doorbell_vector);
}

void arm_host_timer(std::uint64_t ticks) {
    if (owns_console()) {
        const std::uint64_t period = console_period();
        if (period < ticks) ticks = period;
    }
    write_csr<csr::tcfg::number>((ticks & csr::tcfg::count_mask) | csr::tcfg::En::mask);
}

bool look_at_host_events(const char* after) {
    end_stretch(after);
    const std::uint64_t pending = read_csr<csr::estat::number>();
    const bool doorbell = (pending & host_ipi_bit) != 0;
    if (doorbell) {
        write_iocsr(ipi_clear, read_iocsr(ipi_status));
        // Pairs with ring_doorbell(): what is looked at from here on is not older than a doorbell
        // that was cleared along.
        std::atomic_thread_fence(std::memory_order_seq_cst);
    }
    if ((pending & board_bit) != 0 && takes_board_interrupts()) board_interrupts.take();
    if (!owns_console()) return doorbell;
    poll_console();
    const bool armed = csr::tcfg::En::get(read_csr<csr::tcfg::number>());
    if (console.is_draining() && armed && read_csr<csr::TVAL>() > Console::period()) {
        arm_host_timer(Console::period());
    }
    return doorbell;
}

HostEvents take_host_events(const char* after) {
    const bool timer = (read_csr<csr::estat::number>() & host_timer_bit) != 0;
    if (timer) {
        write_csr<csr::tcfg::number>(0);
        write_csr<csr::TICLR>(1);
    }
    return {look_at_host_events(after), timer};
}

void wait_for_host_event() {
    if (owns_console()) arm_host_timer(csr::tcfg::count_mask);
    sleep_until_interrupt();
}

}  // namespace lkvm::hv
