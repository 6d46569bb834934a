// SPDX-License-Identifier: GPL-2.0-or-later
// The platform's interrupt chips as one unit: IOCSR space, PCH-PIC window, device pins.
#pragma once

#include <array>
#include <cstdint>

#include <lkvm/cpu_interrupts.hpp>
#include <lkvm/iocsr.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/mmio_device.hpp>
#include <lkvm/spin_lock.hpp>

#include "loongarch/platform/irqchip/eiointc.hpp"
#include "loongarch/platform/irqchip/iocsr_misc.hpp"
#include "loongarch/platform/irqchip/ipi.hpp"
#include "loongarch/platform/irqchip/pch_pic.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

class FdtWriter;

/// IPI, EIOINTC, PCH-PIC and the IOCSR identification registers under one lock. Any thread. CPU
/// lines are driven with that lock held, so CpuInterrupts must not call back into this class.
///
/// More than cpus_per_eiointc_node CPUs bring the virtual EIOINTC and the IOCSR bit that makes the
/// guest look for it; the CPU then has to show the KVM signature and feature bit 24 in CPUCFG.
class InterruptChips final : public Iocsr {
public:
    /// `cpu_count` 1..max_cpus.
    InterruptChips(CpuInterrupts& cpus, unsigned cpu_count);
    InterruptChips(const InterruptChips&) = delete;
    InterruptChips& operator=(const InterruptChips&) = delete;

    [[nodiscard]] static constexpr bool needs_virtual_extension(unsigned cpu_count) {
        return cpu_count > cpus_per_eiointc_node;
    }

    /// Power-on state of all registers, all CPU lines low. The vCPUs must stand still.
    void reset();

    /// Each CPU's IOCSR space; `cpu` below cpu_count, anything else is ignored.
    std::uint64_t read(unsigned cpu, std::uint32_t address, unsigned size) override;
    void write(unsigned cpu, std::uint32_t address, unsigned size, std::uint64_t value) override;

    /// PCH-PIC registers, for memory_map::pch_pic_base.
    [[nodiscard]] MmioDevice& pch_pic() { return window_; }

    /// Input of pin `pin`, below pins::count, for a device that the device tree calls
    /// level-triggered, or edge-triggered.
    [[nodiscard]] IrqLine& level_pin(unsigned pin) { return pins_[pin]; }
    [[nodiscard]] IrqPulse& edge_pin(unsigned pin) { return pins_[pin]; }

    /// From now on the pins lead to `sink`, which models the chips: then only the identification
    /// registers of the IOCSR space are ours. Before the guest starts.
    void redirect_pins(PinSink& sink) { sink_ = &sink; }
    /// The guest may look for paravirtual features (IOCSR FEATURES bit 11). Before it starts.
    void show_virtual_surroundings() { misc_.set_surroundings(IocsrMisc::Surroundings::virtual_); }

    /// Message-signalled interrupt; vectors of Eiointc::vector_count and above are ignored.
    void signal_message(unsigned vector);

    /// Device-tree nodes of the chips. They describe in-kernel chips just as well.
    static void add_nodes(FdtWriter& fdt);

private:
    class Window final : public MmioDevice {
    public:
        explicit Window(InterruptChips& chips)
            : chips_(chips) {}
        std::uint64_t read(std::uint64_t offset, unsigned size) override;
        void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    private:
        InterruptChips& chips_;
    };

    class Pin final : public IrqLine, public IrqPulse {
    public:
        void connect(InterruptChips& chips, unsigned number) {
            chips_ = &chips;
            number_ = number;
        }
        void set_level(bool asserted) override;
        void signal() override;

    private:
        InterruptChips* chips_ = nullptr;
        unsigned number_ = 0;
    };

    std::uint64_t read_locked(unsigned cpu, std::uint32_t address, unsigned size);
    void write_locked(unsigned cpu, std::uint32_t address, unsigned size, std::uint64_t value);
    void send_any(std::uint64_t value);

    unsigned cpu_count_;
    PinSink* sink_ = nullptr;
    SpinLock lock_;
    IocsrMisc misc_;
    Ipi ipi_;
    Eiointc eiointc_;
    PchPic pch_pic_;
    Window window_;
    std::array<Pin, pins::count> pins_;
};

}  // namespace lkvm::la
