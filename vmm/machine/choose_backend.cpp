// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/choose_backend.hpp"

#include "loongarch/soft/cpu_config.hpp"
#include "vmm/soft/soft_backend.hpp"

namespace lkvm::vmm {

Outcome<BackendChoice> choose_backend(Accelerator accelerator) {
    if (accelerator == Accelerator::kvm) {
        return setup_failure(
            "--accel 'kvm': this host has no LoongArch KVM, expected auto or soft");
    }
    BackendChoice choice;
    choice.address_limit = std::uint64_t{1} << la::physical_bits;
    choice.description = "vCPUs run on the built-in software CPU (soft)";
    choice.make = make_soft_backend;
    return choice;
}

}  // namespace lkvm::vmm
