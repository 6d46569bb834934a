// SPDX-License-Identifier: GPL-2.0-or-later
// Entering a guest, and everything that it leaves for.
#include "baremetal/cpu/vcpu.hpp"

#include <lkvm/cpu_interrupts.hpp>

#include "baremetal/console/console.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/mmio_decode.hpp"
#include "baremetal/zone/zone.hpp"
#include "loongarch/csr/csr.hpp"
#include "loongarch/csr/exception.hpp"
#include "loongarch/isa/instruction.hpp"

namespace lkvm::hv {
namespace {

using la::Decoded;
using la::Exception;
using la::Insn;
namespace csr = la::csr;

// IOCSR of the physical CPU's IPI block.
constexpr std::uint32_t ipi_status = 0x1000;
constexpr std::uint32_t ipi_enable = 0x1004;
constexpr std::uint32_t ipi_clear = 0x100c;
constexpr std::uint32_t ipi_send = 0x1040;
constexpr unsigned kick_vector = 1;

constexpr std::uint64_t timer_bit = std::uint64_t{1} << timer_line;
constexpr std::uint64_t ipi_bit = std::uint64_t{1} << ipi_line;

/// The console is polled this often while its CPU has nothing else to do.
constexpr std::uint64_t polls_per_second = 50;

std::uint64_t sign_extend(std::uint64_t value, unsigned bytes) {
    const unsigned unused = 64 - 8 * bytes;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << unused) >> unused);
}

void arm_root_timer(std::uint64_t ticks) {
    write_csr<csr::tcfg::number>((ticks & csr::tcfg::count_mask) | csr::tcfg::En::mask);
}

}  // namespace

unsigned this_cpu() {
    return static_cast<unsigned>(read_csr<csr::CPUID>() & 0x1ff);
}

void Vcpu::reset(std::uint64_t pc, std::uint64_t a0, std::uint64_t a1, std::uint64_t a2) {
    context_ = VcpuContext{};
    context_.pc = pc;
    context_.gpr[4] = a0;
    context_.gpr[5] = a1;
    context_.gpr[6] = a2;
    lines_.store(0, std::memory_order_relaxed);
    fresh_ = true;
}

void Vcpu::load_guest_registers() const {
    // Whatever ran here before leaves nothing: its timer, interrupts, windows, reservation.
    write_guest_csr<csr::tcfg::number>(0);
    write_guest_csr<csr::TICLR>(1);
    write_guest_csr<csr::crmd::number>(csr::crmd::DA::mask);
    write_guest_csr<csr::prmd::number>(0);
    write_guest_csr<csr::euen::number>(0);
    write_guest_csr<csr::misc::number>(0);
    write_guest_csr<csr::ecfg::number>(0);
    write_guest_csr<csr::estat::number>(0);
    write_guest_csr<csr::ERA>(0);
    write_guest_csr<csr::EENTRY>(0);
    write_guest_csr<csr::asid::number>(csr::asid::ASIDBITS::put(0, 10));
    write_guest_csr<csr::PGDL>(0);
    write_guest_csr<csr::PGDH>(0);
    write_guest_csr<csr::pwcl::number>(0);
    write_guest_csr<csr::pwch::number>(0);
    write_guest_csr<csr::stlbps::number>(12);
    write_guest_csr<csr::RVACFG>(0);
    write_guest_csr<csr::CPUID>(index_);
    write_guest_csr<csr::TID>(index_);
    write_guest_csr<csr::CNTC>(0);
    write_guest_csr<csr::llbctl::number>(csr::llbctl::WCLLB::mask);
    write_guest_csr<csr::TLBRENTRY>(0);
    write_guest_csr<csr::tlbrera::number>(0);
    write_guest_csr<csr::dmw::number0>(0);
    write_guest_csr<csr::dmw::number0 + 1>(0);
    write_guest_csr<csr::dmw::number0 + 2>(0);
    write_guest_csr<csr::dmw::number0 + 3>(0);
    flush_guest(zone_->gid());
    write_csr<csr::GCNTC>(0);
    write_csr<csr::gintc::number>(0);
    write_csr<csr::gstat::number>(csr::gstat::GID::put(0, zone_->gid()));
    write_csr<csr::gtlbc::number>(csr::gtlbc::TGID::put(csr::gtlbc::USETGID::mask, zone_->gid()));
    write_csr<csr::PGDL>(zone_->stage2().root());
    write_csr<csr::pwcl::number>(Stage2::pwcl);
    write_csr<csr::pwch::number>(Stage2::pwch);
    write_csr<csr::stlbps::number>(Stage2::page_bits);
    // FP and vectors belong to the guest: the hypervisor is built without them.
    write_csr<csr::euen::number>(csr::euen::writable);
    write_iocsr(ipi_enable, 0xffffffff);
    write_csr<csr::ecfg::number>(timer_bit | ipi_bit);
}

void Vcpu::sync_lines() const {
    const std::uint32_t lines = lines_.load(std::memory_order_acquire);
    write_csr<csr::gintc::number>(csr::estat::HWI::get(lines));
    change_guest_csr<csr::estat::number>(lines & ipi_bit, ipi_bit);
}

void Vcpu::set_line(unsigned line, bool level) {
    if (line >= 32) return;
    const std::uint32_t bit = 1u << line;
    if (level) {
        lines_.fetch_or(bit, std::memory_order_release);
    } else {
        lines_.fetch_and(~bit, std::memory_order_release);
    }
    kick();
}

