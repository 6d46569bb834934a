// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's own IPI, EIOINTC and PCH-PIC. KVM api KVM_CREATE_DEVICE.
#pragma once

#include <array>
#include <cstdint>

#include <lkvm/irq.hpp>

#include "vmm/host/unique_fd.hpp"
#include "vmm/kvm/abi.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm::kvm {

/// All three chips, or none: the kernel's IPI block with an EIOINTC of our own routes wrongly.
class Irqchip final : public PinSink {
public:
    /// Whether the kernel has all three.
    [[nodiscard]] static bool available(int vm_fd);

    /// Makes the chips in `vm_fd`, which outlives this, before any vCPU runs. `virtual_extension`:
    /// the virtual EIOINTC, which reaches more than four vCPUs.
    /// `edge_pins`: bit n if pin n is edge-triggered.
    [[nodiscard]] Outcome<> create(int vm_fd, unsigned cpu_count, bool virtual_extension,
                                   std::uint32_t edge_pins);

    /// Pin as named in the device tree; GSI and pin are the same number.
    void set_pin(unsigned pin, bool level) override;

private:
    static constexpr unsigned pin_count = 32;

    [[nodiscard]] static Outcome<> set_attribute(const UniqueFd& device, std::uint32_t group,
                                                 std::uint64_t attribute, const void* value);

    void connect_pulses(std::uint32_t edge_pins);

    int vm_fd_ = -1;
    /// Of edge-triggered pins that the kernel reads itself. Not for level-triggered ones: on
    /// LoongArch an irqfd only ever asserts.
    std::array<UniqueFd, pin_count> pulses_;
    std::array<UniqueFd, 3> devices_;
};

}  // namespace lkvm::vmm::kvm
