// SPDX-License-Identifier: GPL-2.0-or-later
// Entering a guest, and everything that it leaves for.
#include "baremetal/cpu/vcpu.hpp"

#include <array>
#include <utility>

#include <lkvm/cpu_interrupts.hpp>

#include "baremetal/console/console.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/host_events.hpp"
#include "baremetal/cpu/instruction_count.hpp"
#include "baremetal/trap/exception_loop.hpp"
#include "baremetal/trap/guest_cpucfg.hpp"
#include "baremetal/trap/mmio_decode.hpp"
#include "baremetal/trap/sensitive.hpp"
#include "baremetal/zone/zone.hpp"
#include "loongarch/csr/csr.hpp"
#include "loongarch/csr/exception.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::hv {
namespace {

using la::Exception;
namespace csr = la::csr;
namespace memory_map = la::memory_map;

constexpr std::uint64_t timer_bit = csr::estat::TI::mask;
constexpr std::uint64_t ipi_bit = csr::estat::IPI::mask;

/// A guest that stays in for longer than this many seconds without sleeping is looked at.
constexpr std::uint64_t watch_seconds = 2;
constexpr unsigned convincing_suspicions = 3;

/// The timer counts in steps of so many ticks.
constexpr std::uint64_t timer_step = 4;

/// Turns of device work before the guest has its own, which is then this long.
constexpr unsigned device_turns = 16;
std::uint64_t device_break() {
    return zones_clock().frequency() / 20'000;
}

std::uint64_t sign_extend(std::uint64_t value, unsigned bytes) {
    const unsigned unused = 64 - 8 * bytes;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << unused) >> unused);
}

/// The hypervisor itself is built without these registers: they hold what the last guest left.
void clear_fp_and_vectors() {
    constexpr std::uint32_t has_lasx = 1u << 7;
    if ((read_cpucfg(2) & has_lasx) != 0) {
        asm volatile(R"(
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    xvxor.v $xr\n, $xr\n, $xr\n
    .endr)");
    } else {
        asm volatile(R"(
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vxor.v $vr\n, $vr\n, $vr\n
    .endr)");
    }
    asm volatile(R"(
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    movgr2cf $fcc\n, $zero
    .endr
    movgr2fcsr $fcsr0, $zero)");
}

std::uint64_t watch_period() {
    return zones_clock().frequency() * watch_seconds;
}

/// Whether an IOCSR write interrupts another vCPU or writes its mailbox.
bool is_ipi(std::uint32_t address) {
    constexpr std::uint32_t ipi_send = 0x1040;
    constexpr std::uint32_t any_send = 0x1158;
    return address == ipi_send || address == any_send;
}

const char* exit_name(ExitReason reason) {
    return exit_reason_names[static_cast<std::size_t>(reason)].data();  // literals
}

bool is_kick(Gpa where) {
    constexpr std::uint64_t queue_notify = 0x50;  // VIRTIO 1.2 §4.2.2
    const std::uint64_t offset = where.value - memory_map::virtio_base.value;
    return offset < la::max_virtio_slots * memory_map::virtio_stride &&
           offset % memory_map::virtio_stride == queue_notify;
}

}  // namespace

void Vcpu::reset(std::uint64_t pc, std::uint64_t a0, std::uint64_t a1, std::uint64_t a2) {
    context_ = VcpuContext{};
    context_.pc = pc;
    context_.gpr[4] = a0;
    context_.gpr[5] = a1;
    context_.gpr[6] = a2;
    lines_.store(0, std::memory_order_relaxed);
    fresh_ = true;
    suspicions_ = 0;
}

