// SPDX-License-Identifier: GPL-2.0-or-later
// Run loop, exceptions, interrupts and timer of the software CPU. LA Vol.1 §6, §7.6.
#include "loongarch/soft/cpu.hpp"

#include <chrono>

#include "loongarch/soft/dispatch.hpp"

namespace lkvm::la {

using namespace csr;  // register names as in the manual

Cpu::Cpu(System& system, unsigned index, const CpuConfig& config, std::size_t code_cache_bytes)
    : system_(system)
    , index_(index)
    , config_(config)
    , blocks_(code_cache_bytes) {
    reset();
}

void Cpu::reset() {
    gpr.fill(0);
    vr.fill(VectorRegister{});
    fcc.fill(0);
    fcsr = 0;
    ll = {};
    csr_.fill(0);
    csr_[crmd::number] = crmd::DA::mask;
    csr_[asid::number] = asid::ASIDBITS::put(0, 10);
    csr_[CPUID] = index_;
    csr_[TID] = index_;
    csr_[PRCFG1] = save_count | ((timer_bits - 1) << 4) | (7u << 12);
    csr_[PRCFG2] = 0x3ffff000;  // page sizes 2^12 to 2^29
    csr_[PRCFG3] = 2u | ((Tlb::mtlb_entries - 1) << 4) | ((Tlb::ways - 1) << 12) | (8u << 20);
    csr_[stlbps::number] = 12;
    tlb_.remove_if([](const TlbEntry&) { return true; });
    lines_.store(0, std::memory_order_relaxed);
    timer_deadline_.store(UINT64_MAX, std::memory_order_relaxed);
    for (SoftTlb& cache : soft_tlbs_) cache.flush();
    ++epochs_[0];
    ++epochs_[1];
    non_global_high_ = false;
    pc = 0;
    ++resets_;
    update_mode();
}

void Cpu::update_mode() {
    const std::uint64_t mode = csr_[crmd::number];
    const unsigned level = crmd::PLV::get(mode);
    const bool direct = crmd::DA::get(mode);
    const std::uint64_t enables = csr_[euen::number];
    mode_.bits = 0;
    if (level == 0) mode_.bits |= BlockMode::privileged;
    if (euen::FPE::get(enables)) mode_.bits |= BlockMode::fp;
    if (euen::SXE::get(enables)) mode_.bits |= BlockMode::lsx;
    if (euen::ASXE::get(enables)) mode_.bits |= BlockMode::lasx;
    if (one_by_one_ || tracer_ != nullptr) mode_.bits |= BlockMode::single_step;
    if (direct) {
        data_tlb = &soft_tlbs_[2];
    } else if (level == 0) {
        data_tlb = &soft_tlbs_[0];
    } else {
        if (level != user_tlb_plv_) {
            soft_tlbs_[1].flush();
            user_tlb_plv_ = level;
        }
        data_tlb = &soft_tlbs_[1];
    }
    const std::uint64_t low = asid::ASID::get(csr_[asid::number]) | std::uint64_t{mode_.bits} << 16 |
                              std::uint64_t{level} << 24 | std::uint64_t{direct} << 26;
    contexts[0] = low | epochs_[0] << 32;
    contexts[1] = (low & ~asid::ASID::mask) | epochs_[1] << 32;
}

std::uint64_t Cpu::estat() const {
    return csr_[estat::number] | lines_.load(std::memory_order_acquire);
}

void Cpu::deliver(Exception exception, std::uint64_t fault_pc, std::uint64_t address,
                  std::uint32_t word) {
    const std::uint64_t mode = csr_[crmd::number];
    std::uint64_t now = mode & ~(crmd::PLV::mask | crmd::IE::mask | crmd::WE::mask);
    if (exception == Exception::TLBR) {
        std::uint64_t previous = csr_[tlbrprmd::number] & ~tlbrprmd::writable;
        previous = tlbrprmd::PPLV::put(previous, crmd::PLV::get(mode));
        previous = tlbrprmd::PIE::put(previous, crmd::IE::get(mode));
        previous = tlbrprmd::PWE::put(previous, crmd::WE::get(mode));
        csr_[tlbrprmd::number] = previous;
        csr_[tlbrera::number] = (fault_pc & tlbrera::PC::mask) | tlbrera::IsTLBR::mask;
        csr_[TLBRBADV] = address;
        csr_[tlbrehi::number] = (csr_[tlbrehi::number] & tlbrehi::PS::mask) |
                                (address & tlbrehi::VPPN::mask);
        now = crmd::DA::put(crmd::PG::put(now, false), true);
        csr_[crmd::number] = now;
        pc = csr_[TLBRENTRY];
        update_mode();
        return;
    }
    std::uint64_t previous = prmd::PPLV::put(0, crmd::PLV::get(mode));
    previous = prmd::PIE::put(previous, crmd::IE::get(mode));
    previous = prmd::PWE::put(previous, crmd::WE::get(mode));
    csr_[prmd::number] = previous;
    csr_[ERA] = fault_pc;
    const std::uint32_t code = ecode(exception);
    csr_[estat::number] = estat::EsubCode::put(
        estat::Ecode::put(csr_[estat::number], code), esubcode(exception));
    switch (exception) {
        case Exception::PIL:
        case Exception::PIS:
        case Exception::PIF:
        case Exception::PME:
        case Exception::PNR:
        case Exception::PNX:
        case Exception::PPI:
            csr_[tlbehi::number] = address & tlbehi::VPPN::mask;
            csr_[BADV] = address;
            break;
        case Exception::ADEF:
        case Exception::ADEM:
        case Exception::ALE:
        case Exception::BCE:
            csr_[BADV] = address;
            break;
        default: break;
    }
    if (exception != Exception::INT && exception != Exception::PIF &&
        exception != Exception::ADEF && exception != Exception::PNX) {
        csr_[BADI] = word;
    }
    csr_[crmd::number] = now;
    unsigned vector = code;
    if (exception == Exception::INT) {
        const std::uint64_t pending = estat() & ecfg::LIE::get(csr_[ecfg::number]);
        vector = 64 + (63 - static_cast<unsigned>(__builtin_clzll(pending | 1)));
    }
    const unsigned spacing = ecfg::VS::get(csr_[ecfg::number]);
    pc = csr_[EENTRY] + (spacing == 0 ? 0 : std::uint64_t{vector} * (4u << spacing));
    update_mode();
}

void Cpu::return_from_exception() {
    std::uint64_t mode = csr_[crmd::number];
    if (tlbrera::IsTLBR::get(csr_[tlbrera::number])) {
        const std::uint64_t previous = csr_[tlbrprmd::number];
        mode = crmd::PLV::put(mode, tlbrprmd::PPLV::get(previous));
        mode = crmd::IE::put(mode, tlbrprmd::PIE::get(previous));
        mode = crmd::WE::put(mode, tlbrprmd::PWE::get(previous));
        mode = crmd::PG::put(crmd::DA::put(mode, false), true);
        pc = csr_[tlbrera::number] & tlbrera::PC::mask;
        csr_[tlbrera::number] &= ~tlbrera::IsTLBR::mask;
    } else {
        const std::uint64_t previous = csr_[prmd::number];
        mode = crmd::PLV::put(mode, prmd::PPLV::get(previous));
        mode = crmd::IE::put(mode, prmd::PIE::get(previous));
        mode = crmd::WE::put(mode, prmd::PWE::get(previous));
        pc = csr_[ERA];
        // The refill handler's ertn leaves the reservation alone, every other one ends it.
        if (!llbctl::KLO::get(csr_[llbctl::number])) ll.valid = false;
        csr_[llbctl::number] &= ~llbctl::KLO::mask;
    }
    csr_[crmd::number] = mode;
    update_mode();
}

void Cpu::check_interrupts() {
    if (!crmd::IE::get(csr_[crmd::number])) return;
    if ((estat() & ecfg::LIE::get(csr_[ecfg::number])) == 0) return;
    deliver(Exception::INT, pc, 0, 0);
}

void Cpu::service() {
    // Cleared first: whoever asks from now on sets it again.
    attention.exchange(tracer_ != nullptr, std::memory_order_acq_rel);
    system_.safepoint().poll();
    if (system_.hold_requested()) {
        inside_ = false;
        system_.safepoint().leave();
        system_.wait_while_held();
        system_.safepoint().enter();
        inside_ = true;
    }
    update_timer();
    check_interrupts();
}

std::uint32_t Cpu::word_at(const Op* op) const {
    std::uint32_t word = 0;
    __builtin_memcpy(&word, block->code + 4 * (op - block->ops()), sizeof(word));
    return word;
}

void Cpu::finish_chain() {
    if (leave == Leave::jump) return;
    const auto done = static_cast<std::uint64_t>(leave_op - block->ops());
    const std::uint64_t at = pc_of(leave_op);
    instructions -= block->count - done;
    switch (leave) {
        case Leave::exception: {
            const bool fetch_like = raised == Exception::TLBR;
            deliver(raised, at, bad_address, fetch_like ? 0 : word_at(leave_op));
            break;
        }
        case Leave::idle:
            pc = at + 4;
            ++instructions;
            wait_for_interrupt();
            break;
        default:
            pc = at + 4;
            ++instructions;
            break;
    }
    leave = Leave::jump;
}

void Cpu::run_chain() {
    Block* const first = find_block();
    if (first == nullptr) return;
    if (tracer_ != nullptr) {
        std::uint32_t word = 0;
        __builtin_memcpy(&word, first->code, sizeof(word));
        tracer_(tracer_context_, *this, pc, word);
    }
    leave = Leave::jump;
    const Op* const op = enter(*this, first, pc);
    op->run(*this, op);
    finish_chain();
}

void Cpu::step(std::uint64_t steps) {
    System::current_cpu = this;
    system_.safepoint().enter();
    inside_ = true;
    one_by_one_ = true;
    update_mode();
    const std::uint64_t end = instructions + steps;
    while (instructions < end && !stop_.load(std::memory_order_relaxed)) {
        service();
        // Keeps chained handlers from going on by themselves.
        attention.store(true, std::memory_order_relaxed);
        run_chain();
    }
    one_by_one_ = false;
    update_mode();
    inside_ = false;
    system_.safepoint().leave();
    System::current_cpu = nullptr;
}

void Cpu::run() {
    System::current_cpu = this;
    system_.safepoint().enter();
    inside_ = true;
    while (!stop_.load(std::memory_order_relaxed)) {
        if (attention.load(std::memory_order_relaxed)) {
            service();
        } else {
            check_interrupts();
        }
        run_chain();
    }
    inside_ = false;
    system_.safepoint().leave();
    System::current_cpu = nullptr;
}

void Cpu::stop() {
    stop_.store(true, std::memory_order_relaxed);
    request_attention();
    wake();
}

void Cpu::set_line(unsigned line, bool level) {
    constexpr std::uint32_t allowed = estat::HWI::mask | estat::IPI::mask;
    if (line >= 32 || ((1u << line) & allowed) == 0) return;
    if (!level) {
        lines_.fetch_and(~(1u << line), std::memory_order_acq_rel);
        return;
    }
    lines_.fetch_or(1u << line, std::memory_order_acq_rel);
    request_attention();
    wake();
}

void Cpu::request_attention() { attention.store(true, std::memory_order_seq_cst); }

void Cpu::wake() {
    const std::lock_guard lock{idle_mutex_};
    wake_ = true;
    idle_.notify_one();
}

void Cpu::wait_for_interrupt() {
    const auto pending = [this] {
        return (estat() & ecfg::LIE::get(csr_[ecfg::number])) != 0 ||
               stop_.load(std::memory_order_relaxed);
    };
    update_timer();
    if (pending()) return;
    inside_ = false;
    system_.safepoint().leave();
    const std::uint64_t life = resets_;
    while (!pending() && resets_ == life) {
        std::unique_lock lock{idle_mutex_};
        const std::uint64_t deadline = timer_deadline();
        const auto woken = [this, &pending] { return wake_ || pending(); };
        if (deadline == UINT64_MAX) {
            idle_.wait(lock, woken);
        } else {
            const std::uint64_t now = system_.counter();
            const std::uint64_t ticks = deadline > now ? deadline - now : 0;
            const std::uint64_t bounded = ticks < 3600 * counter_hz ? ticks : 3600 * counter_hz;
            idle_.wait_for(lock, std::chrono::nanoseconds{bounded * 10}, woken);
        }
        wake_ = false;
        lock.unlock();
        if (system_.hold_requested()) system_.wait_while_held();
        update_timer();
    }
    system_.safepoint().enter();
    inside_ = true;
}

void Cpu::arm_timer() {
    const std::uint64_t config = csr_[tcfg::number];
    std::uint64_t deadline = UINT64_MAX;
    if (tcfg::En::get(config)) deadline = system_.counter() + (config & tcfg::count_mask);
    timer_deadline_.store(deadline, std::memory_order_relaxed);
    if (deadline != UINT64_MAX) system_.timers().arm(*this, deadline);
}

void Cpu::update_timer() {
    const std::uint64_t deadline = timer_deadline();
    if (deadline == UINT64_MAX) return;
    const std::uint64_t now = system_.counter();
    if (now < deadline) return;
    csr_[estat::number] |= estat::TI::mask;
    const std::uint64_t config = csr_[tcfg::number];
    std::uint64_t next = UINT64_MAX;
    if (tcfg::Periodic::get(config)) {
        const std::uint64_t period = (config & tcfg::count_mask) | 4;
        next = deadline + ((now - deadline) / period + 1) * period;
        system_.timers().arm(*this, next);
    }
    timer_deadline_.store(next, std::memory_order_relaxed);
}

std::uint64_t Cpu::timer_value() {
    constexpr std::uint64_t all_ones = (std::uint64_t{1} << timer_bits) - 1;
    update_timer();
    if (!tcfg::En::get(csr_[tcfg::number])) return csr_[TVAL];
    const std::uint64_t deadline = timer_deadline();
    if (deadline == UINT64_MAX) return all_ones;  // a one-shot that fired
    const std::uint64_t now = system_.counter();
    return deadline > now ? (deadline - now) & all_ones : 0;
}

void Cpu::revoke_writes(std::uint64_t host_page) {
    for (SoftTlb& cache : soft_tlbs_) cache.revoke_writes(host_page);
}

void Cpu::discard_code(std::uint64_t physical_page) {
    if (!blocks_.discard_page(physical_page)) return;
    ++epochs_[0];
    ++epochs_[1];
    update_mode();
    request_attention();
}

void Cpu::set_tracer(Tracer tracer, void* context) {
    tracer_ = tracer;
    tracer_context_ = context;
    update_mode();
    request_attention();
}

}  // namespace lkvm::la
