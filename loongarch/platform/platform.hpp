// SPDX-License-Identifier: GPL-2.0-or-later
// The platform's devices, and the whole platform with its own interrupt chips.
#pragma once

#include <lkvm/clock.hpp>
#include <lkvm/cpu_interrupts.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/mmio_bus.hpp>
#include <lkvm/power_sink.hpp>
#include <lkvm/result.hpp>
#include <lkvm/serial_backend.hpp>

#include "loongarch/platform/boot_rom.hpp"
#include "loongarch/platform/device_tree.hpp"
#include "loongarch/platform/irqchip/interrupt_chips.hpp"
#include "loongarch/platform/legacy_io.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "loongarch/platform/power.hpp"
#include "loongarch/platform/rtc_ls7a.hpp"
#include "loongarch/platform/uart16550.hpp"

namespace lkvm::la {

/// What the platform's devices talk to; outlives them.
struct PlatformServices {
    SerialBackend& serial;
    Clock& clock;
    PowerSink& power;
};

/// Everything behind the interrupt chips: UART, RTC, power, legacy I/O. With in-kernel chips this
/// and IocsrMisc are all that is needed; the lines then lead to KVM_IRQ_LINE of pins::uart and
/// pins::rtc.
class PlatformDevices {
public:
    PlatformDevices(const PlatformServices& services, IrqLine& uart_line, IrqLine& rtc_line)
        : uart_(uart_line, services.serial)
        , rtc_(rtc_line, services.clock)
        , power_(services.power) {}

    /// Puts every device on the bus. Errors: those of MmioBus::add.
    [[nodiscard]] Result<> add_to(MmioBus& bus);

    /// Power-on state of every device, for a reboot in place; the vCPUs must stand still.
    void reset();

    [[nodiscard]] Uart16550& uart() { return uart_; }
    [[nodiscard]] RtcLs7a& rtc() { return rtc_; }

private:
    Uart16550 uart_;
    RtcLs7a rtc_;
    PowerDevice power_;
    LegacyIo legacy_io_;
};

/// Interrupt chips of our own and the devices wired to them. No allocation; about 8 KiB.
class Platform {
public:
    /// `cpu_count` 1..max_cpus. Devices of the board must be added to a bus with add_to().
    Platform(const PlatformServices& services, CpuInterrupts& cpus, unsigned cpu_count)
        : chips_(cpus, cpu_count)
        , devices_(services, chips_.level_pin(pins::uart), chips_.level_pin(pins::rtc)) {}

    /// PCH-PIC and devices. Errors: those of MmioBus::add.
    [[nodiscard]] Result<> add_to(MmioBus& bus);

    /// Devices first, so that their lines are low when the chips start anew.
    void reset();

    [[nodiscard]] InterruptChips& chips() { return chips_; }
    [[nodiscard]] PlatformDevices& devices() { return devices_; }
    [[nodiscard]] Iocsr& iocsr() { return chips_; }
    /// Interrupt of the device in a virtio slot, below max_virtio_slots.
    [[nodiscard]] IrqPulse& virtio_interrupt(unsigned slot) {
        return chips_.edge_pin(virtio_slot(slot).pin);
    }

private:
    InterruptChips chips_;
    PlatformDevices devices_;
};

}  // namespace lkvm::la
