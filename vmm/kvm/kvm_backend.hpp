// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a machine's vCPUs under the kernel's KVM, one host thread each.
#pragma once

#include <memory>

#include "vmm/kvm/host.hpp"
#include "vmm/machine/backend_request.hpp"

namespace lkvm::vmm {

/// Interrupt chips are the kernel's where it has them (KvmOptions::irqchip), else the platform's
/// own, whose lines go in by KVM_INTERRUPT.
[[nodiscard]] Outcome<std::unique_ptr<Backend>> make_kvm_backend(kvm::Host host,
                                                                 const BackendRequest& request);

}  // namespace lkvm::vmm
