// SPDX-License-Identifier: GPL-2.0-or-later
// Run loop, exceptions, interrupts and timer of the software CPU. LA Vol.1 §6, §7.6.
#include "loongarch/soft/cpu.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "loongarch/soft/dispatch.hpp"

namespace lkvm::la {

using namespace csr;  // register names as in the manual

Cpu::Cpu(System& system, unsigned index, const CpuConfig& config, std::span<std::byte> code_memory)
    : system_(system)
    , index_(index)
    , config_(config)
    , blocks_(code_memory) {
    reset();
}

namespace {

void reset_bank(CsrBank& bank, unsigned index) {
    bank.reg.fill(0);
    bank.reg[crmd::number] = crmd::DA::mask;
    bank.reg[asid::number] = asid::ASIDBITS::put(0, 10);
    bank.reg[CPUID] = index;
    bank.reg[TID] = index;
    bank.reg[PRCFG1] = save_count | ((timer_bits - 1) << 4) | (7u << 12);
    bank.reg[PRCFG2] = 0x3ffff000;  // page sizes 2^12 to 2^29
    bank.reg[PRCFG3] = 2u | ((Tlb::mtlb_entries - 1) << 4) | ((Tlb::ways - 1) << 12) | (8u << 20);
    bank.reg[stlbps::number] = 12;
    bank.deadline.store(UINT64_MAX, std::memory_order_relaxed);
    bank.ll = {};
    bank.non_global_high = false;
}

}  // namespace

void Cpu::reset() {
    gpr.fill(0);
    vr.fill(VectorRegister{});
    fcc.fill(0);
    fcsr = 0;
    fp_pending = {};
    ll = {};
    guest_.is_guest = true;
    reset_bank(root_, index_);
    reset_bank(guest_, index_);
    if (config_.has_lvz()) {
        root_.reg[gstat::number] = gstat::GIDBIT::put(0, config_.gid_bits);
        root_.reg[gcfg::number] = gcfg::capabilities;
    }
    if (in_guest()) guest_instructions_ += instructions - guest_entered_at_;
    bank_ = &root_;
    csr_ = root_.reg.data();
    tlb_.remove_if([](const TlbEntry&) { return true; });
    lines_.store(0, std::memory_order_relaxed);
    for (SoftTlb& cache : soft_tlbs_) cache.flush();
    jump_cache_.clear();
    pc = 0;
    ++resets_;
    update_mode();
}

void Cpu::enter_world(bool guest) {
    if (guest == bank_->is_guest) return;
    CsrBank& other = guest ? guest_ : root_;
    bank_->ll = ll;
    ll = other.ll;
    bank_ = &other;
    csr_ = other.reg.data();
    if (guest) {
        guest_entered_at_ = instructions;
    } else {
        guest_instructions_ += instructions - guest_entered_at_;
    }
    update_mode();
}

std::uint64_t Cpu::guest_instructions() const {
    return guest_instructions_ + (in_guest() ? instructions - guest_entered_at_ : 0);
}

std::uint64_t Cpu::stable_counter() {
    // KVM takes its own rdtime, root's CNTC included, as the base of a guest's offset.
    const std::uint64_t roots = system_.counter() + root_.reg[CNTC];
    return in_guest() ? roots + root_.reg[GCNTC] + guest_.reg[CNTC] : roots;
}

void Cpu::update_mode() {
    const std::uint64_t mode = csr_[crmd::number];
    const unsigned level = crmd::PLV::get(mode);
    const bool direct = crmd::DA::get(mode);
    // In the guest a unit is usable if both worlds enable it.
    std::uint64_t enables = csr_[euen::number];
    if (bank_->is_guest) enables &= root_.reg[euen::number];
    link_ = nullptr;  // the next block may be of another mode than the one that wants the link
    mode_.bits = 0;
    if (bank_->is_guest) mode_.bits |= BlockMode::guest;
    if (level == 0) mode_.bits |= BlockMode::privileged;
    if (euen::FPE::get(enables)) mode_.bits |= BlockMode::fp;
    if (euen::SXE::get(enables)) mode_.bits |= BlockMode::lsx;
    if (euen::ASXE::get(enables)) mode_.bits |= BlockMode::lasx;
    if (one_by_one_ || tracer_ != nullptr) mode_.bits |= BlockMode::single_step;
    SoftTlb* const caches = soft_tlbs_of(*bank_);
    if (direct) {
        data_tlb = &caches[2];
    } else if (level == 0) {
        data_tlb = &caches[0];
    } else {
        if (level != bank_->user_plv) {
            caches[1].flush();
            bank_->user_plv = level;
        }
        data_tlb = &caches[1];
    }
    const std::uint64_t low = asid::ASID::get(csr_[asid::number]) |
                              std::uint64_t{mode_.bits} << 16 | std::uint64_t{level} << 24 |
                              std::uint64_t{direct} << 26;
    contexts[0] = low | bank_->epochs[0] << 32;
    contexts[1] = (low & ~asid::ASID::mask) | bank_->epochs[1] << 32;
}

std::uint64_t Cpu::estat(const CsrBank& bank) const {
    const std::uint64_t lines = lines_.load(std::memory_order_acquire);
    if (!bank.is_guest) return bank.reg[estat::number] | lines;
    const std::uint64_t control = root_.reg[gintc::number];
    const std::uint64_t passed = gintc::PIP::get(control) & estat::HWI::get(lines);
    return estat::HWI::put(bank.reg[estat::number],
                           static_cast<unsigned>(gintc::VIP::get(control) | passed));
}

bool Cpu::exits_guest(Exception exception, bool stage2) const {
    if (!in_guest()) return false;
    if (stage2) return true;
    const std::uint64_t own = guest_.reg[euen::number];
    switch (exception) {
        case Exception::GSPR:
        case Exception::HVC:
            return true;
        // The unit is off: the guest's doing if it has not enabled it, otherwise root's.
        case Exception::FPD:
            return euen::FPE::get(own);
        case Exception::SXD:
            return euen::SXE::get(own);
        case Exception::ASXD:
            return euen::ASXE::get(own);
        default:
            return false;
    }
}

void Cpu::deliver_refill(std::uint64_t fault_pc, std::uint64_t address, bool from_guest) {
    const std::uint64_t mode = csr_[crmd::number];
    std::uint64_t previous = csr_[tlbrprmd::number];
    previous = tlbrprmd::PPLV::put(previous, crmd::PLV::get(mode));
    previous = tlbrprmd::PIE::put(previous, crmd::IE::get(mode));
    previous = tlbrprmd::PWE::put(previous, crmd::WE::get(mode));
    csr_[tlbrprmd::number] = tlbrprmd::PGM::put(previous, from_guest);
    csr_[tlbrera::number] = (fault_pc & tlbrera::PC::mask) | tlbrera::IsTLBR::mask;
    csr_[TLBRBADV] = address;
    csr_[tlbrehi::number] =
        (csr_[tlbrehi::number] & tlbrehi::PS::mask) | (address & tlbrehi::VPPN::mask);
    const std::uint64_t now = mode & ~(crmd::PLV::mask | crmd::IE::mask | crmd::WE::mask);
    csr_[crmd::number] = crmd::DA::put(crmd::PG::put(now, false), true);
    pc = csr_[TLBRENTRY];
    update_mode();
}

void Cpu::deliver(Exception exception, std::uint64_t fault_pc, std::uint64_t address,
                  std::optional<std::uint32_t> word, bool stage2) {
    const bool from_guest = exits_guest(exception, stage2);
    if (from_guest) {
        enter_world(false);
        csr_[gstat::number] = gstat::PVM::put(csr_[gstat::number], true);
    }
    if (word) csr_[BADI] = *word;
    if (exception == Exception::TLBR) return deliver_refill(fault_pc, address, from_guest);
    const std::uint64_t mode = csr_[crmd::number];
    std::uint64_t previous = prmd::PPLV::put(0, crmd::PLV::get(mode));
    previous = prmd::PIE::put(previous, crmd::IE::get(mode));
    previous = prmd::PWE::put(previous, crmd::WE::get(mode));
    csr_[prmd::number] = previous;
    csr_[ERA] = fault_pc;
    const std::uint32_t code = ecode(exception);
    csr_[estat::number] =
        estat::EsubCode::put(estat::Ecode::put(csr_[estat::number], code), esubcode(exception));
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
        default:
            break;
    }
    csr_[crmd::number] = mode & ~(crmd::PLV::mask | crmd::IE::mask | crmd::WE::mask);
    unsigned vector = code;
    if (exception == Exception::INT) {
        const std::uint64_t pending = estat() & ecfg::LIE::get(csr_[ecfg::number]);
        vector = 64 + (63 - static_cast<unsigned>(__builtin_clzll(pending | 1)));
    }
    const unsigned spacing = ecfg::VS::get(csr_[ecfg::number]);
    pc = csr_[EENTRY] | (spacing == 0 ? 0 : std::uint64_t{vector} * (4u << spacing));
    update_mode();
}

