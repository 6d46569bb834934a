// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/kvm/vcpu.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include "loongarch/csr/csr.hpp"
#include "vmm/text.hpp"

#include <pthread.h>
#include <sys/mman.h>

namespace lkvm::vmm::kvm {
namespace {

namespace csr = la::csr;

/// Does nothing: its arrival ends KVM_RUN.
void on_kick(int) {}

int kick_signal() {
    return SIGRTMIN;
}

void install_kick_handler() {
    struct sigaction action{};
    action.sa_handler = on_kick;
    ::sigaction(kick_signal(), &action, nullptr);
}

}  // namespace

Vcpu::Vcpu(unsigned index, ExitServices services, std::function<void(const std::string&)> fatal)
    : index_(index)
    , services_(services)
    , fatal_(std::move(fatal)) {}

Vcpu::~Vcpu() {
    if (run_ != nullptr) ::munmap(run_, run_size_);
}

bool Vcpu::set_reg(std::uint64_t id, std::uint64_t value) {
    OneReg reg{id, reinterpret_cast<std::uint64_t>(&value)};
    return ask(fd_.value(), set_one_reg, &reg) == 0;
}

Outcome<> Vcpu::set_cpucfg(const GuestFeatures& features) {
    for (const unsigned word : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 16u, 17u, 18u, 19u, 20u}) {
        if (word == 6 && !features.pmu) continue;
        std::uint64_t mask = 0;
        DeviceAttr attr{0, vcpu_cpucfg_group, word, reinterpret_cast<std::uint64_t>(&mask)};
        if (ask(fd_.value(), get_device_attr, &attr) != 0) mask = 0xffffffff;
        std::uint64_t value = host_cpucfg(word) & mask;
        if (word == 1) {
            // Guests have one physical address bit less than virtual ones; no message interrupts.
            const std::uint64_t virtual_field = (value >> 12) & 0xff;
            value = (value & ~std::uint64_t{0xff0}) | (virtual_field - 1) << 4;
            value &= ~(std::uint64_t{1} << 26);
        }
        if (word == 2) value &= ~std::uint64_t{features.cpucfg2_cleared};
        if (!set_reg(cpucfg_reg(word), value)) {
            return setup_failure(text("KVM refuses CPUCFG word ", word, " = ", Hex{value}, ": ",
                                      std::strerror(errno)));
        }
    }
    if (!features.set_paravirtual) return {};
    std::uint64_t value = features.paravirtual;
    DeviceAttr attr{0, vcpu_cpucfg_group, cpucfg_pv_features,
                    reinterpret_cast<std::uint64_t>(&value)};
    if (ask(fd_.value(), set_device_attr, &attr) != 0) {
        return setup_failure(
            text("KVM refuses the paravirtual features ", Hex{value}, ": ", std::strerror(errno)));
    }
    return {};
}

Outcome<> Vcpu::create(const Host& host, int vm_fd, const GuestFeatures& features) {
    fd_ = UniqueFd{ask(vm_fd, create_vcpu, static_cast<unsigned long>(index_))};
    if (!fd_.valid()) {
        return setup_failure(text("KVM cannot make vCPU ", index_, ": ", std::strerror(errno)));
    }
    run_size_ = host.run_size();
    void* const mapping =
        ::mmap(nullptr, run_size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.value(), 0);
    if (mapping == MAP_FAILED) {
        return setup_failure(text("cannot map vCPU ", index_, ": ", std::strerror(errno)));
    }
    run_ = static_cast<Run*>(mapping);
    LKVM_CHECK(set_cpucfg(features));
    if (!set_reg(csr_reg(csr::CPUID), index_)) {
        return setup_failure(text("KVM refuses CPUID ", index_, ": ", std::strerror(errno)));
    }
    return {};
}

void Vcpu::reset(const VcpuStart& start) {
    // Everything that a guest can have changed; registers that a kernel does not know are refused,
    // which is as good.
    static_cast<void>(set_reg(vcpu_reset_reg, 0));
    static_cast<void>(set_reg(csr_reg(csr::tcfg::number), 0));
    for (unsigned number = 0; number < 0x190; ++number) {
        switch (number) {
            case csr::CPUID:
            case csr::PRCFG1:
            case csr::PRCFG2:
            case csr::PRCFG3:
            case csr::tcfg::number:
                continue;
            default:
                break;
        }
        const bool known =
            number <= csr::EENTRY || (number >= csr::tlbidx::number && number <= csr::RVACFG) ||
            (number >= csr::SAVE0 && number < csr::SAVE0 + csr::save_count) ||
            (number >= csr::TID && number <= csr::TICLR) || number == csr::llbctl::number ||
            (number >= csr::TLBRENTRY && number <= csr::tlbrprmd::number) ||
            number >= csr::dmw::number0;
        if (!known) continue;
        std::uint64_t value = 0;
        if (number == csr::crmd::number) value = csr::crmd::DA::mask;
        if (number == csr::asid::number) value = csr::asid::ASIDBITS::put(0, 10);
        if (number == csr::TID) value = index_;
        if (number == csr::stlbps::number) value = 12;
        if (number == csr::TICLR) value = 1;
        static_cast<void>(set_reg(csr_reg(number), value));
    }
    Regs regs{};
    regs.pc = start.pc;
    regs.gpr[4] = start.a0;
    regs.gpr[5] = start.a1;
    regs.gpr[6] = start.a2;
    ask(fd_.value(), set_regs, &regs);
    run_->exit_reason = 0;
}