void Vcpu::load_guest_registers() const {
    // Whatever ran here before leaves nothing.
    write_guest_csr<csr::tcfg::number>(0);
    write_guest_csr<csr::TICLR>(1);
    write_guest_csr<csr::crmd::number>(csr::crmd::DA::mask);
    write_guest_csr<csr::prmd::number>(0);
    write_guest_csr<csr::euen::number>(0);
    write_guest_csr<csr::misc::number>(0);
    write_guest_csr<csr::ecfg::number>(0);
    write_guest_csr<csr::estat::number>(0);
    write_guest_csr<csr::ERA>(0);
    write_guest_csr<csr::BADV>(0);
    write_guest_csr<csr::BADI>(0);
    write_guest_csr<csr::EENTRY>(0);
    write_guest_csr<csr::tlbidx::number>(0);
    write_guest_csr<csr::tlbehi::number>(0);
    write_guest_csr<csr::tlbelo::number0>(0);
    write_guest_csr<csr::tlbelo::number1>(0);
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
    write_guest_csr<csr::TLBRBADV>(0);
    write_guest_csr<csr::tlbrera::number>(0);
    write_guest_csr<csr::TLBRSAVE>(0);
    write_guest_csr<csr::TLBRELO0>(0);
    write_guest_csr<csr::TLBRELO1>(0);
    write_guest_csr<csr::tlbrehi::number>(0);
    write_guest_csr<csr::tlbrprmd::number>(0);
    write_guest_csr<csr::dmw::number0>(0);
    write_guest_csr<csr::dmw::number0 + 1>(0);
    write_guest_csr<csr::dmw::number0 + 2>(0);
    write_guest_csr<csr::dmw::number0 + 3>(0);
    write_guest_csr<csr::SAVE0>(0);
    write_guest_csr<csr::SAVE0 + 1>(0);
    write_guest_csr<csr::SAVE0 + 2>(0);
    write_guest_csr<csr::SAVE0 + 3>(0);
    write_guest_csr<csr::SAVE0 + 4>(0);
    write_guest_csr<csr::SAVE0 + 5>(0);
    write_guest_csr<csr::SAVE0 + 6>(0);
    write_guest_csr<csr::SAVE0 + 7>(0);
    flush_guest(zone_->gid());
    write_csr<csr::gintc::number>(0);
    write_csr<csr::gstat::number>(csr::gstat::GID::put(0, zone_->gid()));
    write_csr<csr::gtlbc::number>(csr::gtlbc::TGID::put(csr::gtlbc::USETGID::mask, zone_->gid()));
    write_csr<csr::PGDL>(zone_->stage2().root());
    write_csr<csr::PGDH>(zone_->stage2().nothing());
    write_csr<csr::pwcl::number>(Stage2::pwcl);
    write_csr<csr::pwch::number>(Stage2::pwch);
    write_csr<csr::stlbps::number>(Stage2::page_bits);
    // FP and vectors belong to the guest.
    write_csr<csr::euen::number>(csr::euen::writable);
    clear_fp_and_vectors();
}

void Vcpu::save_timer() {
    timer_.config = read_guest_csr<csr::tcfg::number>();
    timer_.value = read_guest_csr<csr::TVAL>();
    // Last, so that an expiry in between is seen.
    timer_.pending = (read_guest_csr<csr::estat::number>() & timer_bit) != 0;
}

void Vcpu::load_timer() const {
    // Time stood still for the guest: nothing elapsed, but the hardware counted on.
    const GuestTimer timer = timer_after(timer_, 0);
    write_guest_csr<csr::tcfg::number>(0);
    change_guest_csr<csr::estat::number>(timer.pending ? timer_bit : 0, timer_bit);
    write_guest_csr<csr::tcfg::number>(timer.config);
    write_guest_csr<csr::TVAL>(timer.value);
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
    if (this_cpu() != physical_cpu_) ring_doorbell(physical_cpu_);
}

void Vcpu::run(std::uint64_t clock_offset) {
    if (fresh_) {
        load_guest_registers();
        fresh_ = false;
    } else {
        load_timer();
    }
    write_csr<csr::GCNTC>(0 - clock_offset);
    begin_watch();
    take_spent("between guests");
    ExitReason reason = ExitReason::other;
    while (zone_->life().may_run()) {
        serve_devices();
        sync_lines();
        enter_guest(context_);
        // What the last exit cost, the way into the guest and out of it included.
        if (const std::uint64_t cost = take_spent(exit_name(reason)); cost != 0)
            exits_.note_cost(reason, cost);
        const std::uint64_t pc = context_.pc;
        const std::uint64_t detail = context_.badi;
        reason = handle_exit();
        if (reason != ExitReason::interrupt) acts_ = true;
        // A program's endless loop is its kernel's affair.
        if (!exits_.note(reason, pc, detail) && in_kernel()) park("repeats one exit for ever");
    }
    save_timer();
}

