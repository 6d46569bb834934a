// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/kvm/host.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "vmm/text.hpp"

#include <fcntl.h>

namespace lkvm::vmm::kvm {

#if defined(__loongarch64)
std::uint32_t host_cpucfg(std::uint32_t index) {
    return static_cast<std::uint32_t>(__builtin_loongarch_cpucfg(index));
}
bool host_is_loongarch() {
    return true;
}
#else
std::uint32_t host_cpucfg(std::uint32_t) {
    return 0;
}
bool host_is_loongarch() {
    return false;
}
#endif

namespace {

constexpr const char* device = "/dev/kvm";

/// Guest RAM usually begins at 0x90000000.
constexpr unsigned least_address_bits = 32;

/// Of guests: those of virtual addresses less one, CPUCFG1.VALEN - 1.
unsigned guest_address_bits() {
    return (host_cpucfg(1) >> 12) & 0xff;
}

}  // namespace

std::string why_not_open(int error) {
    switch (error) {
        case ENOENT:
        case ENODEV:
        case ENXIO:
            return text("cannot open ", device,
                        ": this kernel has no KVM or the CPU no virtualization; use --accel soft");
        case EACCES:
        case EPERM:
            return text("cannot open ", device,
                        ": permission denied; become a member of the group that owns it (kvm)");
        default:
            return text("cannot open ", device, ": ", std::strerror(error));
    }
}

std::string why_too_narrow(unsigned address_bits) {
    if (address_bits >= least_address_bits) return {};
    return text("this CPU gives guests ", address_bits, " bits of physical addresses, ",
                least_address_bits, " are needed; use --accel soft");
}

Outcome<Host> Host::open() {
    if (!host_is_loongarch()) {
        return setup_failure("KVM runs LoongArch guests on LoongArch hosts only; use --accel soft");
    }
    UniqueFd fd{::open(device, O_RDWR | O_CLOEXEC)};
    if (!fd.valid()) return setup_failure(why_not_open(errno));
    const int version = ask(fd.value(), get_api_version, 0);
    if (version != api_version) {
        return setup_failure(
            text(device, " speaks API version ", version, ", expected ", api_version));
    }
    constexpr std::array needed{
        std::pair{Capability::user_memory, "user memory"},
        std::pair{Capability::one_reg, "register access"},
        std::pair{Capability::immediate_exit, "immediate exit"},
        std::pair{Capability::readonly_mem, "read-only memory"},
    };
    for (const auto& [capability, name] : needed) {
        if (ask(fd.value(), check_extension, static_cast<unsigned long>(capability)) <= 0) {
            return setup_failure(text("this kernel's KVM lacks ", name, "; a newer one is needed"));
        }
    }
    if (const std::string why = why_too_narrow(guest_address_bits()); !why.empty()) {
        return setup_failure(why);
    }
    const int size = ask(fd.value(), get_vcpu_mmap_size, 0);
    if (size < static_cast<int>(sizeof(Run))) {
        return setup_failure(text(device, ": cannot size a vCPU: ", std::strerror(errno)));
    }
    return Host{std::move(fd), static_cast<std::size_t>(size)};
}

std::uint64_t Host::address_limit() const {
    return std::uint64_t{1} << guest_address_bits();
}

}  // namespace lkvm::vmm::kvm
