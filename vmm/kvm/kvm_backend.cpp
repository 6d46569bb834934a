// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/kvm/kvm_backend.hpp"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "loongarch/platform/irqchip/interrupt_chips.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "vmm/kvm/irqchip.hpp"
#include "vmm/kvm/vcpu.hpp"
#include "vmm/text.hpp"

#include <sys/eventfd.h>

namespace lkvm::vmm {
namespace {

class KvmBackend final : public Backend {
public:
    KvmBackend(kvm::Host host, const BackendRequest& request)
        : host_(std::move(host))
        , services_{request.bus, request.iocsr, request.memory.banks()}
        , fatal_(request.fatal) {}

    [[nodiscard]] Outcome<> create(const BackendRequest& request) {
        vm_ = UniqueFd{kvm::ask(host_.fd(), kvm::create_vm, 0)};
        if (!vm_.valid()) {
            return setup_failure(text("KVM cannot make a machine: ", std::strerror(errno)));
        }
        for (const RamBank& bank : request.memory.banks().all()) {
            LKVM_CHECK(add_memory(bank.base.value, {bank.host, bank.size}, 0));
        }
        LKVM_CHECK(add_memory(la::memory_map::boot_rom_base.value, request.boot_rom,
                              kvm::memory_readonly));
        const bool have_chips = kvm::Irqchip::available(vm_.value());
        if (request.kvm.irqchip == IrqchipChoice::kernel && !have_chips) {
            return setup_failure(
                "--irqchip 'kernel': this kernel's KVM has no interrupt chips, expected auto or "
                "user");
        }
        kernel_chips_ = have_chips && request.kvm.irqchip != IrqchipChoice::user;
        const bool virtual_eiointc = la::InterruptChips::needs_virtual_extension(request.cpu_count);
        const kvm::GuestFeatures features = guest_features(request.kvm, virtual_eiointc);
        for (unsigned i = 0; i < request.cpu_count; ++i) {
            vcpus_.push_back(std::make_unique<kvm::Vcpu>(i, services_, fatal_));
            if (!request.affinity.empty()) vcpus_.back()->set_affinity(request.affinity[i]);
            LKVM_CHECK(vcpus_.back()->create(host_, vm_.value(), features));
        }
        if (kernel_chips_) {
            LKVM_CHECK(
                chips_.create(vm_.value(), request.cpu_count, virtual_eiointc, request.edge_pins));
        }
        return {};
    }

    [[nodiscard]] bool is_virtual_for_guest() const override { return true; }
    [[nodiscard]] PinSink* pin_sink() override { return kernel_chips_ ? &chips_ : nullptr; }

    [[nodiscard]] std::string_view name() const override { return "kvm"; }

