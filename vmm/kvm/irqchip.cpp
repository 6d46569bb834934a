// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/kvm/irqchip.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include "loongarch/platform/memory_map.hpp"
#include "vmm/text.hpp"

#include <sys/eventfd.h>

namespace lkvm::vmm::kvm {
namespace {

constexpr std::array kinds{Device::ipi, Device::eiointc, Device::pch_pic};

}  // namespace

bool Irqchip::available(int vm_fd) {
    for (const Device kind : kinds) {
        CreateDevice request{static_cast<std::uint32_t>(kind), 0, create_device_test};
        if (ask(vm_fd, create_device, &request) != 0) return false;
    }
    return true;
}

Outcome<> Irqchip::set_attribute(const UniqueFd& device, std::uint32_t group,
                                 std::uint64_t attribute, const void* value) {
    DeviceAttr attr{0, group, attribute, reinterpret_cast<std::uint64_t>(value)};
    if (ask(device.value(), set_device_attr, &attr) != 0) {
        return setup_failure(text("KVM refuses to set up its interrupt chips (group ", Hex{group},
                                  ", attribute ", attribute, "): ", std::strerror(errno)));
    }
    return {};
}

Outcome<> Irqchip::create(int vm_fd, unsigned cpu_count, bool virtual_extension,
                          std::uint32_t edge_pins) {
    vm_fd_ = vm_fd;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        CreateDevice request{static_cast<std::uint32_t>(kinds[i]), 0, 0};
        if (ask(vm_fd, create_device, &request) != 0) {
            return setup_failure(
                text("KVM cannot make its interrupt chips: ", std::strerror(errno)));
        }
        devices_[i] = UniqueFd{static_cast<int>(request.fd)};
    }
    const std::uint32_t count = cpu_count;
    const std::uint32_t features = virtual_extension ? eiointc_all_features : 0;
    const std::uint64_t base = la::memory_map::pch_pic_base.value;
    LKVM_CHECK(set_attribute(devices_[1], eiointc_control_group, eiointc_cpu_count, &count));
    LKVM_CHECK(
        set_attribute(devices_[1], eiointc_control_group, eiointc_features_attribute, &features));
    LKVM_CHECK(set_attribute(devices_[2], pch_pic_control_group, pch_pic_base, &base));
    connect_pulses(edge_pins);
    return {};
}

void Irqchip::connect_pulses(std::uint32_t edge_pins) {
    for (unsigned pin = 0; pin < pin_count; ++pin) {
        if ((edge_pins >> pin & 1) == 0) continue;
        UniqueFd pulse{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        Irqfd request{};
        request.fd = static_cast<std::uint32_t>(pulse.value());
        request.gsi = pin;
        // Without one, set_pin() takes the longer way.
        if (pulse.valid() && ask(vm_fd_, request_irqfd, &request) == 0) {
            pulses_[pin] = std::move(pulse);
        }
    }
}

void Irqchip::set_pin(unsigned pin, bool level) {
    if (pin < pin_count && pulses_[pin].valid()) {
        if (level) ::eventfd_write(pulses_[pin].value(), 1);
        return;
    }
    IrqLevel request{pin, level ? 1u : 0u};
    ask(vm_fd_, request_irq_line, &request);
}

}  // namespace lkvm::vmm::kvm