void Vcpu::kick() const {
    // On its own CPU the vCPU is in an exit and looks again before it enters.
    if (this_cpu() != physical_cpu_) write_iocsr(ipi_send, physical_cpu_ << 16 | kick_vector);
}

void Vcpu::run() {
    while (zone_->state() == ZoneState::running) {
        if (fresh_) {
            load_guest_registers();
            fresh_ = false;
        }
        sync_lines();
        enter_guest(&context_);
        handle_exit();
    }
}

void Vcpu::handle_host_interrupt() const {
    const std::uint64_t pending = read_csr<csr::estat::number>();
    if ((pending & ipi_bit) != 0) write_iocsr(ipi_clear, read_iocsr(ipi_status));
    if ((pending & timer_bit) != 0) {
        write_csr<csr::tcfg::number>(0);
        write_csr<csr::TICLR>(1);
    }
    if (owns_console()) {
        poll_console();
        arm_root_timer(zones_clock().frequency() / polls_per_second);
    }
}

void Vcpu::handle_exit() {
    switch (static_cast<Exception>(csr::estat::Ecode::get(context_.estat))) {
        case Exception::INT:
            return handle_host_interrupt();
        case Exception::GSPR:
            return handle_sensitive();
        case Exception::HVC:
            context_.gpr[4] = ~std::uint64_t{0};  // no such call
            context_.pc += 4;
            return;
        case Exception::PIL:
        case Exception::PIS:
        case Exception::PME:
            return handle_memory(false);
        case Exception::PIF:
            return handle_memory(true);
        default:
            return park("an exit that no guest can cause");
    }
}

void Vcpu::handle_memory(bool fetch) {
    if (fetch) return park("runs where there is no memory");
    MmioAccess access;
    if (!decode_mmio(static_cast<std::uint32_t>(context_.badi), access)) {
        return park("accesses a device with an instruction that cannot");
    }
    const Gpa where{context_.badv};
    if (!zone_->bus().covers(where)) return park("accesses an address where nothing is");
    if (access.store) {
        zone_->bus().write(where, access.size, context_.gpr[access.rd]);
    } else {
        std::uint64_t value = zone_->bus().read(where, access.size);
        if (access.sign) value = sign_extend(value, access.size);
        if (access.rd != 0) context_.gpr[access.rd] = value;
    }
    context_.pc += 4;
}

void Vcpu::handle_sensitive() {
    Decoded decoded;
    if (!la::decode(static_cast<std::uint32_t>(context_.badi), decoded)) {
        return park("a privileged instruction that is none");
    }
    const auto set_rd = [&](std::uint64_t value) {
        if (decoded.rd != 0) context_.gpr[decoded.rd] = value;
    };
    const auto read = [&](unsigned size) {
        const auto address = static_cast<std::uint32_t>(context_.gpr[decoded.rj]);
        set_rd(sign_extend(zone_->iocsr().read(index_, address, size), size));
    };
    const auto write = [&](unsigned size) {
        const auto address = static_cast<std::uint32_t>(context_.gpr[decoded.rj]);
        zone_->iocsr().write(index_, address, size, context_.gpr[decoded.rd]);
    };
    context_.pc += 4;
    switch (decoded.insn) {
        case Insn::cpucfg:
            return set_rd(
                sign_extend(guest_cpucfg(static_cast<std::uint32_t>(context_.gpr[decoded.rj])), 4));
        case Insn::csrrd:
        case Insn::csrwr:
        case Insn::csrxchg:
            return set_rd(0);  // registers that a guest does not have
        case Insn::cacop:
            return;
        case Insn::iocsrrd_b:
            return read(1);
        case Insn::iocsrrd_h:
            return read(2);
        case Insn::iocsrrd_w:
            return read(4);
        case Insn::iocsrrd_d:
            return read(8);
        case Insn::iocsrwr_b:
            return write(1);
        case Insn::iocsrwr_h:
            return write(2);
        case Insn::iocsrwr_w:
            return write(4);
        case Insn::iocsrwr_d:
            return write(8);
        case Insn::idle:
            return idle();
        default:
            context_.pc -= 4;
            return park("a privileged instruction it must not use");
    }
}

bool Vcpu::guest_interrupt_pending() const {
    const std::uint64_t enabled = read_guest_csr<csr::ecfg::number>();
    return (read_guest_csr<csr::estat::number>() & enabled & csr::estat::IS::mask) != 0;
}

/// Sleeps until the guest has an interrupt that it enabled, whatever its CRMD.IE says.
void Vcpu::idle() {
    for (;;) {
        sync_lines();
        if (guest_interrupt_pending() || zone_->state() != ZoneState::running) return;
        std::uint64_t ticks = csr::tcfg::count_mask;
        const std::uint64_t config = read_guest_csr<csr::tcfg::number>();
        if (csr::tcfg::En::get(config)) {
            const std::uint64_t left = read_guest_csr<csr::TVAL>();
            if (left <= config && left < ticks) ticks = left + 4;
        }
        if (owns_console()) {
            const std::uint64_t poll = zones_clock().frequency() / polls_per_second;
            if (poll < ticks) ticks = poll;
        }
        arm_root_timer(ticks);
        wait_for_interrupt();
        handle_host_interrupt();
    }
}

void Vcpu::park(const char* why) {
    zone_->park(*this, why, context_);
}

}  // namespace lkvm::hv