    [[nodiscard]] int add_doorbell(Gpa where, std::uint32_t value) override {
        UniqueFd doorbell{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        kvm::Ioeventfd request{};
        request.datamatch = value;
        request.address = where.value;
        request.length = sizeof(value);
        request.fd = doorbell.value();
        request.flags = kvm::ioeventfd_datamatch;
        // The kernel has room for about a thousand; the stores to others are exits.
        if (!doorbell.valid() || kvm::ask(vm_.value(), kvm::request_ioeventfd, &request) != 0) {
            return -1;
        }
        doorbells_.push_back(std::move(doorbell));
        return doorbells_.back().value();
    }

    [[nodiscard]] std::string summary() const override {
        kvm::ExitCounts all;
        for (const auto& vcpu : vcpus_) all += vcpu->exit_counts();
        return text("kvm: exits to lkvm: ", kvm::describe_counts(all));
    }

    void reset(const VcpuStart& boot, const VcpuStart& secondary) override {
        for (std::size_t i = 0; i < vcpus_.size(); ++i) {
            vcpus_[i]->reset(i == 0 ? boot : secondary);
        }
    }

    void resume() override {
        for (const auto& vcpu : vcpus_) {
            if (running_) {
                vcpu->resume();
            } else {
                vcpu->start();
            }
        }
        running_ = true;
    }

    void pause() override {
        if (!running_) return;
        for (const auto& vcpu : vcpus_) vcpu->request_pause();
        for (const auto& vcpu : vcpus_) vcpu->wait_paused();
    }

    [[nodiscard]] VcpuRegisters registers(unsigned cpu) override {
        return vcpus_[cpu]->registers();
    }

    void stop() override {
        for (const auto& vcpu : vcpus_) vcpu->request_stop();
        for (const auto& vcpu : vcpus_) vcpu->join();
    }

    void set_line(unsigned cpu, unsigned line, bool level) override {
        if (cpu < vcpus_.size()) vcpus_[cpu]->interrupt(line, level);
    }

private:
    [[nodiscard]] bool has(kvm::VmFeature feature) const {
        kvm::DeviceAttr attr{0, kvm::vm_feature_group, static_cast<std::uint64_t>(feature), 0};
        return kvm::ask(vm_.value(), kvm::has_device_attr, &attr) == 0;
    }

    /// The kernel's masks decide what can be offered; this is what the user takes away.
    [[nodiscard]] kvm::GuestFeatures guest_features(const KvmOptions& options,
                                                    bool virtual_eiointc) const {
        constexpr std::uint32_t lsx = 1u << 6;
        constexpr std::uint32_t lasx = 1u << 7;
        constexpr std::uint32_t lbt = 7u << 18;
        constexpr std::uint32_t ptw = 1u << 24;
        kvm::GuestFeatures features;
        if (!options.lsx) features.cpucfg2_cleared |= lsx | lasx;
        if (!options.lasx) features.cpucfg2_cleared |= lasx;
        if (!options.lbt) features.cpucfg2_cleared |= lbt;
        if (!options.ptw) features.cpucfg2_cleared |= ptw;
        features.pmu = options.pmu && has(kvm::VmFeature::pmu);
        if (options.pv_ipi && has(kvm::VmFeature::pv_ipi)) features.paravirtual |= kvm::pv_ipi;
        if (options.steal_time && has(kvm::VmFeature::pv_stealtime)) {
            features.paravirtual |= kvm::pv_steal_time;
            if (has(kvm::VmFeature::pv_preempt)) features.paravirtual |= kvm::pv_preempt;
        }
        if (virtual_eiointc) features.paravirtual |= kvm::pv_virtual_eiointc;
        features.set_paravirtual = has(kvm::VmFeature::pv_ipi) || virtual_eiointc;
        return features;
    }

    [[nodiscard]] Outcome<> add_memory(std::uint64_t base, std::span<std::byte> memory,
                                       std::uint32_t flags) {
        kvm::MemoryRegion region{slots_++, flags, base, memory.size(),
                                 reinterpret_cast<std::uint64_t>(memory.data())};
        if (kvm::ask(vm_.value(), kvm::set_user_memory_region, &region) != 0) {
            return setup_failure(text("KVM refuses memory at ", Hex{base}, " of ", memory.size(),
                                      " bytes: ", std::strerror(errno)));
        }
        return {};
    }

    kvm::Host host_;
    kvm::ExitServices services_;
    std::function<void(const std::string&)> fatal_;
    UniqueFd vm_;
    std::uint32_t slots_ = 0;
    kvm::Irqchip chips_;
    bool kernel_chips_ = false;
    std::vector<UniqueFd> doorbells_;
    std::vector<std::unique_ptr<kvm::Vcpu>> vcpus_;
    bool running_ = false;
};

}  // namespace

Outcome<std::unique_ptr<Backend>> make_kvm_backend(kvm::Host host, const BackendRequest& request) {
    auto backend = std::make_unique<KvmBackend>(std::move(host), request);
    LKVM_CHECK(backend->create(request));
    return std::unique_ptr<Backend>{std::move(backend)};
}

}  // namespace lkvm::vmm