inline ExitReason Vcpu::handle_exit() {
    switch (static_cast<Exception>(csr::estat::Ecode::get(context_.estat))) {
        case Exception::INT:
            return handle_interrupt();
        case Exception::GSPR:
            return handle_sensitive();
        case Exception::HVC:
            return handle_hypercall();
        case Exception::PIL:
        case Exception::PIS:
        case Exception::PME:
            return handle_memory();
        case Exception::PIF:
            park("runs where there is no memory");
            return ExitReason::memory;
        default:
            park("leaves with an exception that no guest can cause");
            return ExitReason::other;
    }
}

bool Vcpu::in_kernel() const {
    return csr::crmd::PLV::get(read_guest_csr<csr::crmd::number>()) == 0;
}

bool Vcpu::hangs_in_exceptions() const {
    GuestSample sample;
    sample.pc = context_.pc;
    sample.crmd = read_guest_csr<csr::crmd::number>();
    sample.era = read_guest_csr<csr::ERA>();
    sample.eentry = read_guest_csr<csr::EENTRY>();
    sample.estat = read_guest_csr<csr::estat::number>();
    sample.ecfg = read_guest_csr<csr::ecfg::number>();
    return seems_to_loop_in_exceptions(sample);
}

/// A kernel that has panicked turns in a loop that needs nothing. Asked once in a watch_period().
bool Vcpu::hangs_after_panic() {
    const bool acted = std::exchange(acts_, false);
    return in_kernel() && !acted && zone_->seems_panicked();
}

void Vcpu::begin_watch() {
    watch_began_ = read_counter();
    arm_host_timer(watch_period());
}

void Vcpu::look_after_guest() {
    suspicions_ = hangs_in_exceptions() ? suspicions_ + 1 : 0;
    if (suspicions_ == convincing_suspicions) park("raises exceptions in its exception handler");
    if (hangs_after_panic()) park("hangs after a kernel panic");
}

ExitReason Vcpu::handle_interrupt() {
    if (!take_host_events("interrupt").timer) return ExitReason::interrupt;
    // The timer also rings for devices and the console, and then much earlier.
    const std::uint64_t watched = read_counter() - watch_began_;
    if (watched < watch_period()) {
        arm_host_timer(watch_period() - watched + timer_step);
    } else {
        look_after_guest();
        begin_watch();
    }
    return ExitReason::interrupt;
}

ExitReason Vcpu::handle_hypercall() {
    static constinit SpinLock scratch_lock;
    static constinit std::array<char, max_control_reply> scratch{};
    constexpr std::uint64_t code_mask = 0x7fff;
    context_.pc += 4;
    std::uint64_t& answer = context_.gpr[4];
    const bool ours = (context_.badi & code_mask) == hypercall_code;
    if (!ours) {
        answer = static_cast<std::uint64_t>(HypercallError::no_such_call);
    } else if (!in_kernel()) {
        answer = static_cast<std::uint64_t>(HypercallError::forbidden);
    } else {
        const auto& gpr = context_.gpr;
        const bool control =
            gpr[4] == static_cast<std::uint64_t>(Hypercall::control) && zone_->has_control();
        // Held for long; a CPU that does not get it lets its guest ask again, with interrupts on.
        if (control && !scratch_lock.try_lock()) {
            context_.pc -= 4;
            return ExitReason::hypercall;
        }
        answer = static_cast<std::uint64_t>(do_hypercall(
            *zone_, managed_zones(), {gpr[4], {gpr[5], gpr[6], gpr[7], gpr[8]}}, scratch));
        if (control) scratch_lock.unlock();
    }
    return ExitReason::hypercall;
}