void Cpu::return_from_exception() {
    std::uint64_t mode = csr_[crmd::number];
    bool to_guest = false;
    if (tlbrera::IsTLBR::get(csr_[tlbrera::number])) {
        const std::uint64_t previous = csr_[tlbrprmd::number];
        to_guest = tlbrprmd::PGM::get(previous);
        mode = crmd::PLV::put(mode, tlbrprmd::PPLV::get(previous));
        mode = crmd::IE::put(mode, tlbrprmd::PIE::get(previous));
        mode = crmd::WE::put(mode, tlbrprmd::PWE::get(previous));
        mode = crmd::PG::put(crmd::DA::put(mode, false), true);
        pc = csr_[tlbrera::number] & tlbrera::PC::mask;
        csr_[tlbrera::number] &= ~tlbrera::IsTLBR::mask;
    } else {
        const std::uint64_t previous = csr_[prmd::number];
        to_guest = gstat::PVM::get(csr_[gstat::number]);
        mode = crmd::PLV::put(mode, prmd::PPLV::get(previous));
        mode = crmd::IE::put(mode, prmd::PIE::get(previous));
        mode = crmd::WE::put(mode, prmd::PWE::get(previous));
        pc = csr_[ERA];
        // The refill handler's ertn leaves the reservation alone, every other one ends it.
        if (!llbctl::KLO::get(csr_[llbctl::number])) ll.valid = false;
        csr_[llbctl::number] &= ~llbctl::KLO::mask;
    }
    csr_[crmd::number] = mode;
    if (to_guest && !in_guest() && config_.has_lvz()) return enter_world(true);
    update_mode();
}

