// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/kvm/kvm_backend.hpp"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "loongarch/platform/memory_map.hpp"
#include "vmm/kvm/vcpu.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {
namespace {

class KvmBackend final : public Backend {
public:
    KvmBackend(kvm::Host host, const BackendRequest& request)
        : host_(std::move(host))
        , services_{request.bus, request.iocsr, request.memory.banks()}
        , fatal_(request.fatal) {}

    [[nodiscard]] Outcome<> create(const BackendRequest& request) {
        vm_ = UniqueFd{::ioctl(host_.fd(), kvm::create_vm, 0)};
        if (!vm_.valid()) {
            return setup_failure(text("KVM cannot make a machine: ", std::strerror(errno)));
        }
        for (const RamBank& bank : request.memory.banks().all()) {
            LKVM_CHECK(add_memory(bank.base.value, {bank.host, bank.size}, 0));
        }
        LKVM_CHECK(add_memory(la::memory_map::boot_rom_base.value, request.boot_rom,
                              kvm::memory_readonly));
        for (unsigned i = 0; i < request.cpu_count; ++i) {
            vcpus_.push_back(std::make_unique<kvm::Vcpu>(i, services_, fatal_));
            LKVM_CHECK(vcpus_.back()->create(host_, vm_.value()));
        }
        return {};
    }

    [[nodiscard]] std::string_view name() const override { return "kvm"; }

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

    void stop() override {
        for (const auto& vcpu : vcpus_) vcpu->request_stop();
        for (const auto& vcpu : vcpus_) vcpu->join();
    }

    void set_line(unsigned cpu, unsigned line, bool level) override {
        if (cpu < vcpus_.size()) vcpus_[cpu]->interrupt(line, level);
    }

private:
    [[nodiscard]] Outcome<> add_memory(std::uint64_t base, std::span<std::byte> memory,
                                       std::uint32_t flags) {
        kvm::MemoryRegion region{slots_++, flags, base, memory.size(),
                                 reinterpret_cast<std::uint64_t>(memory.data())};
        if (::ioctl(vm_.value(), kvm::set_user_memory_region, &region) != 0) {
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