void Vcpu::interrupt(unsigned line, bool level) {
    Interrupt request{level ? static_cast<std::int32_t>(line) : -static_cast<std::int32_t>(line)};
    ask(fd_.value(), request_interrupt, &request);
}

void Vcpu::start() {
    install_kick_handler();
    thread_ = std::thread{[this] {
        affinity_.apply_to_this_thread();
        loop();
    }};
    ::pthread_setname_np(thread_.native_handle(), text("vcpu", index_).c_str());
}

void Vcpu::kick() {
    // Before KVM_RUN or inside, the flag and the signal make it return.
    __atomic_store_n(&run_->immediate_exit, std::uint8_t{1}, __ATOMIC_SEQ_CST);
    if (thread_.joinable()) ::pthread_kill(thread_.native_handle(), kick_signal());
}

void Vcpu::request_pause() {
    pause_.store(true);
    kick();
}

void Vcpu::wait_paused() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return paused_; });
}

void Vcpu::resume() {
    const std::lock_guard lock{mutex_};
    pause_.store(false);
    changed_.notify_all();
}

void Vcpu::request_stop() {
    {
        const std::lock_guard lock{mutex_};
        stop_.store(true);
        changed_.notify_all();
    }
    kick();
}

void Vcpu::join() {
    if (thread_.joinable()) thread_.join();
}

void Vcpu::park() {
    // The exit that was handled last is completed first, so that the registers are whole.
    __atomic_store_n(&run_->immediate_exit, std::uint8_t{1}, __ATOMIC_SEQ_CST);
    ::ioctl(fd_.value(), request_run, 0);
    run_->exit_reason = 0;  // a hypercall would be completed twice
    std::unique_lock lock{mutex_};
    paused_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !pause_.load() || stop_.load(); });
    paused_ = false;
}

void Vcpu::loop() {
    while (!stop_.load()) {
        if (pause_.load()) {
            park();
            continue;
        }
        // Cleared before the requests are looked at again: a kick in between is not lost.
        __atomic_store_n(&run_->immediate_exit, std::uint8_t{0}, __ATOMIC_SEQ_CST);
        if (pause_.load() || stop_.load()) continue;
        if (::ioctl(fd_.value(), request_run, 0) < 0) {
            if (errno == EINTR || errno == EAGAIN) {
                ++exits_.interrupted;
                continue;
            }
            return fail(text("KVM_RUN failed: ", std::strerror(errno)));
        }
        exits_.count(*run_);
        switch (handle_exit(*run_, index_, services_)) {
            case ExitOutcome::resume:
            case ExitOutcome::interrupted:
                break;
            case ExitOutcome::host_memory:
                return fail(text("the host cannot give the page of guest memory at ",
                                 Hex{run_->access.address}));
            case ExitOutcome::unknown:
                return fail(text(describe_exit(*run_), " that lkvm cannot answer"));
        }
    }
}

VcpuRegisters Vcpu::registers() const {
    Regs regs{};
    VcpuRegisters registers;
    if (ask(fd_.value(), get_regs, &regs) != 0) return registers;
    registers.pc = regs.pc;
    for (std::size_t i = 0; i < registers.gpr.size(); ++i) registers.gpr[i] = regs.gpr[i];
    for (std::size_t i = 0; i < shown_csrs.size(); ++i) {
        OneReg reg{csr_reg(shown_csrs[i].number),
                   reinterpret_cast<std::uint64_t>(&registers.csr[i])};
        static_cast<void>(ask(fd_.value(), get_one_reg, &reg));
    }
    return registers;
}

void Vcpu::fail(const std::string& what) {
    fatal_(text("vCPU ", index_, ": ", what, "; ", describe_briefly(registers())));
    // Stands still until the machine ends.
    while (!stop_.load()) {
        std::unique_lock lock{mutex_};
        paused_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return stop_.load(); });
    }
}

}  // namespace lkvm::vmm::kvm