bool Cpu::interrupt_due(const CsrBank& bank) const {
    return crmd::IE::get(bank.reg[crmd::number]) &&
           (estat(bank) & ecfg::LIE::get(bank.reg[ecfg::number])) != 0;
}

void Cpu::check_interrupts() {
    // Root comes first, also while the guest runs.
    if (in_guest() && interrupt_due(root_)) {
        enter_world(false);
        csr_[gstat::number] = gstat::PVM::put(csr_[gstat::number], true);
        return deliver(Exception::INT, pc, 0, std::nullopt);
    }
    if (interrupt_due(*bank_)) deliver(Exception::INT, pc, 0, std::nullopt);
}

void Cpu::service() {
    // Cleared first: whoever asks from now on sets it again.
    attention.exchange(tracer_ != nullptr, std::memory_order_acq_rel);
    system_.safepoint().poll();
    if (system_.hold_requested()) {
        leave_guest();
        system_.wait_while_held();
        enter_guest();
    }
    update_timers();
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
        case Leave::exception:
            // Somebody changed the code meanwhile: the instruction in memory decides, not this one.
            if (block->discarded) {
                pc = at;
            } else {
                deliver(raised, at, bad_address, word_at(leave_op), raised_stage2_);
            }
            break;
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

void Cpu::yield() {
    std::this_thread::yield();
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
    enter_guest();
    one_by_one_ = true;
    update_mode();
    for (; steps != 0 && !stop_.load(std::memory_order_relaxed); --steps) {
        service();
        // Keeps chained handlers from going on by themselves.
        attention.store(true, std::memory_order_relaxed);
        run_chain();
    }
    one_by_one_ = false;
    update_mode();
    leave_guest();
    System::current_cpu = nullptr;
}

void Cpu::enter_guest() {
    system_.safepoint().enter();
    inside_ = true;
}

void Cpu::leave_guest() {
    inside_ = false;
    system_.safepoint().leave();
}

void Cpu::run() {
    System::current_cpu = this;
    enter_guest();
    while (!stop_.load(std::memory_order_relaxed)) {
        if (attention.load(std::memory_order_relaxed)) {
            service();
        } else {
            check_interrupts();
        }
        run_chain();
    }
    leave_guest();
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

void Cpu::request_attention() {
    attention.store(true, std::memory_order_seq_cst);
}

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
    update_timers();
    if (pending()) return;
    leave_guest();
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
        update_timers();
    }
    enter_guest();
}

