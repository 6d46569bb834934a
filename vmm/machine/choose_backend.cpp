// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/choose_backend.hpp"

#include <memory>
#include <utility>

#include "loongarch/soft/cpu_config.hpp"
#include "vmm/kvm/kvm_backend.hpp"
#include "vmm/soft/soft_backend.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {
namespace {

BackendChoice soft() {
    BackendChoice choice;
    choice.address_limit = std::uint64_t{1} << la::physical_bits;
    choice.description = "vCPUs run on the built-in software CPU (soft)";
    choice.make = make_soft_backend;
    return choice;
}

BackendChoice with_kvm(kvm::Host host) {
    BackendChoice choice;
    choice.accelerator = Accelerator::kvm;
    choice.address_limit = host.address_limit();
    choice.description = "vCPUs run under the kernel's KVM (kvm)";
    // std::function wants copies: the host is handed over by the first call.
    auto shared = std::make_shared<kvm::Host>(std::move(host));
    choice.make = [shared](const BackendRequest& request) {
        return make_kvm_backend(std::move(*shared), request);
    };
    return choice;
}

}  // namespace

Outcome<BackendChoice> choose_backend(Accelerator accelerator) {
    if (accelerator == Accelerator::soft) return soft();
    Outcome<kvm::Host> host = kvm::Host::open();
    if (host.has_value()) return with_kvm(std::move(host).value());
    if (accelerator == Accelerator::automatic) return soft();
    return setup_failure("--accel 'kvm': " + host.failure().message);
}

Outcome<> check_backend_options(const MachineConfig& config, Accelerator accelerator) {
    if (accelerator == Accelerator::automatic) return {};
    const bool kvm = accelerator == Accelerator::kvm;
    const std::vector<BackendOption>& vain = kvm ? config.soft_only : config.kvm_only;
    if (vain.empty()) return {};
    const BackendOption& first = vain.front();
    const std::string_view without = kvm ? ": does nothing under KVM, expected --accel soft or "
                                         : ": does nothing on the software CPU, expected KVM or ";
    return usage_failure(text(first.option, without, first.allowed));
}

}  // namespace lkvm::vmm
