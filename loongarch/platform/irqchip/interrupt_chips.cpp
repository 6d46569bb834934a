// SPDX-License-Identifier: GPL-2.0-or-later
// The platform's interrupt chips as one unit.
#include "loongarch/platform/irqchip/interrupt_chips.hpp"

#include "loongarch/platform/fdt_writer.hpp"
#include "loongarch/platform/irqchip/send_registers.hpp"
#include "loongarch/platform/register_bytes.hpp"

namespace lkvm::la {

namespace {

constexpr std::uint32_t any_send_address = 0x1158;

/// CPU line that the device tree names as the EIOINTC's output. Guests that know the virtual
/// platform spread the vectors over HWI0..3 on their own.
constexpr unsigned eiointc_output = hwi0_line + 1;

constexpr bool in_ipi_window(std::uint32_t address) {
    return address >= Ipi::first_address && address <= Ipi::last_address;
}

}  // namespace

InterruptChips::InterruptChips(CpuInterrupts& cpus, unsigned cpu_count)
    : cpu_count_(cpu_count)
    , misc_(needs_virtual_extension(cpu_count) ? IocsrMisc::Surroundings::virtual_
                                               : IocsrMisc::Surroundings::bare)
    , ipi_(cpus, cpu_count)
    , eiointc_(cpus, cpu_count, needs_virtual_extension(cpu_count) ? Eiointc::Virtual::all : 0)
    , pch_pic_(eiointc_)
    , window_(*this) {
    LKVM_ASSERT(cpu_count >= 1 && cpu_count <= max_cpus);
    for (unsigned i = 0; i < pins_.size(); ++i) pins_[i].connect(*this, i);
}

void InterruptChips::reset() {
    misc_.reset();
    const SpinGuard guard(lock_);
    ipi_.reset();
    eiointc_.reset();
    pch_pic_.reset();
}

std::uint64_t InterruptChips::read(unsigned cpu, std::uint32_t address, unsigned size) {
    if (cpu >= cpu_count_ || !is_natural_access(address, size)) return 0;
    const SpinGuard guard(lock_);
    return read_locked(cpu, address, size);
}

void InterruptChips::write(unsigned cpu, std::uint32_t address, unsigned size,
                           std::uint64_t value) {
    if (cpu >= cpu_count_ || !is_natural_access(address, size)) return;
    const SpinGuard guard(lock_);
    if (address == any_send_address && size == 8) {
        send_any(value);
    } else {
        write_locked(cpu, address, size, value);
    }
}

std::uint64_t InterruptChips::read_locked(unsigned cpu, std::uint32_t address, unsigned size) {
    if (in_ipi_window(address)) return ipi_.read(cpu, address, size);
    if (Eiointc::owns(address)) return eiointc_.read(cpu, address, size);
    return misc_.read(cpu, address, size);
}

void InterruptChips::write_locked(unsigned cpu, std::uint32_t address, unsigned size,
                                  std::uint64_t value) {
    if (in_ipi_window(address)) {
        ipi_.write(cpu, address, size, value);
    } else if (Eiointc::owns(address)) {
        eiointc_.write(cpu, address, size, value);
    } else {
        misc_.write(cpu, address, size, value);
    }
}

/// Writes a word into another CPU's IOCSR space, whole or the bytes that are not to be kept. It
/// cannot reach ANY_SEND again, which takes 8 bytes only.
void InterruptChips::send_any(std::uint64_t value) {
    const unsigned cpu = send::Target::get(value);
    const std::uint32_t address = send::Address::get(value);
    if (cpu >= cpu_count_ || !is_natural_access(address, 4)) return;
    const unsigned keep = send::KeepBytes::get(value);
    const std::uint32_t data = send::Data::get(value);
    if (keep == 0) {
        write_locked(cpu, address, 4, data);
        return;
    }
    for (unsigned i = 0; i < 4; ++i) {
        if ((keep >> i & 1) == 0) write_locked(cpu, address + i, 1, data >> (8 * i));
    }
}

void InterruptChips::signal_message(unsigned vector) {
    if (vector >= Eiointc::vector_count) return;
    const SpinGuard guard(lock_);
    eiointc_.set_vector(vector, true);
}

void InterruptChips::add_nodes(FdtWriter& fdt) {
    fdt.begin_node("cpuic");
    fdt.string("compatible", "loongson,cpu-interrupt-controller");
    fdt.flag("interrupt-controller");
    fdt.cells("#interrupt-cells", {1});
    fdt.cells("#address-cells", {0});
    fdt.cells("phandle", {phandles::cpu_interrupts});
    fdt.end_node();

    fdt.begin_node("eiointc", Gpa{Eiointc::first_address});
    fdt.string("compatible", "loongson,ls2k2000-eiointc");
    fdt.reg(Gpa{Eiointc::first_address},
            Eiointc::last_address - Eiointc::first_address + 1);  // in IOCSR space
    fdt.flag("interrupt-controller");
    fdt.cells("#interrupt-cells", {1});
    fdt.cells("#address-cells", {0});
    fdt.cells("interrupt-parent", {phandles::cpu_interrupts});
    fdt.cells("interrupts", {eiointc_output});
    fdt.cells("phandle", {phandles::eiointc});
    fdt.end_node();

    fdt.begin_node("platic", memory_map::pch_pic_base);
    fdt.string("compatible", "loongson,pch-pic-1.0");
    fdt.reg(memory_map::pch_pic_base, memory_map::pch_pic_size);
    fdt.flag("interrupt-controller");
    fdt.cells("#interrupt-cells", {2});
    fdt.cells("#address-cells", {0});
    fdt.cells("interrupt-parent", {phandles::eiointc});
    fdt.cells("loongson,pic-base-vec", {0});
    fdt.cells("phandle", {phandles::pch_pic});
    fdt.end_node();
}

std::uint64_t InterruptChips::Window::read(std::uint64_t offset, unsigned size) {
    if (!is_natural_access(offset, size)) return 0;
    const SpinGuard guard(chips_.lock_);
    return chips_.pch_pic_.read(offset, size);
}

void InterruptChips::Window::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (!is_natural_access(offset, size)) return;
    const SpinGuard guard(chips_.lock_);
    chips_.pch_pic_.write(offset, size, value);
}

void InterruptChips::Pin::set_level(bool asserted) {
    if (chips_->sink_ != nullptr) return chips_->sink_->set_pin(number_, asserted);
    const SpinGuard guard(chips_->lock_);
    chips_->pch_pic_.set_level(number_, asserted);
}

void InterruptChips::Pin::signal() {
    if (chips_->sink_ != nullptr) return chips_->sink_->set_pin(number_, true);
    const SpinGuard guard(chips_->lock_);
    chips_->pch_pic_.pulse(number_);
}

}  // namespace lkvm::la