void Cpu::arm_timer(CsrBank& bank, std::uint64_t ticks) {
    std::uint64_t deadline = UINT64_MAX;
    if (tcfg::En::get(bank.reg[tcfg::number])) deadline = system_.counter() + ticks;
    bank.deadline.store(deadline, std::memory_order_relaxed);
    if (deadline != UINT64_MAX) system_.timers().arm(*this, deadline);
}

void Cpu::update_timer(CsrBank& bank) {
    const std::uint64_t deadline = bank.deadline.load(std::memory_order_relaxed);
    if (deadline == UINT64_MAX) return;
    const std::uint64_t now = system_.counter();
    if (now < deadline) return;
    bank.reg[estat::number] |= estat::TI::mask;
    const std::uint64_t config = bank.reg[tcfg::number];
    std::uint64_t next = UINT64_MAX;
    if (tcfg::Periodic::get(config)) {
        // A period of 0 would never let the CPU do anything else.
        const std::uint64_t period = std::max<std::uint64_t>(config & tcfg::count_mask, 4);
        next = deadline + ((now - deadline) / period + 1) * period;
        system_.timers().arm(*this, next);
    }
    bank.deadline.store(next, std::memory_order_relaxed);
}

void Cpu::update_timers() {
    update_timer(root_);
    update_timer(guest_);
}

std::uint64_t Cpu::timer_value(CsrBank& bank) {
    constexpr std::uint64_t all_ones = (std::uint64_t{1} << timer_bits) - 1;
    update_timer(bank);
    if (!tcfg::En::get(bank.reg[tcfg::number])) return bank.reg[TVAL];
    const std::uint64_t deadline = bank.deadline.load(std::memory_order_relaxed);
    if (deadline == UINT64_MAX) return all_ones;  // a one-shot that fired
    const std::uint64_t now = system_.counter();
    return deadline > now ? (deadline - now) & all_ones : 0;
}

void Cpu::revoke_writes(std::uint64_t host_page) {
    for (SoftTlb& cache : soft_tlbs_) cache.revoke_writes(host_page);
}

void Cpu::discard_code(std::uint64_t physical_page) {
    if (!blocks_.discard_page(physical_page)) return;
    forget_blocks();
    request_attention();
}

void Cpu::next_epoch(CsrBank& bank, std::uint64_t half) {
    // A guest can count through all epochs in minutes, and entries of 2^32 epochs ago may lead to
    // blocks that were freed long since.
    if ((++bank.epochs[half] & epoch_mask) == 0) jump_cache_.clear();
}

void Cpu::forget_blocks() {
    for (CsrBank* bank : {&root_, &guest_}) {
        next_epoch(*bank, 0);
        next_epoch(*bank, 1);
    }
    update_mode();
}

void Cpu::set_marker_sink(MarkerSink sink, void* context) {
    marker_sink_ = sink;
    marker_context_ = context;
}

void Cpu::note_marker(const Op& op) const {
    if (marker_sink_ == nullptr) return;
    // All of a block is counted when it is entered.
    const auto ahead = block->count - static_cast<std::uint64_t>(&op - block->ops());
    marker_sink_(marker_context_, *this,
                 {static_cast<unsigned>(op.imm), instructions - ahead,
                  in_guest() ? guest_instructions() - ahead : guest_instructions()});
}

void Cpu::set_tracer(Tracer tracer, void* context) {
    tracer_ = tracer;
    tracer_context_ = context;
    update_mode();
    request_attention();
}

}  // namespace lkvm::la
