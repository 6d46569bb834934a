// SPDX-License-Identifier: GPL-2.0-or-later
// Devices of the board that a zone has. The bundle's reader saw that no two zones have one.
#include "baremetal/zone/zone.hpp"

namespace lkvm::hv {

/// Interrupts, and for bus masters the memory at the addresses that the zone uses. Boot CPU.
Result<> Zone::claim_passed() {
    for (std::size_t i = 0; i < description_.passed_count; ++i) {
        const bundle::Passed& passed = description_.passed[i];
        identity_ = identity_ || (passed.flags & bundle::passed_flags::dma) != 0;
        if (passed.interrupt == bundle::no_interrupt) continue;
        if (passed.interrupt >= BoardInterrupts::max_pins) {
            device_log_.line(LogLevel::error, "pass", "the board has no interrupt",
                             passed.interrupt);
            return fail(ErrorCode::out_of_range, i);
        }
        passed_pins_[i].connect(passed.interrupt, passed.guest_pin, passed_);
    }
    for (std::size_t i = 0; identity_ && i < description_.bank_count; ++i) {
        const bundle::Bank& bank = description_.banks[i];
        if (!board_memory().is_free(bank.base, bank.size)) {
            device_log_.line(
                LogLevel::error, "pass",
                "a device with DMA needs the bank where the board has memory free, not", bank.base);
            return fail(ErrorCode::no_space, i);
        }
        LKVM_TRY(board_memory().reserve(bank.base, bank.size));
    }
    return {};
}

Result<> Zone::map_passed() {
    for (std::size_t i = 0; i < description_.passed_count; ++i) {
        const bundle::Passed& passed = description_.passed[i];
        LKVM_TRY(stage2_.map(board_memory(), passed.guest_base, passed.base, passed.size,
                             Stage2Access::device));
    }
    return {};
}

}  // namespace lkvm::hv