ExitReason Vcpu::handle_memory() {
    MmioAccess access;
    if (!decode_mmio(static_cast<std::uint32_t>(context_.badi), access)) {
        park("accesses a device with an instruction that cannot");
        return ExitReason::memory;
    }
    const Gpa where{context_.badv};
    const auto nothing_there = [this] {
        park("accesses an address where nothing is");
        return ExitReason::memory;
    };
    if (access.store) {
        if (!zone_->bus().try_write(where, access.size, context_.gpr[access.rd])) {
            return nothing_there();
        }
        context_.pc += 4;
        return is_kick(where) ? ExitReason::kick : ExitReason::mmio;
    }
    const auto read = zone_->bus().try_read(where, access.size);
    if (!read.has_value()) return nothing_there();
    context_.pc += 4;
    if (access.rd != 0) {
        context_.gpr[access.rd] = access.sign ? sign_extend(*read, access.size) : *read;
    }
    return ExitReason::mmio;
}

ExitReason Vcpu::handle_sensitive() {
    const Sensitive what = decode_sensitive(static_cast<std::uint32_t>(context_.badi));
    const auto operand = static_cast<std::uint32_t>(context_.gpr[what.rj]);
    const auto set_rd = [&](std::uint64_t value) {
        if (what.rd != 0) context_.gpr[what.rd] = value;
    };
    context_.pc += 4;
    switch (what.kind) {
        case SensitiveKind::cpucfg:
            set_rd(sign_extend(guest_cpucfg(operand, read_cpucfg(operand)), 4));
            return ExitReason::cpucfg;
        case SensitiveKind::csr:
            set_rd(0);
            return ExitReason::csr;
        case SensitiveKind::cacop:
            return ExitReason::cacop;
        case SensitiveKind::iocsr_read:
            set_rd(sign_extend(zone_->iocsr().read(index_, operand, what.size), what.size));
            return ExitReason::iocsr;
        case SensitiveKind::iocsr_write:
            zone_->iocsr().write(index_, operand, what.size, context_.gpr[what.rd]);
            return is_ipi(operand) ? ExitReason::ipi : ExitReason::iocsr;
        case SensitiveKind::idle:
            idle();
            return ExitReason::idle;
        case SensitiveKind::root_csr:
            context_.pc -= 4;
            park("touches a register of the hypervisor");
            return ExitReason::csr;
        case SensitiveKind::unknown:
            break;
    }
    context_.pc -= 4;
    park("leaves with an instruction that it must not use");
    return ExitReason::other;
}

bool Vcpu::guest_interrupt_pending() const {
    const std::uint64_t enabled = read_guest_csr<csr::ecfg::number>();
    return (read_guest_csr<csr::estat::number>() & enabled & csr::estat::IS::mask) != 0;
}

/// Between two turns of device work interrupts are looked at; after some the guest has its turn,
/// and a timer brings the CPU back.
void Vcpu::serve_devices() {
    devices_wait_ = false;
    if (zone_->devices().has_work()) serve_pending_devices();
}

void Vcpu::serve_pending_devices() {
    for (unsigned turn = 0; zone_->devices().serve(); ++turn) {
        look_at_host_events("devices");
        if (turn < device_turns && zone_->life().may_run()) continue;
        devices_wait_ = true;
        arm_host_timer(device_break());
        return;
    }
}

/// Sleeps until the guest has an interrupt that it enabled, whatever its CRMD.IE says.
void Vcpu::idle() {
    for (;;) {
        serve_devices();
        sync_lines();
        // Read before the look at what is pending: a timer that fires in between tells nothing of
        // itself any more, but then it is pending.
        GuestTimer timer;
        timer.config = read_guest_csr<csr::tcfg::number>();
        timer.value = read_guest_csr<csr::TVAL>();
        if (guest_interrupt_pending() || !zone_->life().may_run()) break;
        // A little later than the guest's own, which is what ends the sleep.
        const auto left = ticks_to_expiry(timer);
        std::uint64_t ticks = left.has_value() ? *left + timer_step : csr::tcfg::count_mask;
        if (devices_wait_ && ticks > device_break()) ticks = device_break();
        arm_host_timer(ticks);
        sleep_until_interrupt();
        take_host_events("idle");
    }
    begin_watch();
}

void Vcpu::park(const char* why) {
    zone_->park(*this, why);
}

}  // namespace lkvm::hv
